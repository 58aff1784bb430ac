"""Sheets as sources: the networks that their definitions make, and what is refused.

The sheets are those that `verify` is tested on; what they differentiate by are the parameters. Every gradient is held against
differences.
"""

from pathlib import Path

import pytest

from symgrad.errors import SymgradError
from symgrad.pipeline import derive
from symgrad.sheet_networks import networks_of_sheet
from symgrad.span import Source

DATA = Path(__file__).parent / "data"
SHEETS = {
    title: text for title, _, text in (block.partition("\n") for block in (DATA / "sheets.txt").read_text("utf-8").split("\n== ")[1:])
}
EXPECTED = {
    title: text for title, _, text in (b.partition("\n") for b in (DATA / "sheet_networks.txt").read_text("utf-8").split("\n== ")[1:])
}


def said(text):
    """What is derived from a sheet: its networks and gradients, or the message."""
    try:
        lines = []
        for network in networks_of_sheet(Source(text, "sheet.md")):
            derivation = derive(network)
            lines += [*str(network).splitlines(), *(f"  => {derivation[name]!r}" for name in derivation.wrt)]
    except SymgradError as error:
        lines = str(error).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


@pytest.mark.parametrize("title", EXPECTED)
def test_a_sheet_makes_the_network_that_its_definitions_mean(title):
    text = SHEETS[title].split("\n-> ")[0] + "\n"
    assert said(text) == EXPECTED[title].strip()


WRONG = {
    "no loss": ("Let $z = Wx$.", "this sheet defines no loss"),
    "no scalar": ("$$z = W x$$\n$$L = W z$$", "sheet.md:2:7: "),
    "numbers only": ("$$h = [1, 2]\\cdot[3, 4] + 1$$\n$$L = h^2$$", "sheet.md:1:7: h is only given by numbers"),
    "a loss that is not read": ("$$L = \\nonsense x$$", r"sheet.md:1:\d: this is not read: the command .nonsense"),
    "a definition that is not read": ("$$h = \\nonsense x$$\n$$L = h^\\top h$$", r"sheet.md:1:\d: this is not read"),
    "nothing": ("", "this sheet defines no loss"),
}


@pytest.mark.parametrize("text, message", WRONG.values(), ids=WRONG)
def test_a_sheet_that_makes_no_network_is_refused(text, message):
    with pytest.raises(SymgradError, match=message):
        for network in networks_of_sheet(Source(text, "sheet.md")):
            derive(network)


def test_what_is_given_and_said_of_a_name_goes_into_the_network():
    given = "Let $y$ be a one-hot vector and\n$$x = \\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix}.$$\n"
    text = given + "$$p = \\mathrm{softmax}(W x)$$\n$$L = -y^\\top \\log p$$\n"
    (network,) = networks_of_sheet(Source(text, "sheet.md"))
    assert network.inputs["y"].properties == {"one_hot:0", "distribution:0"}
    assert network.inputs["x"].value == ((1,), (2,))
    assert repr(derive(network, ["W"])["W"]) == "∂L/∂W = (p − y) xᵀ"
