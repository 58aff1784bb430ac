"""How well `symgrad verify` judges: a corpus of right sheets in many hands, and the same sheets with one slip planted in each.

    python benchmarks/verify.py [--only PART-OF-A-NAME]… [--no-slips] [--by hand|program|both] [--every N] [--list]

Prints how many right sheets are called right, how much is unread or undecided; cause by cause how many slips are flagged at their line
and with their cause, of those that `planting` made and of those made by hand; the F1 of ProcessBench (Zheng et al., 2024: the harmonic
mean of the share of wrong sheets whose earliest wrong line is found and of the share of right sheets that pass), and sheets a second.
With `--list`, every sheet and slip that was not judged as it should be.
"""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter

import click
import slips
from slips import CORPUS, Slip

# Causes that say the same of a line in other words; a sheet's author cannot tell them apart either.
ALIKE = (
    {"arithmetic_slip", "param_count"},
    {"missing_transpose", "wrong_order", "shape_mismatch"},
    {"sum_vs_mean", "missing_factor"},
    {"missing_sum", "shape_mismatch"},
    {"missing_sum", "missing_chain_term"},
    {"wrong_layout", "missing_transpose"},
)


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


def judge(task: tuple[str, Slip | None]) -> Judged:
    """Verify one sheet, with or without a slip."""
    from symgrad.errors import SymgradError
    from symgrad.verifying import load_sheet, verify

    name, slip = task
    text = (CORPUS / name).read_text("utf-8")
    out = Judged(name, slip)
    start = perf_counter()
    try:
        source = load_sheet(name, (text if slip is None else slip.planted_in(text)).encode())
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


def at_line(judged: Judged) -> bool:
    """Whether an error is found at the line that was made wrong."""
    return judged.slip is not None and any(line in judged.slip.lines for line, _ in judged.errors)


def earliest(judged: Judged) -> bool:
    return judged.slip is not None and bool(judged.errors) and min(judged.errors)[0] in judged.slip.lines


def explained(judged: Judged) -> bool:
    """Whether the error at that line has the cause that was planted, or one that makes the same text."""
    slip = judged.slip
    return slip is not None and any(line in slip.lines and any(alike(cause, own) for own in slip.causes) for line, cause in judged.errors)


@click.command()
@click.option("--only", multiple=True, help="Sheets whose name contains this.")
@click.option("--no-slips", is_flag=True, help="Only the right sheets.")
@click.option("--by", type=click.Choice(["hand", "program", "both"]), default="both", help="Whose slips are tried.")
@click.option("--mistake", default="", help="Only slips whose kind contains this.")
@click.option("--every", default=1, help="Only each N-th slip, for a quick look.")
@click.option("--jobs", default=0, help="How many processes; as many as there are cores by default.")
@click.option("--list", "listed", is_flag=True, help="Name what was not judged as it should be.")
def main(only: tuple[str, ...], no_slips: bool, by: str, mistake: str, every: int, jobs: int, listed: bool) -> None:
    names = sorted(p.name for p in CORPUS.iterdir() if p.suffix in (".md", ".tex") and (not only or any(o in p.name for o in only)))
    tables = {"program": slips.planted, "hand": slips.by_hand}
    tried = [slip for kind, table in tables.items() if by in (kind, "both") and not no_slips for slip in table()[::every]]
    tasks: list[tuple[str, Slip | None]] = [(name, None) for name in names]
    tasks += [(slip.sheet, slip) for slip in tried if slip.sheet in names and mistake in slip.mistake]
    done, start = [], perf_counter()
    with ProcessPoolExecutor(jobs or None) as pool:
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
    wrong = [d for d in done if d.slip is not None]
    for title, those in (
        ("planted by the program", [d for d in wrong if d.slip and d.slip.mistake != "by hand"]),
        ("made by hand", [d for d in wrong if d.slip and d.slip.mistake == "by hand"]),
    ):
        if those:
            print(f"\nslips {title}")
            table(those, len(clean) / max(1, len(right)))
    print(f"\nsheets a second                 {len(done) / seconds:.1f}")
    slowest = max(done, key=lambda d: d.seconds)
    print(f"slowest                         {slowest.seconds:.1f} s  {slowest.name}")
    if not listed:
        return
    for d in right:
        if d.errors or d.crash or d.loose:
            print(f"{d.name}: {d.crash or ''} errors {d.errors} loose {d.loose}")
    for d in wrong:
        if d.slip and not explained(d):
            what = "crash " + d.crash if d.crash else "wrong cause" if at_line(d) else "missed"
            where = f"{d.name}:{d.slip.lines[-1]} {d.slip.mistake} ({d.slip.causes[0]})"
            print(f"{what}: {where}: {d.slip.old!r} → {d.slip.new!r}; errors {d.errors}, loose {d.loose}")


def table(wrong: list[Judged], passed: float) -> None:
    """What became of the slips, cause by cause, and of all."""
    causes = sorted({d.slip.causes[0] for d in wrong if d.slip})
    print(f"{'cause':<32}{'planted':>8}{'at its line':>18}{'cause right':>18}{'earliest':>18}")
    for cause in (*causes, "all"):
        those = [d for d in wrong if d.slip and cause in (d.slip.causes[0], "all")]
        shares = [sum(map(found, those)) for found in (at_line, explained, earliest)]
        print(f"{cause:<32}{len(those):>8}" + "".join(f"{n:>9} {100 * n / len(those):6.1f} %" for n in shares))
    first = sum(map(earliest, wrong)) / len(wrong)
    print(f"F1 of ProcessBench              {200 * first * passed / max(1e-9, first + passed):5.1f} %")


if __name__ == "__main__":
    main()
