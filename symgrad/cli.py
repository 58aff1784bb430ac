"""The command. The only file that prints or exits; it imports the rest when a command needs it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad.errors import InvalidGiven, InvalidNetwork, SymgradError

if TYPE_CHECKING:
    from symgrad.derivation import Derivation
    from symgrad.general import GeneralDerivation
    from symgrad.paper import Part


# The keys of symgrad.further.KINDS but for what comes with Hessians and Jacobians, which --help does not load NumPy for.
_KINDS = ("jacobian", "jvp", "vjp", "hessian", "hvp", "differential", "stationary")
_HIGHEST_ORDER = 2


class _Group(click.Group):
    """Errors meant for a reader go to standard error, without a traceback, with their exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SymgradError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.status)
        except RecursionError:
            click.echo("error: the network is nested too deeply for one definition; give its parts names", err=True)
            ctx.exit(2)


_engine = click.option(
    "--pdf-engine", type=click.Choice(["typst", "latex"]), help="What makes the PDF of `-o FILE.pdf`. Default: typst where it is installed."
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="symgrad")
def main() -> None:
    """Derive the gradients of a neural network as a textbook does, and check derivations made by hand."""
    gc.set_threshold(50_000, 20, 10)  # nearly all that is made lives until it is printed, and is not worth looking through before


@main.command()
@click.argument("source", required=False)
@click.option(
    "--expr", "expression", metavar="EXPR", help='A loss as NumPy would have it, as in "sum((X@w - y)**2)"; definitions before it.'
)
@click.option(
    "--dims", default="", metavar="SHAPES", help='Shapes of names in --expr, as in "X: n,d; w: d,1; k: scalar". Default: inferred.'
)
@click.option("--assume", "assumed", default="", metavar="WORDS", help='Properties of names in --expr, as in "A: symmetric; y: one-hot".')
@click.option("--wrt", multiple=True, metavar="NAME", help="Whose gradient is wanted; may be repeated. Default: the parameters.")
@click.option("--of", "of", metavar="NAME", help="The loss. Default: the last definition, if it is a scalar.")
@click.option("--order", type=click.IntRange(1), default=1, help="2: the second derivatives too, as --kind hessian.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(_KINDS), help="What is wanted beyond gradients; may be repeated.")
@click.option("--given", multiple=True, metavar="NAME=ROWS", help='A given value, as in "y=[[8],[11]]"; may be repeated.')
@click.option("--set", "settings", multiple=True, metavar="NAME=N", help="A number for a network that takes one, as in T=5.")
@click.option("--layout", type=click.Choice(["denominator", "numerator"]), default="denominator", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "latex", "html", "json", "numpy"]), default="text", show_default=True)
@click.option("--fragment", is_flag=True, help="LaTeX without a preamble, to include in a document of one's own.")
@click.option("--shapes", is_flag=True, help="Write the shape of every symbol beside it.")
@click.option("-o", "output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to the terminal.")
@click.option("--no-check", is_flag=True, help="Do not compare with finite differences.")
@_engine
def derive(
    source: str | None,
    expression: str | None,
    dims: str,
    assumed: str,
    wrt: tuple[str, ...],
    of: str | None,
    order: int,
    kinds: tuple[str, ...],
    given: tuple[str, ...],
    settings: tuple[str, ...],
    layout: str,
    form: str,
    fragment: bool,
    shapes: bool,
    output: Path | None,
    no_check: bool,
    pdf_engine: str | None,
) -> None:
    """Derive the gradients of the network in SOURCE, or of the loss in --expr.

    SOURCE is a .py file that defines `network`, a .md or .tex sheet whose definitions make one, or the name of one that ships:
    cnn-rnn, dropping, midterm, relu-layer, rnn.
    """
    if fragment and form != "latex":
        raise click.UsageError("--fragment goes with --format latex")
    engine = _pdf_engine(output, pdf_engine)
    if (source is None) is (expression is None):
        raise click.UsageError("give a SOURCE, or a loss with --expr")
    if order > _HIGHEST_ORDER:
        said = "a third derivative is one of a derivative: f = sum(x**4); sum(grad(f, x)*v) with --order 2"
        raise click.UsageError(f"--order is 1 or 2, not {order}; {said}")
    if (dims or assumed) and expression is None:
        raise click.UsageError(f"--{'dims' if dims else 'assume'} goes with --expr")
    from symgrad.library import load, parts_of

    values = dict(map(_given, given))
    numbers = dict(map(_setting, settings))
    found = load(source, numbers) if source is not None else _network(expression or "", dims, values, assumed, numbers, _of_a_scalar(kinds))
    parts = parts_of(found)
    worked = [(part, _worked(part, wrt, of, values, layout, not no_check, order, kinds)) for part in _progress(parts)]
    _write(_solution_pdf(found, worked, engine, shapes) if engine else _emitted(found, worked, form, fragment, shapes), output)


