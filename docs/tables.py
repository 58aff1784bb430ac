"""The pages that are made from the code: every op with its derivative, every rule with its law, every finding with its example."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
SHEETS = "docs/sheets"
sys.path.insert(0, str(ROOT / "tests"))  # the operands at which every op is tested are the examples of the table of ops

from test_ops import ROWS, Row  # noqa: E402

from symgrad.emit import report  # noqa: E402
from symgrad.errors import Unsupported  # noqa: E402
from symgrad.findings import KINDS, Kind  # noqa: E402
from symgrad.numpycode import Program  # noqa: E402
from symgrad.ops import ELEMENTWISE, FUNCTIONS, OPS, arrange, exponential, function, index, linear, order, reduce, spectral, structure  # noqa: E402
from symgrad.ops.elementwise import __doc__ as ELEMENTWISE_DOC  # noqa: E402
from symgrad.raising import raise_form  # noqa: E402
from symgrad.reverse import pullback  # noqa: E402
from symgrad.rewrite import Facts, simplify  # noqa: E402
from symgrad.rules import SIMPLIFY  # noqa: E402
from symgrad.span import Source  # noqa: E402
from symgrad.tensor import elementwise, var  # noqa: E402
from symgrad.typeset import latex, text  # noqa: E402
from symgrad.verifying import verify  # noqa: E402

MADE = "<!-- Made by docs/build.py; what is changed here is lost. -->"

# ── ops ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

_OPS = f"""{MADE}

# The ops

Every operation that symgrad knows, from its one record in `symgrad/ops/`. `A`, `B`, … are the operands, `Y` is the value of the op, and
`G` is the gradient of the loss by `Y`. The last column gives the gradient by each operand, in its shape. It is what the calculus
itself derives, and `tests/test_ops.py` holds it against finite differences at the same operands.

