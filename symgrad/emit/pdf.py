"""PDF: by the `typst` wheel, which needs nothing else, or by latexmk or pdflatex where there is a TeX.

Nothing in a document is run: Typst has no shell to escape to, and TeX is told not to.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from symgrad.errors import SymgradError

ENGINES = ("typst", "latex")
_WITHOUT = {
    "typst": "the typst wheel is not installed; `pip install 'symgrad[pdf]'`",
    "latex": "neither latexmk nor pdflatex is installed; a TeX distribution such as TeX Live has them",
}
_TEX = {
    "latexmk": ("-pdf", "-pdflatex=pdflatex -no-shell-escape %O %S", "-norc"),
    "pdflatex": ("-no-shell-escape",),
}
_LONGEST = 120


def engine_for(wanted: str | None = None) -> str:
    """The engine that is wanted, or the first one there is. Raises `SymgradError`, which says what to install."""
    there = {"typst": _has_typst(), "latex": any(map(shutil.which, _TEX))}
    if wanted is not None:
        if not there[wanted]:
            raise SymgradError(f"no PDF: {_WITHOUT[wanted]}")
        return wanted
    for engine in ENGINES:
        if there[engine]:
            return engine
    raise SymgradError(f"no PDF: {_WITHOUT['typst']}; or {_WITHOUT['latex']}")


def _has_typst() -> bool:
    try:
        import typst  # noqa: F401
    except ImportError:
        return False
    return True


def by_typst(source: str) -> bytes:
    """A PDF of Typst source."""
    import typst

    made = typst.compile(source.encode(), format="pdf", ignore_system_fonts=True)
    assert isinstance(made, bytes)
    return made


def by_latex(source: str) -> bytes:
    """A PDF of a LaTeX document. Raises `SymgradError` with what TeX says is wrong."""
    program = next(program for program in _TEX if shutil.which(program))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "solution.tex").write_text(source, encoding="utf-8")
        command = [program, *_TEX[program], "-interaction=nonstopmode", "-halt-on-error", "solution.tex"]
        try:
            ran = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_LONGEST)
        except subprocess.TimeoutExpired:
            raise SymgradError(f"no PDF: {program} took more than {_LONGEST} seconds") from None
        made = Path(folder) / "solution.pdf"
        if ran.returncode or not made.exists():
            said = [line for line in ran.stdout.decode(errors="replace").splitlines() if line.startswith("!")]
            raise SymgradError(f"no PDF: {program} stopped; {said[0] if said else 'a package that the document needs may be missing'}")
        return made.read_bytes()
