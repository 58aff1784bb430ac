"""The tour is executed as a notebook, and what it shows is mathematics and pictures."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from symgrad import verify
from symgrad.derivation import Derivation, Result
from symgrad.network import Network
from symgrad.span import Source
from symgrad.verification import Finding, Verification

DOCS = Path(__file__).parent.parent / "docs"

# The statement that ends a cell, and what its output must be able to be shown as.
SHOWN = {
    "net": {"text/html": ("<svg", "<math", "A ReLU layer"), "image/svg+xml": ("<svg",), "text/latex": (r"\hat{y} &= h W^{o}",)},
    "solution": {"text/html": ("<details", "✓ agrees", "<svg"), "text/latex": (r"\frac{\partial L}{\partial W^{E}}",)},
    'solution["W^E"]': {"text/latex": (r"-2 x^{\top}",), "text/plain": ("∂L/∂W^E = −2 xᵀ",)},
    "masked": {"text/html": ("<svg", "⊙")},
    'derive(rnn)[r"W^{(h)}"]': {"text/latex": (r"\frac{\partial \mathcal{L}}{\partial W^{(h)}} =", r"h_{2}^{\top}")},
    "verification": {"text/html": ("✓ No step that could be judged is wrong", "SG303", "<math")},
    "wrong.first_failing_line": {"text/plain": ("30",)},
    'next(finding for finding in wrong.findings if finding.severity == "error")': {"text/html": ("SG201", "wrong sign")},
}


# The kernel's own packages warn of what they will change.
@pytest.mark.filterwarnings("ignore")
def test_the_tour_runs_and_displays():
    notebook = nbformat.read(DOCS / "tour.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(DOCS)}}).execute()
    results = {
        cell.source.strip().splitlines()[-1]: output.data
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    }
    for statement, kinds in SHOWN.items():
        for kind, pieces in kinds.items():
            for piece in pieces:
                assert piece in results[statement][kind], (statement, kind, piece)


@pytest.mark.parametrize("shown", [Network, Derivation, Result, Verification, Finding])
def test_what_people_hold_displays_itself(shown):
    assert {"_repr_html_", "_repr_latex_"} & set(vars(shown))


def test_a_network_without_definitions_has_no_picture():
    assert Network()._repr_svg_() is None
    assert "<svg" not in Network()._repr_html_()


def test_anchors_of_two_outputs_differ():
    pages = [verify(Source(f"$x = {n}$\n\n$$x = 9$$\n", "a.md"))._repr_html_() for n in (1, 2)]
    first, second = ({part.partition('"')[0] for part in page.split(' id="')[1:]} for page in pages)
    assert first and not first & second