@main.command()
@click.argument("source")
@click.option("--part", metavar="PART", help="One problem of a paper, by its number or the beginning of its title. Default: all of them.")
@click.option("--set", "settings", multiple=True, metavar="NAME=N", help="A number for a network that takes one, as in T=5.")
@click.option("--gradients", is_flag=True, help="Draw the gradients that flow back, dashed, with the local derivatives.")
@click.option("--format", "form", type=click.Choice(["svg", "tikz"]), default="svg", show_default=True)
@click.option("-o", "output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to the terminal.")
@_engine
def draw(
    source: str,
    part: str | None,
    settings: tuple[str, ...],
    gradients: bool,
    form: str,
    output: Path | None,
    pdf_engine: str | None,
) -> None:
    """Draw the network in SOURCE, which is as for derive; the pictures of a paper stand side by side.

    A layer whose mask is given is drawn neuron by neuron, a recurrence step by step, any other network as the graph of its quantities.
    """
    engine = _pdf_engine(output, pdf_engine)
    from symgrad.emit import svg, tikz
    from symgrad.library import load, parts_of
    from symgrad.paper import chosen
    from symgrad.pictures import picture_of

    found = load(source, dict(map(_setting, settings)))
    parts = parts_of(found) if part is None else [chosen(parts_of(found), part)]
    pictures = [(each.title, picture) for each in parts if (picture := picture_of(each.written_out, gradients)) is not None]
    if not pictures:
        raise InvalidNetwork(f"{source} defines nothing that could be drawn")
    title = found.title if part is None else parts[0].title
    made = _pictures_pdf(title, pictures, engine) if engine else (svg if form == "svg" else tikz).emit(title, pictures)
    _write(made, output)


def _of_a_scalar(kinds: tuple[str, ...]) -> bool:
    """Whether what is asked for is of a loss only; a Jacobian is of anything."""
    from symgrad.beyond import OF_ANY_SHAPE

    return not any(kind in OF_ANY_SHAPE for kind in kinds)


def _network(expression: str, dims: str, values: dict[str, Any], assumed: str, settings: dict[str, int], scalar: bool) -> Any:
    from symgrad.formulas import network_of_text
    from symgrad.network import exact_rows

    sizes = {name: (len(rows), len(rows[0])) for name, value in values.items() for rows in [exact_rows(value, name)]}
    return network_of_text(expression, dims, sizes, assumed, settings, scalar)


@main.command()
@click.argument("sheets", nargs=-1, required=True, metavar="SHEET...")
@click.option(
    "--key",
    metavar="SOURCE",
    help="A network that ships, a .py file or another sheet: it says what SHEET leaves out, and what differs is named.",
)
@click.option("--strict", is_flag=True, help="Exit with status 1 also when something is unread or undecided.")
@click.option("--format", "form", type=click.Choice(["text", "html", "json"]), default="text", show_default=True)
@click.option("-o", "output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write here, not to the terminal.")
def verify(sheets: tuple[str, ...], key: str | None, strict: bool, form: str, output: Path | None) -> None:
    """Check the derivations in each SHEET (Markdown or LaTeX; `-` is standard input), line by line.

    Exit status: 0 when everything read holds, 1 when a claim fails, 2 when a sheet cannot be used.
    """
    from symgrad.emit import json, report, sheet_html
    from symgrad.verifying import load_sheet
    from symgrad.verifying import verify as run

    solution = None if key is None else _key(key)
    found = []
    for sheet in _sheet_progress(sheets):
        source = load_sheet("<stdin>", sys.stdin.buffer.read()) if sheet == "-" else load_sheet(sheet)
        found.append(run(source, solution))
    if form == "json":
        text = json.emit_verification(found[0]) if len(found) == 1 else json.emit_verifications(found)
    elif form == "html":
        text = sheet_html.emit(found)
    else:
        text = "\n".join(report.emit(verification) for verification in found)
    _write(text, output)
    sys.exit(max(verification.status(strict) for verification in found))


def _key(source: str) -> Any:
    """The key in a sheet, or in networks."""
    from symgrad.completing import text_of_network
    from symgrad.library import SHEETS, load, parts_of
    from symgrad.verifying import key_of, load_sheet

    if source.endswith(SHEETS):
        return key_of(source, [load_sheet(source)])
    return key_of(source, [text_of_network(part.written_out, source) for part in parts_of(load(source))])


