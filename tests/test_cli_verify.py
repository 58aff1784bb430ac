"""`symgrad verify` and `symgrad explain` as people call them."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from symgrad.cli import main
from symgrad.findings import KINDS

RIGHT = "$y = W x$, $L = \\frac12 \\|y - t\\|^2$ and $\\frac{\\partial L}{\\partial W} = (y - t) x^T$.\n"
WRONG = RIGHT.replace("(y - t) x", "(t - y) x")
OPEN = "$a = {}_b = 3$\n"

VERIFICATION = {
    "type": "object",
    "required": ["version", "file", "claims", "findings", "summary"],
    "properties": {
        "version": {"const": 1},
        "file": {"type": "string"},
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["line", "column", "end_line", "end_column", "latex", "reading", "verdict", "evidence"],
                "properties": {
                    "verdict": {"enum": ["holds", "fails", "given", "undecided", "unread"]},
                    "evidence": {"type": "array", "items": {"type": "object", "required": ["method"]}},
                },
            },
        },
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "severity", "line", "column", "end_line", "end_column", "message", "cause", "suggestion"],
                "properties": {"severity": {"enum": ["error", "warning", "note"]}},
            },
        },
        "summary": {
            "type": "object",
            "required": ["claims", "holds", "fails", "given", "undecided", "unread", "first_failing_line"],
        },
    },
}


@pytest.fixture
def sheets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in (("right.md", RIGHT), ("wrong.md", WRONG), ("open.md", OPEN)):
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "latin.md").write_bytes("für".encode("latin-1"))


def run(*args, **more):
    return CliRunner().invoke(main, args, **more)


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["right.md"], 0),
        (["wrong.md"], 1),
        (["right.md", "wrong.md"], 1),
        (["open.md"], 0),
        (["open.md", "--strict"], 1),
        (["latin.md"], 2),
        (["missing.md"], 2),
        (["."], 2),
        ([], 2),
        (["right.md", "--format", "html"], 0),
        (["wrong.md", "--format", "html"], 1),
        (["right.md", "--format", "latex"], 2),
    ],
)
def test_statuses(sheets, args, status):
    result = run("verify", *args)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output


def test_a_report_has_place_caret_cause_and_repair(sheets):
    assert run("verify", "wrong.md").output.splitlines() == [
        "wrong.md:1:75: error SG201: the sign is wrong",
        "  1 | $y = W x$, $L = \\frac12 \\|y - t\\|^2$ and $\\frac{\\partial L}{\\partial W} = (t - y) x^T$.",
        "    |                                                                           ^^^^^^^^^^^",
        "  read as: ∂L/∂W = (t − y) xᵀ",
        "  mend:    −(t − y) xᵀ",
        "  try:     x = [−1; 1], W = [−1 −1; 3 −1; 1 2], t = [3; 1; 1]: the left is [3 −3; 5 −5; 0 0], the right [−3 3; −5 5; 0 0]",
        "",
        "wrong.md: 3 claims, 1 failed, 2 given; the first wrong line is 1",
    ]


def test_what_follows_rightly_from_a_slip_is_one_finding_and_a_note(sheets, tmp_path):
    (tmp_path / "chain.md").write_text(WRONG.replace("x^T$", "x^T = (t - W x) x^T$"), "utf-8")
    found = json.loads(run("verify", "chain.md", "--format", "json").output)
    assert [(f["code"], f["severity"]) for f in found["findings"]] == [("SG201", "error"), ("SG308", "note")]
    assert found["findings"][0]["example"].startswith("x = [−1; 1]")


def test_standard_input(sheets):
    result = run("verify", "-", input=RIGHT)
    assert result.exit_code == 0
    assert result.output == "<stdin>: 3 claims, 1 held, 2 given\n"


def test_json_obeys_the_contract(sheets):
    for name in ("right.md", "wrong.md", "open.md"):
        found = json.loads(run("verify", name, "--format", "json").output)
        jsonschema.validate(found, VERIFICATION)
    assert found["summary"]["unread"] == 1
    found = json.loads(run("verify", "wrong.md", "--format", "json").output)
    assert [f["cause"] for f in found["findings"]] == ["sign"]
    assert found["summary"]["first_failing_line"] == 1
    (claim,) = [c for c in json.loads(run("verify", "right.md", "--format", "json").output)["claims"] if c["verdict"] == "holds"]
    assert {e["method"] for e in claim["evidence"]} >= {"finite_differences"}


REVIEW = Path(__file__).parent.parent / "derivations" / "midterm-review.md"
# The same sheet for another y, with all that follows from it.
OTHER_Y = (("8 \\\\ 11", "8 \\\\ 12"), ("1 \\\\ -7", "1 \\\\ -6"), ("2 \\\\ -14", "2 \\\\ -12"), ("14 & 28 & 42", "12 & 24 & 36"))


@pytest.mark.parametrize("key", ["relu-layer", str(REVIEW)])
def test_a_given_that_differs_from_the_key_is_named_and_is_no_mistake(tmp_path, key):
    text = REVIEW.read_text("utf-8")
    assert run("verify", str(REVIEW), "--key", key).exit_code == 0
    for old, new in OTHER_Y:
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "other.md").write_text(text, "utf-8")
    result = run("verify", str(tmp_path / "other.md"), "--key", key, "--format", "json")
    assert result.exit_code == 0
    (finding,) = [f for f in json.loads(result.output)["findings"] if f["code"] == "SG213"]
    assert (finding["line"], finding["cause"], finding["suggestion"]) == (19, "wrong_given", "[8; 11]")
    assert finding["message"].startswith("y is [8; 12] here and [8; 11] in ")
    assert finding["message"].endswith("the key's leads to [−2 −4 −6; 12 24 36] → [−2 −4 −6; 14 28 42]")


def test_a_key_that_does_not_exist_is_an_error(sheets):
    assert run("verify", "right.md", "--key", "nosuch").exit_code == 2


def test_a_key_that_says_nothing_is_an_error(sheets, tmp_path):
    (tmp_path / "key.md").write_text("Nothing here.\n", "utf-8")
    result = run("verify", "right.md", "--key", "key.md")
    assert result.exit_code == 2
    assert result.output == "error: key.md: this key defines nothing and gives nothing, so there is nothing to judge by\n"


def test_a_result_is_written_to_a_file(sheets, tmp_path):
    assert run("verify", "right.md", "-o", "out.txt").output == ""
    assert (tmp_path / "out.txt").read_text("utf-8") == "right.md: 3 claims, 1 held, 2 given\n"


@pytest.mark.parametrize("kind", KINDS, ids=[k.code for k in KINDS])
def test_every_code_is_explained(kind):
    result = run("explain", kind.code.lower())
    assert result.exit_code == 0
    assert kind.code in result.output and kind.meaning in result.output


def test_an_unknown_code_is_an_error_with_the_nearest():
    result = run("explain", "SG2O1")
    assert result.exit_code == 2
    assert "there is no finding SG2O1; did you mean SG2" in result.output
