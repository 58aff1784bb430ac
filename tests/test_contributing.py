"""CONTRIBUTING names every module, and its way to add an op is followed to the letter in a copy of symgrad."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import symgrad

ROOT = Path(symgrad.__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECTION = re.search(r"## To add an op\n(.*?)\n## ", CONTRIBUTING, re.S).group(1)
ROOMS = re.search(r"## The rooms\n(.*?)\n## ", CONTRIBUTING, re.S).group(1)
BLOCKS = re.findall(r"```python\n# (\S+), after: ([^\n]*)\n(.*?)```", SECTION, re.S)

USE = """
from symgrad import Network, arcsinh, derive, dimensions, sum
from symgrad.typeset import latex
n, d = dimensions("n d")
net = Network()
W, x = net.parameter("W", n, d), net.data("x", d, 1)
z = net.define("z", W * x)
net.define("L", sum(arcsinh(z)))
derivation = derive(net)
print(derivation["W"])
assert derivation.report.holds
print(latex(derivation["W"].named))
"""

SHEET = r"""
Let $z = W x$ with $W$ of size $n \times d$ and $x$ of size $d \times 1$, and $L = \mathbf{1}^\top \operatorname{arsinh}(z)$. Then
$$\frac{\partial L}{\partial W} = %s$$
"""


def test_every_module_is_named_and_every_name_is_a_module():
    """In a sentence of the rooms a folder comes first, and what is named after it is in the folder while such a file is there."""
    package = ROOT / "symgrad"
    named = set()
    for paragraph in re.split(r"\n(?=- )|\n\n", ROOMS):
        folder = ""
        for name in re.findall(r"`(\w+/|\w+\.py)`", paragraph):
            if name.endswith("/"):
                folder = name
                assert (package / folder).is_dir() or folder in ("symgrad/",), name
            else:
                inside = f"{folder}{name}"
                named.add(inside if (package / inside).is_file() else name)
    modules = {str(path.relative_to(package)) for path in package.rglob("*.py") if path.name != "__init__.py"}
    assert named == {name for name in modules if not name.startswith("derivations/")}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of symgrad and its tests with the lines of CONTRIBUTING in their places."""
    root = tmp_path_factory.mktemp("copy")
    for part in ("symgrad", "tests", "derivations"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for path, line, added in BLOCKS:
        text = (root / path).read_text("utf-8")
        assert text.count(f"\n{line}\n") == 1, (path, line)
        (root / path).write_text(text.replace(f"\n{line}\n", f"\n{line}\n{added}"), "utf-8")
    return root


def run(root, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True
    )


def test_there_is_a_line_for_every_place_that_is_named():
    places = {path for path, _, _ in BLOCKS}
    assert {
        "symgrad/ops/elementwise.py",
        "symgrad/expr.py",
        "symgrad/__init__.py",
        "symgrad/read/functions.py",
        "tests/test_ops.py",
    } == places


def test_the_op_is_derived_printed_and_read_back(copied):
    used = run(copied, "-c", USE)
    assert used.returncode == 0, used.stderr
    printed, latex = used.stdout.strip().splitlines()
    assert printed == "∂L/∂W = (1 ⊘ √(1 + z ⊙ z)) xᵀ"
    for claim, status in ((latex, 0), (f"2 {latex}", 1)):
        (copied / "sheet.md").write_text(SHEET % claim, "utf-8")
        read = run(copied, "-c", "from symgrad.cli import main; main()", "verify", "sheet.md")
        assert read.returncode == status, read.stdout + read.stderr
        assert "unread" not in read.stdout.replace("0 unread", "")


def test_the_suite_walks_over_the_op(copied):
    walked = run(copied, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_ops.py", "-k", "arcsinh")
    assert walked.returncode == 0, walked.stdout