def _sheet_progress(sheets: tuple[str, ...]) -> Any:
    """A bar on a terminal, when there is more than one sheet; nothing elsewhere."""
    if len(sheets) < 2 or not sys.stderr.isatty():
        yield from sheets
        return
    with click.progressbar(sheets, file=sys.stderr, label="verifying") as bar:
        yield from bar


@main.command()
@click.argument("code")
def explain(code: str) -> None:
    """Say what a finding CODE such as SG202 means, with an example and how to mend it."""
    from symgrad.findings import explained

    kind = explained(code)
    lines = [f"{kind.code} ({kind.severity}): {kind.title}", "", kind.meaning]
    if kind.wrong:
        lines += ["", f"for example   {kind.wrong}"]
    if kind.right:
        lines += [f"mended        {kind.right}"]
    click.echo("\n".join(lines))


def _write(made: str | bytes, output: Path | None) -> None:
    if output is None:
        click.echo(made, nl=False)
        return
    try:
        output.write_bytes(made if isinstance(made, bytes) else made.encode())
    except OSError as error:
        raise SymgradError(f"cannot write {output}: {error.strerror}") from None


def _worked(
    part: Part,
    wrt: tuple[str, ...],
    of: str | None,
    given: dict[str, Any],
    layout: str,
    check: bool,
    order: int,
    kinds: tuple[str, ...],
) -> Derivation | GeneralDerivation:
    from symgrad.pipeline import derive as run

    return run(part.network, wrt or part.wrt, of or part.of, given, layout, check, order, kinds)


def _page(found: Any, worked: list[tuple[Part, Derivation | GeneralDerivation]]) -> Any:
    from symgrad.paper import Paper
    from symgrad.solution import document, paper_document

    return paper_document(found.title, worked) if isinstance(found, Paper) else document(worked[0][1])


def _emitted(found: Any, worked: list[tuple[Part, Derivation | GeneralDerivation]], form: str, fragment: bool, shapes: bool) -> str:
    from symgrad.emit import html, json, latex, numpy, text

    derivations = [derivation for _, derivation in worked]
    if form == "json":
        return json.emit(derivations)
    if form == "numpy":
        if len(derivations) > 1:
            raise SymgradError("--format numpy is for one network; choose one of the paper's")
        return numpy.emit(derivations[0])
    page = _page(found, worked)
    if form == "html":
        return html.emit(page, shapes)
    return latex.emit(page, fragment, shapes) if form == "latex" else text.emit(page, shapes)


def _solution_pdf(found: Any, worked: list[tuple[Part, Derivation | GeneralDerivation]], engine: str, shapes: bool) -> bytes:
    from symgrad.emit import latex, pdf, typst

    page = _page(found, worked)
    return pdf.by_typst(typst.emit(page, shapes)) if engine == "typst" else pdf.by_latex(latex.emit(page, shapes=shapes))


def _pictures_pdf(title: str, pictures: Any, engine: str) -> bytes:
    from symgrad.emit import pdf, tikz, typst

    return pdf.by_typst(typst.emit_pictures(title, pictures)) if engine == "typst" else pdf.by_latex(tikz.emit_document(title, pictures))


def _pdf_engine(output: Path | None, wanted: str | None) -> str | None:
    """What makes the PDF when the file is to be one; None for any other file."""
    if output is None or output.suffix.lower() != ".pdf":
        if wanted is not None:
            raise click.UsageError("--pdf-engine goes with -o FILE.pdf")
        return None
    context = click.get_current_context()
    if context.get_parameter_source("form") is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError("-o FILE.pdf gets a PDF; --format does not go with it")
    from symgrad.emit.pdf import engine_for

    return engine_for(wanted)


def _progress(parts: list[Part]) -> Any:
    """A bar on a terminal, when there is more than one problem to work; nothing elsewhere."""
    if len(parts) < 2 or not sys.stderr.isatty():
        yield from parts
        return
    with click.progressbar(parts, file=sys.stderr, label="deriving") as bar:
        yield from bar


def _setting(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip().isdecimal() or len(value.strip()) > 6:
        raise InvalidGiven(f"--set {text}: it needs a name and a whole number, as in T=5")
    return name.strip(), int(value)


def _given(text: str) -> tuple[str, Any]:
    from symgrad.read.numbers import read_rows

    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidGiven(f'--given {text}: it needs a name and a value, as in "y=[[8],[11]]"')
    return name.strip(), read_rows(value, text)
