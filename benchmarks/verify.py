"""How well `symgrad verify` judges: a corpus of right sheets in many hands, and the same sheets with one slip planted in each.

    python benchmarks/verify.py [--only PART-OF-A-NAME]… [--no-slips] [--every N] [--list]

Prints how many right sheets are called right, how much is unread or undecided, how many slips are flagged at their line and with
their cause, the F1 of ProcessBench (Zheng et al., 2024: the harmonic mean of the share of wrong sheets whose earliest wrong line is found
and of the share of right sheets that pass), and sheets a second. With `--list`, every sheet and slip that was not judged as it should be.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import click

CORPUS = Path(__file__).parent / "corpus"
# Causes that say the same of a line in other words; a sheet's author cannot tell them apart either.
ALIKE = (
    {"arithmetic_slip", "param_count"},
    {"missing_transpose", "wrong_order", "shape_mismatch"},
    {"sum_vs_mean", "missing_factor"},
    {"missing_sum", "shape_mismatch"},
    {"missing_sum", "missing_chain_term"},
    {"wrong_layout", "missing_transpose"},
)


@dataclass(frozen=True)
class Slip:
    """One line of one sheet, made wrong."""

    sheet: str
    line: int
    old: str
    new: str
    cause: str


@dataclass
class Judged:
    """What came of one text."""

    name: str
    slip: Slip | None
    seconds: float = 0.0
    crash: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    errors: list[tuple[int, str]] = field(default_factory=list)
    loose: list[tuple[int, str]] = field(default_factory=list)


def read_slips() -> list[Slip]:
    """The table of slips."""
    rows = [line.split("\t") for line in (CORPUS / "slips.txt").read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [Slip(sheet, int(line), old, new, cause) for sheet, line, old, new, cause in rows]


def judge(task: tuple[str, Slip | None]) -> Judged:
    """Verify one sheet, with or without a slip."""
    from symgrad.errors import SymgradError
    from symgrad.verifying import load_sheet, verify

    name, slip = task
    lines = (CORPUS / name).read_text().split("\n")
    if slip is not None:
        assert lines[slip.line - 1].count(slip.old) == 1, slip
        lines[slip.line - 1] = lines[slip.line - 1].replace(slip.old, slip.new)
    out = Judged(name, slip)
    start = perf_counter()
    try:
        source = load_sheet(name, "\n".join(lines).encode())
        found = verify(source)
        out.verdicts = Counter(claim.verdict for claim in found.claims)
        out.errors = [(source.place(f.span.start)[0], f.cause) for f in found.findings if f.severity == "error"]
        out.loose = [(source.place(c.span.start)[0], c.reason) for c in found.claims if c.verdict in ("unread", "undecided")]
    except SymgradError as error:
        out.crash = str(error)
    except Exception as error:  # a traceback is what this looks for
        out.crash = f"{type(error).__name__}: {error}"
    out.seconds = perf_counter() - start
    return out


def alike(found: str, planted: str) -> bool:
    return found == planted or any({found, planted} <= group for group in ALIKE)


@click.command()
@click.option("--only", multiple=True, help="Sheets whose name contains this.")
@click.option("--no-slips", is_flag=True, help="Only the right sheets.")
@click.option("--every", default=1, help="Only each N-th slip, for a quick look.")
@click.option("--list", "listed", is_flag=True, help="Name what was not judged as it should be.")
def main(only: tuple[str, ...], no_slips: bool, every: int, listed: bool) -> None:
    names = sorted(p.name for p in CORPUS.iterdir() if p.suffix in (".md", ".tex") and (not only or any(o in p.name for o in only)))
    tasks: list[tuple[str, Slip | None]] = [(name, None) for name in names]
    if not no_slips:
        tasks += [(slip.sheet, slip) for slip in read_slips()[::every] if slip.sheet in names]
    done, start = [], perf_counter()
    with ProcessPoolExecutor() as pool:
        for i, result in enumerate(pool.map(judge, tasks), 1):
            done.append(result)
            if sys.stderr.isatty():
                click.echo(f"\r{i}/{len(tasks)}", nl=False, err=True)
    report(done, perf_counter() - start, listed)


def report(done: list[Judged], seconds: float, listed: bool) -> None:
    """The figures, and with `listed` the cases behind them."""
    right = [d for d in done if d.slip is None]
    clean = [d for d in right if not d.errors and not d.crash]
    claims = sum(sum(d.verdicts.values()) for d in right)
    print(f"right sheets without an error   {len(clean)} of {len(right)}")
    for verdict in ("holds", "given", "undecided", "unread", "fails"):
        count = sum(d.verdicts[verdict] for d in right)
        print(f"  {verdict:<12}{count:>6} of {claims} claims  {100 * count / max(claims, 1):5.1f} %")
    slips = [d for d in done if d.slip is not None]
    at_line = [d for d in slips if d.slip and any(line == d.slip.line for line, _ in d.errors)]
    caused = [d for d in at_line if d.slip and any(line == d.slip.line and alike(cause, d.slip.cause) for line, cause in d.errors)]
    if slips:
        earliest = len([d for d in slips if d.slip and d.errors and min(d.errors)[0] == d.slip.line]) / len(slips)
        passed = len(clean) / max(1, len(right))
        print(f"slips flagged at their line     {len(at_line)} of {len(slips)}  {100 * len(at_line) / len(slips):5.1f} %")
        print(f"  with the right cause          {len(caused)} of {len(slips)}  {100 * len(caused) / len(slips):5.1f} %")
        print(f"F1 of ProcessBench              {200 * earliest * passed / max(1e-9, earliest + passed):5.1f} %")
    print(f"sheets a second                 {len(done) / seconds:.1f}")
    slowest = max(done, key=lambda d: d.seconds)
    print(f"slowest                         {slowest.seconds:.1f} s  {slowest.name}")
    if not listed:
        return
    for d in right:
        if d.errors or d.crash or d.loose:
            print(f"{d.name}: {d.crash or ''} errors {d.errors} loose {d.loose}")
    for d in slips:
        if d.slip and d not in caused:
            what = "crash " + d.crash if d.crash else "wrong cause" if d in at_line else "missed"
            print(f"{what}: {d.name}:{d.slip.line} {d.slip.cause}: {d.slip.old!r} → {d.slip.new!r}; errors {d.errors}, loose {d.loose}")


if __name__ == "__main__":
    main()
