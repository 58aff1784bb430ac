"""Where networks come from: a `.py` file of the user's, one that ships with symgrad, or a sheet, which is read and not executed.

A file defines `network` (a `Network`, or a function of whole numbers that makes one) or `paper` (a `Paper`). It is
imported, so it is trusted like any module; whatever goes wrong in it is reported with its line.
"""

from __future__ import annotations

import importlib.util
import inspect
import linecache
import os.path
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from symgrad.errors import InvalidNetwork, SymgradError, UnknownName, nearest
from symgrad.network import Network
from symgrad.paper import Paper, Part
from symgrad.recurrence import Recurrence
from symgrad.stepwise import Steps

_HERE = Path(__file__).resolve().parent
SHEETS = (".md", ".tex", ".markdown")
"""The ends of names of files that are read, and never executed."""


def shipped() -> dict[str, Path]:
    """The networks that ship with symgrad, by name; beside the package when installed, beside it in a checkout."""
    for folder in (_HERE / "derivations", _HERE.parent / "derivations"):
        if folder.is_dir():
            return {p.stem.replace("_", "-"): p for p in sorted(folder.glob("*.py")) if not p.stem.startswith("_")}
    return {}


def load(source: str, settings: Mapping[str, int] | None = None) -> Network | Recurrence | Paper:
    """The network or paper of a file, or of a shipped name; `settings` are passed to a `network` that is a function."""
    known = shipped()
    path = Path(source)
    name = source.replace("_", "-")
    if name in known and not os.path.isfile(source):
        path = known[name]
    # os.path.exists is False for a name that cannot be one, where Path.exists raises.
    if not os.path.exists(path):
        if path.suffix:
            raise UnknownName(f"there is no file {source}")
        raise UnknownName(f"there is no file {source}, and none of that name ships with symgrad; {nearest(name, known)}")
    if path.suffix in SHEETS and not path.is_dir():
        return _of_sheet(path, source, settings or {})
    if path.is_dir() or path.suffix != ".py":
        files = "symgrad derives from .py, .md and .tex files, or from a name that ships"
        raise InvalidNetwork(f"{source} is no network: {files} ({', '.join(known)})")
    return _find(_imported(path.resolve(), source), source, settings or {})


def _of_sheet(path: Path, source: str, settings: Mapping[str, int]) -> Network | Recurrence | Paper:
    """The network that a sheet's definitions make; of several parts, a paper."""
    from symgrad.sheet_networks import sources_of_sheet
    from symgrad.verifying import load_sheet

    made = [
        replace(found, title=path.stem) if isinstance(found, Recurrence) else found
        for found in sources_of_sheet(load_sheet(source), settings)
    ]
    for network in (found for found in made if isinstance(found, Network)):
        network.title = path.stem
    return made[0] if len(made) == 1 else Paper(path.stem, tuple(Part(f"Part {i}", network) for i, network in enumerate(made, start=1)))


def _imported(path: Path, source: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"symgrad_network_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InvalidNetwork(f"{source} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        with _reported(path, source):
            spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


@contextmanager
def _reported(path: Path, source: str) -> Iterator[None]:
    """Whatever goes wrong in the user's file, with its line."""
    try:
        yield
    except Exception as error:
        raise InvalidNetwork(_where(path, source, error)) from error
    except SystemExit as error:
        raise InvalidNetwork(f"{source} left Python (SystemExit) before its network was there") from error


def _where(path: Path, source: str, error: BaseException) -> str:
    """What went wrong, at which line of the file, with that line and a caret."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == path:
        line, column, said = error.lineno or 1, max(1, error.offset or 1), f"this is not Python: {error.msg}"
        width = max(1, (error.end_offset or column + 1) - column)
    else:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
        kind = "this is not Python" if isinstance(error, SyntaxError) and not frames else type(error).__name__
        said = str(error) if isinstance(error, SymgradError) else f"{kind}: {error}"
        if not frames:
            return f"{source}: {said}"
        frame = frames[-1]
        line, column = frame.lineno or 1, (frame.colno or 0) + 1
        width = (frame.end_colno or 0) - (frame.colno or 0) if frame.end_lineno == frame.lineno else 1
    text = linecache.getline(str(path), line).rstrip("\n")
    first, *more = said.splitlines() or [""]
    below = [f"    {text}", f"    {' ' * (column - 1)}{'^' * max(1, width)}"] if text.strip() else []
    return "\n".join([f"{source}:{line}:{column}: {first}", *below, *more])


def _find(module: ModuleType, source: str, settings: Mapping[str, int]) -> Network | Recurrence | Paper:
    for name in ("paper", "network"):
        found = getattr(module, name, None)
        if isinstance(found, Steps):
            return _of_steps(found, source, settings)
        if callable(found) and not isinstance(found, (Network, Paper)):
            found = _made(found, module, source, settings)
        elif found is not None and settings:
            raise InvalidNetwork(f"{source}: its {name} is not a function, so there is nothing to set")
        if isinstance(found, (Network, Paper)):
            return found
    others = [value for value in vars(module).values() if isinstance(value, (Network, Paper))]
    if len(others) == 1 and not settings:
        return others[0]
    raise InvalidNetwork(f"{source} is no network: it has to define `network`, a symgrad.Network (or `paper`, a symgrad.Paper)")


def _of_steps(steps: Steps, source: str, settings: Mapping[str, int]) -> Network | Recurrence:
    """A network of any number of steps, or of the number that is set."""
    made = steps.recurrence()
    if settings.keys() - {made.top}:
        raise InvalidNetwork(f"{source}: its number of steps is {made.top}; there is nothing else to set")
    return steps.at(settings[made.top]) if settings else made


def _made(function: Any, module: ModuleType, source: str, settings: Mapping[str, int]) -> Any:
    try:
        inspect.signature(function).bind(**settings)
    except (TypeError, ValueError) as error:
        raise InvalidNetwork(f"{source}: its network, a function, cannot be called so: {error}") from error
    with _reported(Path(str(module.__file__)), source):
        return function(**settings)


def parts_of(found: Network | Recurrence | Paper) -> list[Part]:
    """A network is a paper of one part."""
    return list(found.parts) if isinstance(found, Paper) else [Part(found.title, found)]
