"""The README's promises: what stands on the first screen, and the commands that .ci/run takes from it. `test_documents` runs the rest."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_a_wrong_sheet_and_its_diagnostic_stand_first_and_then_a_derivation():
    wrong, derived, *_ = blocks("console")
    assert re.match(r"\$ cat (\S+)\n(?s:.)*^\$ symgrad verify \1\n\1:\d+:\d+: error SG", wrong, re.MULTILINE)
    assert "$ symgrad derive" in derived
    assert README[: README.index(wrong) + len(wrong)].count("\n") <= 40


def test_the_install_commands_are_what_ci_runs():
    install, test = blocks("sh")
    assert install.strip().endswith("symgrad derive midterm")
    assert "pytest" in test
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme 1" in ci and "readme 2" in ci
