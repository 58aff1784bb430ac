"""The rooms, read from the source: imports only go down, code is only run in one place, only the command prints."""

import ast
import graphlib
import inspect
from pathlib import Path

import pytest

import symgrad

ROOT = Path(symgrad.__file__).parent
FILES = {path.relative_to(ROOT.parent): path for path in sorted(ROOT.rglob("*.py")) if "derivations" not in path.parts}
MODULES = {
    ".".join(name.with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text("utf-8")) for name, path in FILES.items()
}
each_module = pytest.mark.parametrize("module", MODULES)

# From the bottom up; a module imports, when it is loaded, only from its own line or from lines above it.
LAYERS = [
    ("what everything speaks of", "errors allowance dims names span"),
    ("the tensor language and its ops", "tensor op contraction ops.*"),
    ("forms", "form lowering"),
    ("the calculus", "reverse rewrite rules.*"),
    ("tensors back to matrices", "textbook textbook_sums raising pooled batches"),
    ("how forms are written", "typeset"),
    ("the door to SymPy", "sympyforms sympyops expr"),
    ("networks", "properties network recognised gradient"),
    ("NumPy", "numpyfunctions numpyforms deltas sharing reusing numpycode evaluate"),
    ("checks", "sampling differences"),
    (
        "beyond the gradient",
        "opening coefficient clearing stacked tangents directional further second jacobians differentials stationary beyond",
    ),
    (
        "derivations",
        "abbreviations families derivation steps lifting recurrence stepwise vectorised step_equations stepcode pipeline general rolling",
    ),
    ("worked solutions", "paper pictures.* solution general_solution"),
    ("what a sheet says", "shapes naming syntax constant read.*"),
    (
        "what its lines mean",
        "styles heads upto aliases origins examples unnamed turning signs differing einstein applying labels targets tuples asides traced "
        "members step_scripts step_letters analogous previous settling unrolling listing stacking sequences patterns instances singles "
        "numbered "
        "parts cases terms typing_rules "
        "readings.* implied meaning resting building understanding spaces said_functions said_properties said_shapes prose "
        "dimension_analysis shorthand starting enumerating gridded "
        "tables told denoting replacing strides classes datapoints datasets logits deviations pointwise evaluated primed conventions "
        "totals limits ellipses written_sums coordinates sizing points conditions piecewise optima pullbacks plain_ones batchwise "
        "bell densities index_pairs stacks open_sums primed_names one_example rows_of_capitals letter_powers "
        "unsaid_indices of_a_unit layer_entries "
        "dropped_indices "
        "lettered underbraces overlines by_expressions stepless correlating summands own_losses in_words spread expectations "
        "literals sheet defining usage unnamed_loss chains gathering chosen binary "
        "problems incoming other_versions duals slopes_by_case class_numbers value_lists "
        "renewing loss_of_numbers opaque normalised averaged of_indices one_row listed_vectors nested_indices told_probabilities "
        "index_words in_small_letters all_numbers one_row_of_all by_their_step "
        "cross_entropies lying subgradients subsets updates changing change_of_one rounding "
        "identities held lab spellings "
        "completing",
    ),
    (
        "what is found in them",
        "ruling ledger pairing undefined arithmetic suppositions comparison fitted judge by_layer hypotheses mistakes mistakes.* "
        "layouts confirmation findings verification "
        "counts layers products layer_text told_layers layer_claims tallies descents likeness keys differenced "
        "rewriting reporting verifying "
        "plain_meaning remarks formulas sheet_networks",
    ),
    ("what is printed, and from what", "emit.* library"),
    ("the command", "cli"),
]

# What only these modules may import, wherever the import stands.
DOORS = {
    "sympy": "sympyforms sympyops network",
    "click": "cli",
    "ziamath": "emit.svg",
    "typst": "emit.pdf",
    "subprocess": "emit.pdf",
    "importlib.util": "library",
}


def imported(tree, everywhere=False):
    """The modules that are imported when this one is loaded, or `everywhere` in it; not those for annotations only."""
    waiting, found = list(tree.body), set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in inside}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif everywhere or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return found


def own(modules):
    return {name for name in modules if name.partition(".")[0] == "symgrad"}


def layer(module):
    """The number of its layer; None for a module that the table leaves out."""
    short = module.removeprefix("symgrad.")
    family = short.partition(".")[0] + ".*"
    return next((i for i, (_, members) in enumerate(LAYERS) if {short, family} & set(members.split())), None)


# ── imports ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_there_are_modules_and_the_table_names_only_them():
    named = {name for _, members in LAYERS for name in members.split()} | {name for users in DOORS.values() for name in users.split()}
    assert {name.removesuffix(".*") for name in named} <= {name.removeprefix("symgrad.") for name in MODULES}


def test_no_module_hides_a_function_of_the_package():
    """`symgrad.ones` is what it says, whichever modules were loaded before."""
    assert not {name.removeprefix("symgrad.") for name in MODULES} & set(symgrad.__all__)