In NumPy, names with an underscore, such as `_silu`, are small functions that `--format numpy` writes above the code. In LaTeX, `\\top` is a
transpose and `\\odot` a product entry by entry. To add an op, see [CONTRIBUTING](../CONTRIBUTING.md#to-add-an-op).
"""

_GROUPS: tuple[tuple[str, ModuleType | None], ...] = (
    ("Sums and products", linear),
    ("Sums, means and norms of entries", reduce),
    ("Slices, blocks and rearrangements", arrange),
    ("Softmax and its kin, inverses and determinants", function),
    ("vec, Kronecker products and structured matrices", structure),
    ("Eigenvalues and the nuclear norm", spectral),
    ("The exponential of a matrix", exponential),
    ("Entries in order", order),
    ("Index notation", index),
    ("Functions of every entry", None),
)


def ops() -> str:
    """docs/ops.md."""
    out = [_OPS]
    for title, module in _GROUPS:
        named = [record.name for record in module.RECORDS] if module else list(ELEMENTWISE)
        out += [f"\n## {title}\n\n", "| op | written | LaTeX | NumPy | gradients |\n", "| --- | --- | --- | --- | --- |\n"]
        out += [_op(next(row for row in ROWS if row.op == name)) for name in named if any(row.op == name for row in ROWS)]
        remarks = [remark for name in named for remark in _remarks(name)]
        sources = [] if module else inspect.cleandoc(str(ELEMENTWISE_DOC)).split("\n\n")[1:]
        out += [f"\n{paragraph}\n" for paragraph in sources]
        out += ["\n", *(f"- {remark}\n" for remark in remarks)] if remarks else []
    return "".join(out)


def _op(row: Row) -> str:
    inputs = {x.name: x.shape for x in row.symbols} | {"Y": row.node.shape}  # Y tells the sizes that no operand has
    try:
        numpy = Program(inputs, (("value", row.form),)).lines()[-1].partition(" = ")[2]
    except Unsupported:
        numpy = ""  # a size that its own shape does not tell
    cells = [_code(row.op), _code(text(row.form)), _code(latex(row.form)), _code(numpy), "<br>".join(map(_code, _gradients(row)))]
    return f"| {' | '.join(cells)} |\n"


def _gradients(row: Row) -> Iterator[str]:
    """`A: G Bᵀ`, in the operands and the output."""
    facts = Facts(named={row.node: var("Y", row.node.shape)})
    try:
        found = pullback(row.node, var("G", row.node.shape), row.variables)
    except Unsupported:
        yield "not known"
        return
    for operand in row.variables:
        gradient = text(raise_form(simplify(found[operand], facts, SIMPLIFY), facts))
        yield f"{operand.name}: {gradient}" if len(row.variables) > 1 else gradient


def _remarks(name: str) -> Iterator[str]:
    record = ELEMENTWISE.get(name) or FUNCTIONS.get(name)
    said = [_slope(name), getattr(record, "convention", ""), _DOMAINS[record.domain] if record else "", (record or OPS[name]).source]
    if any(said):
        yield f"`{name}`: {'; '.join(filter(None, said))}."


def _slope(name: str) -> str:
    """`ReLU′(A) = 1[A > 0]`, for a derivative that is written with a prime."""
    if f"{name}'" not in OPS:
        return ""
    row = next(row for row in ROWS if row.op == f"{name}'")
    (operand,) = row.variables
    (slope,) = ELEMENTWISE[name].derivative([operand], var("Y", operand.shape), row.params)
    facts = Facts(named={elementwise(name, [operand], row.params): var("Y", operand.shape)})
    return f"`{text(row.form)} = {text(raise_form(simplify(slope, facts, SIMPLIFY), facts))}`"


_DOMAINS = {
    "places": "of places, counted from 0",
    "real": "",
    "a mask": "x where m is 1, −∞ where it is 0",
    "positive": "for positive entries",
    "unit": "for entries between −1 and 1",
    "well_conditioned": "for invertible matrices",
    "positive_definite": "for positive definite matrices",
}


def _code(written: str) -> str:
    return f"`{written.replace('|', chr(92) + '|')}`" if written else ""


# ── rules ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_RULES = f"""{MADE}

# The rules

The rewrites of `symgrad/rules/`, in the order in which they are tried, from the leaves of an expression up, until none fires. Each keeps
the value, and `tests/test_rules.py` has a case for each in which it fires. What they are for is told in
[how the calculus works](calculus.md#rules); to add one, see [CONTRIBUTING](../CONTRIBUTING.md#to-add-a-rule).

| rule | law | why it comes to an end |
| --- | --- | --- |
"""


def rules() -> str:
    """docs/rules.md."""
    return _RULES + "".join(f"| {rule.name} | {_code(rule.law)} | {rule.terminates} |\n" for rule in SIMPLIFY)


# ── findings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_FINDINGS = f"""{MADE}

# The findings

What `symgrad verify` can say of a sheet. `symgrad explain CODE` prints the short form of an entry. An *error* says that a claim fails.
A *warning* says that something is amiss: a claim holds, but only in an unusual reading, or it could not be read. A *note* says how a
claim was understood. Only a claim that fails changes the exit status, and with `--strict` one that was not read or not decided.

Most entries show a small sheet and what `symgrad verify` really prints for it. The sheets are in
[docs/sheets](sheets); how a finding is arrived at is told in [How the judging works](judging.md).

| code | severity | what | `cause` in JSON |
| --- | --- | --- | --- |
"""


FOLLOWS = frozenset({"SG308", "SG315"})  # what is said of lines after a slip


def findings() -> str:
    """docs/findings.md."""
    rows = [
        f"| [{kind.code}](#{kind.code.lower()}) | {kind.severity} | {kind.title} | {f'`{kind.cause}`' if kind.cause else ''} |\n"
        for kind in KINDS
    ]
    return "".join([_FINDINGS, *rows, *map(_finding, KINDS)])


def _finding(kind: Kind) -> str:
    out = f"\n## {kind.code}\n\n**{kind.title[0].upper()}{kind.title[1:]}** ({kind.severity}). {kind.meaning}\n"
    if kind.wrong:
        out += f"\nFor example `{kind.wrong}`, mended `{kind.right}`.\n"
    sheet = ROOT / SHEETS / f"{kind.code.lower()}.md"
    if sheet.exists():
        written = sheet.read_text("utf-8")
        out += f"\nA sheet:\n\n```markdown\n{written}```\n\nWhat is found:\n\n```text\n{_found(sheet.name, written, kind.code)}\n```\n"
    return out


def _found(name: str, written: str, code: str) -> str:
    """What is printed for the sheet. Raises `LookupError` where it has not this finding, or has another that does not follow from it."""
    verification = verify(Source(written, name))
    codes = {finding.code for finding in verification.findings}
    if code not in codes or not (codes <= {code, *FOLLOWS} or code in FOLLOWS):
        raise LookupError(f"docs/sheets/{name} is the example of {code}:\n{report.emit(verification)}")
    return report.emit(verification).rstrip()


PAGES: dict[str, Callable[[], str]] = {"ops.md": ops, "rules.md": rules, "findings.md": findings}
