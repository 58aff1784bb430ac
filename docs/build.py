"""Makes what the documents show of the code: the tables of ops and findings, and the output below every command.

    python docs/build.py            write it
    python docs/build.py --check    compare it with what is written, and follow every link

In a document, a block of `console` is a list of commands with their output. Where a block has a line `…`, the other lines are
compared, in their order, and never written. The `python` blocks of a document run one after the other, and `print(…)  # this` prints this.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner
from tables import PAGES

from symgrad.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", *sorted(path for path in DOCS.glob("*.md") if path.name not in PAGES)]
LINKED = [*WRITTEN, *(DOCS / name for name in PAGES), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REST = "…"


class Stale(Exception):
    """A document says what is not so; the message has the document and the difference."""


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def somewhere() -> Iterator[None]:
    """A folder to run commands in, where sheets and networks are as in a checkout and files may be written."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for part in ("derivations", "docs"):
            (Path(folder) / part).symlink_to(ROOT / part)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def output_of(command: str) -> str:
    """What `symgrad …` or `cat FILE` prints. A sheet with a wrong step ends with status 1; anything else that is not 0 raises `Stale`."""
    program, *args = shlex.split(command)
    if program == "cat":
        return "".join(Path(name).read_text("utf-8") for name in args)
    if program != "symgrad":
        raise Stale(f"{command}: documents run symgrad and cat")
    result = CliRunner().invoke(main, args)
    if result.exit_code > (args[0] == "verify") or (result.exception and not isinstance(result.exception, SystemExit)):
        raise Stale(f"{command}: status {result.exit_code}\n{result.output}")
    return result.output


def with_output(block: str) -> str:
    """The block with what its commands print now. Raises `Stale` where an excerpt of the output is no longer in it."""
    out = []
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        command, _, shown = part.partition("\n")
        if not command:
            continue
        printed = output_of(command.removeprefix("$ "))
        if _REST in map(str.strip, shown.splitlines()):
            _excerpt(command, shown, printed)
            printed = shown
        elif not shown.strip():
            printed = shown  # a command that is only named
        out.append(f"{command}\n{printed.rstrip()}\n{_blank(shown)}" if printed.strip() else f"{command}\n{shown}")
    return "".join(out)


def _blank(shown: str) -> str:
    """The empty line before the next command."""
    return "\n" if shown.endswith("\n\n") else ""


def _excerpt(command: str, shown: str, printed: str) -> None:
    at = 0
    for stretch in re.split(rf"^\s*{_REST}\n", shown, flags=re.MULTILINE):
        found = printed.find(stretch.rstrip(), at)
        if found < 0:
            raise Stale(f"{command} does not print, in this order:\n{stretch}")
        at = found + len(stretch.rstrip())


def run_python(document: str) -> None:
    """The `python` blocks in order. Raises `Stale` where one prints something else than the comment behind its `print`."""
    names: dict[str, object] = {}
    for language, block in _BLOCK.findall(document):
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "a block of python", "exec"), names)
        said = re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)
        if printed.getvalue().splitlines() != said:
            raise Stale(f"{block}prints\n{printed.getvalue()}")


def built(document: str) -> str:
    """The document with the output of its commands."""
    with somewhere():
        run_python(document)
        return _BLOCK.sub(lambda found: f"```console\n{with_output(found[2])}```" if found[1] == "console" else found[0], document)


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def anchors(document: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> list[str]:
    """Relative links that lead nowhere."""
    document = re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", path.read_text("utf-8")))
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", document):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(f"{path.relative_to(ROOT)}: nothing is at {link}")
    return broken


# ── all of it ────────────────────────────────────────────────────────────────────────────────────────────────────────


def made() -> Iterator[tuple[Path, str]]:
    """Every document with what it should say."""
    for name, page in PAGES.items():
        yield DOCS / name, page()
    for path in WRITTEN:
        try:
            yield path, built(path.read_text("utf-8"))
        except Stale as stale:
            raise Stale(f"{path.relative_to(ROOT)}: {stale}") from None


def write() -> None:
    for path, document in made():
        path.write_text(document, "utf-8")


def check() -> list[str]:
    """What is wrong with the documents."""
    stale = [f"{path.relative_to(ROOT)} is stale; run docs/build.py" for path, text in made() if path.read_text("utf-8") != text]
    return stale + [broken for path in LINKED for broken in broken_links(path)]


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    wrong = check() if "--check" in sys.argv else [broken for path in LINKED for broken in broken_links(path)]
    sys.exit("\n".join(wrong) if wrong else 0)