def test_imports_have_no_cycle():
    below = {name: own(imported(tree)) - {name} for name, tree in MODULES.items()}
    assert len(tuple(graphlib.TopologicalSorter(below).static_order())) == len(MODULES)


@each_module
def test_imports_only_go_down(module):
    at = layer(module)
    if at is not None:
        assert not {name for name in own(imported(MODULES[module])) if (layer(name) or 0) > at}


@each_module
def test_a_module_of_symgrad_is_imported_by_its_whole_name(module):
    for node in ast.walk(MODULES[module]):
        assert not isinstance(node, ast.ImportFrom) or (node.level == 0 and all(alias.name != "*" for alias in node.names))
    assert own(imported(MODULES[module], everywhere=True)) <= set(MODULES)


@pytest.mark.parametrize("library", DOORS)
def test_there_is_one_door_to_a_library(library):
    using = {name for name, tree in MODULES.items() if any(f"{i}.".startswith(f"{library}.") for i in imported(tree, everywhere=True))}
    assert using == {f"symgrad.{name}" for name in DOORS[library].split()}


@pytest.mark.parametrize("module", ["symgrad", "symgrad.cli"])
def test_what_is_loaded_first_loads_neither_sympy_nor_numpy(module):
    seen, waiting = set(), {module}
    while waiting:
        seen |= waiting
        waiting = {name for known in waiting & set(MODULES) for name in imported(MODULES[known])} - seen
    assert not {name.partition(".")[0] for name in seen} & {"sympy", "numpy"}


# ── what modules do ──────────────────────────────────────────────────────────────────────────────────────────────────


def calls(tree):
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@each_module
def test_code_is_only_run_where_emitted_numpy_is_evaluated(module):
    running = {"exec", "eval", "compile", "__import__", "ast.literal_eval", "pickle.loads", "sympy.sympify", "sympy.parse_expr"}
    assert not running & calls(MODULES[module]) or module == "symgrad.evaluate"


@each_module
def test_a_file_of_the_users_is_only_run_where_networks_are_loaded(module):
    running = {name for name in calls(MODULES[module]) if name.endswith(("exec_module", "import_module", "run_path"))}
    assert not running or module in ("symgrad", "symgrad.library")


@each_module
def test_only_the_command_prints_or_exits(module):
    printing = {name for name in calls(MODULES[module]) if name in ("print", "input", "exit", "quit", "sys.exit", "os._exit", "click.echo")}
    streams = {ast.unparse(node) for node in ast.walk(MODULES[module]) if isinstance(node, ast.Attribute)} & {"sys.stdout", "sys.stderr"}
    assert not printing | streams or module == "symgrad.cli"


@each_module
def test_no_module_uses_clocks_or_randomness_without_a_seed(module):
    clocks = {"time"} if module == "symgrad.allowance" else set()  # how long a sheet may take is all that is timed
    assert not imported(MODULES[module], everywhere=True) & {"time", "datetime", "random", "secrets", "uuid"} - clocks
    assert "np.random.default_rng()" not in ast.unparse(MODULES[module])


# ── state ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Equal dimensions, forms and tensors are one object; the fields of a class are looked up once.
TABLES = {"symgrad.dims._interned", "symgrad.form._interned", "symgrad.tensor._interned", "symgrad.syntax._FIELDS"}


def grows(value):
    """An empty container, which is only there to be filled."""
    if isinstance(value, ast.Call):
        made = ast.unparse(value.func).rpartition(".")[2]
        empty = made in ("dict", "list", "set") and not value.args and not value.keywords
        return empty or made in ("defaultdict", "deque", "Counter", "OrderedDict", "WeakValueDictionary", "WeakKeyDictionary")
    return isinstance(value, (ast.Dict, ast.List)) and not (value.keys if isinstance(value, ast.Dict) else value.elts)


@each_module
def test_nothing_is_remembered_in_a_module_but_what_is_interned(module):
    bodies = [MODULES[module], *(node for node in ast.walk(MODULES[module]) if isinstance(node, ast.ClassDef))]
    for statement in (s for body in bodies for s in body.body if isinstance(s, (ast.Assign, ast.AnnAssign))):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if statement.value is not None and grows(statement.value):
            assert {f"{module}.{ast.unparse(target)}" for target in targets} <= TABLES
    assert not any(isinstance(node, ast.Global) for node in ast.walk(MODULES[module]))


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@each_module
def test_a_module_says_what_it_is_for(module):
    assert ast.get_docstring(MODULES[module])


@pytest.mark.parametrize("name", symgrad.__all__)
def test_the_public_api_is_documented_and_so_are_its_methods(name):
    public = getattr(symgrad, name)
    methods = (
        [value for key, value in vars(public).items() if callable(value) and not key.startswith("_")] if inspect.isclass(public) else []
    )
    for documented in (public, *methods):
        assert inspect.getdoc(documented), documented


def test_what_is_public_is_listed_once_in_order():
    assert symgrad.__all__ == sorted(set(symgrad.__all__))
