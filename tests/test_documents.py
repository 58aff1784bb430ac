"""The documents say what is so: commands and snippets are run, what is made from the code is up to date, links lead somewhere."""

import re
import sys
from pathlib import Path

import pytest

import symgrad

ROOT = Path(symgrad.__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import build  # noqa: E402
import tables  # noqa: E402

from symgrad.findings import KINDS  # noqa: E402
from symgrad.span import Source  # noqa: E402
from symgrad.verifying import verify  # noqa: E402

WITHOUT_A_SHEET = {"SG312", "SG316"}
"""Findings that no sheet has by itself: the first is said where no other note is more telling, the second beside a key."""


@pytest.mark.parametrize("path", build.WRITTEN, ids=lambda path: path.name)
def test_what_a_document_shows_is_real(path):
    document = path.read_text("utf-8")
    assert build.built(document) == document


@pytest.mark.parametrize("name", tables.PAGES)
def test_a_page_made_from_the_code_is_up_to_date(name):
    assert (ROOT / "docs" / name).read_text("utf-8") == tables.PAGES[name](), "run docs/build.py"


@pytest.mark.parametrize("path", build.LINKED, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    assert not build.broken_links(path)


def test_every_page_is_linked_from_the_readme():
    linked = set(re.findall(r"\(docs/(\w+\.md)\)", (ROOT / "README.md").read_text("utf-8")))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= linked


def test_a_finding_has_a_sheet_and_a_sheet_a_finding():
    named = {path.stem.upper() for path in (ROOT / "docs" / "sheets").glob("sg*.md")}
    assert named == {kind.code for kind in KINDS} - WITHOUT_A_SHEET


def spellings():
    """The spellings in the table of docs/sheets.md, by row; the row on documents speaks of no mathematics."""
    for thing, cells in re.findall(r"^\| (.*?) \| (.*) \|$", (ROOT / "docs" / "sheets.md").read_text("utf-8"), re.MULTILINE):
        if thing != "documents":
            yield from (code.strip("$") for code in re.findall(r"`([^`]+)`", cells))


@pytest.mark.parametrize("spelling", list(spellings()))
def test_what_is_said_to_be_understood_is_read(spelling):
    assert not [claim.reason for claim in verify(Source(f"$${spelling}$$\n", "sheet.md")).claims if claim.verdict == "unread"]


# ── the checks themselves ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("```console\n$ symgrad explain SG201\nSG201 (error): a sign\n…\nno such line\n```", "does not print"),
        ("```console\n$ symgrad explain SG000\n```", "status 2"),
        ("```console\n$ rm notes.md\n```", "documents run symgrad and cat"),
        ("```python\nprint(1 + 1)  # 3\n```", "prints\n2"),
    ],
)
def test_what_is_not_so_is_said(document, said):
    with pytest.raises(build.Stale, match=re.escape(said)):
        build.built(document + "\n")


def test_output_is_written_below_its_command():
    assert build.built("```console\n$ symgrad explain SG308\nold\n```\n").splitlines()[1:3] == [
        "$ symgrad explain SG308",
        "SG308 (note): follows from an earlier slip",
    ]


@pytest.mark.parametrize("link", ["nowhere.md", "ops.md#nothing", "#nothing"])
def test_a_link_that_leads_nowhere_is_named(link, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    (tmp_path / "ops.md").write_text("# Ops\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n[there](ops.md#ops) [here](#a-page) [gone]({link})\n", "utf-8")
    assert build.broken_links(page) == [f"page.md: nothing is at {link}"]
