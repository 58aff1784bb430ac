"""Pictures: what is drawn (data/pictures.txt), that nothing covers anything else, and that both emitters write it all."""

import re
import shutil
import subprocess
from functools import cache
from html import unescape
from itertools import combinations
from math import hypot
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import ziamath
from drawing import MADE, network

from symgrad import Network, names
from symgrad.emit import svg, tikz
from symgrad.emit.latex import PREAMBLE
from symgrad.library import shipped
from symgrad.pictures import picture_of
from symgrad.pictures.curves import sampled
from symgrad.pictures.picture import HEIGHT, entry_label, name_label
from symgrad.pictures.scene import drawn, said

LINES = (Path(__file__).parent / "data" / "pictures.txt").read_text(encoding="utf-8").splitlines()
CASES = [tuple(part.strip() for part in line.split(" => ")) for line in LINES if line and not line.startswith("#")]
EVERY = [name for name, *_ in CASES]
every = pytest.mark.parametrize("name", EVERY)
both = pytest.mark.parametrize("gradients", [False, True], ids=["forwards", "gradients"])


@cache
def picture(name, gradients=False):
    return picture_of(network(name), gradients)


@cache
def scene(name, gradients=False):
    return drawn(picture(name, gradients))


# ── what is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name, kind, words", CASES, ids=EVERY)
def test_a_network_is_drawn_as_what_it_is(name, kind, words):
    assert (picture(name).kind, said(picture(name))) == (kind, words)


def test_every_network_is_in_the_table():
    assert set(MADE) | {name for name in shipped() if name not in ("midterm", "dropping")} <= set(EVERY)


@every
def test_every_name_is_somewhere_unless_the_picture_says_that_some_are_not(name):
    found, net = picture(name), network(name)
    if found.omitted or found.kind == "layer":
        return
    there = {node.name for node in found.nodes} | {inside for link in found.links for inside in link.names}
    assert there >= {used for used in net.variables if used in net.definitions or net.uses[used]}


@every
def test_arrows_are_the_dependences_of_the_network(name):
    found, net = picture(name), network(name)
    if found.omitted or found.kind == "layer":
        return
    shown = {(found.nodes[link.start].name, found.nodes[link.end].name) for link in found.links}
    drawn_as_nodes = {node.name for node in found.nodes}
    assert shown == {(used, user) for used, users in net.uses.items() for user in users if (used, user) in shown or used in net.definitions}
    assert {start for start, _ in shown} <= drawn_as_nodes


@both
@every
def test_a_picture_is_small_enough_to_be_read(name, gradients):
    assert len(picture(name, gradients).nodes) <= 40


def test_gradients_flow_back_along_every_arrow_from_a_definition_to_the_loss():
    found = picture("cnn-rnn", True)
    arrows = [(found.nodes[link.start].name, found.nodes[link.end].name, link.back) for link in found.links]
    back = {(end, start) for start, end, backwards in arrows if backwards}
    data = {"X", "y", "h_0"}
    assert back == {(start, end) for start, end, backwards in arrows if not backwards and start not in data}
    labels = {link.label.text for link in found.links if link.back}
    assert {"∂L/∂ŷ", "∂h₂/∂h₁", "∂C/∂β"} <= labels


def test_nothing_is_drawn_of_nothing():
    assert picture_of(Network("nothing")) is None
    assert svg.svg(Network("nothing")) == ""


def test_time_goes_from_left_to_right_and_states_stand_in_one_row():
    for name, stem in (("rnn", "h_{}"), ("cnn-rnn", "h_{}"), ("every step", "h_{}"), ("lstm", "c_{}"), ("sequence to sequence", "s_{}")):
        row = [
            (names.step_index(node.name)[1], node.x, node.y)
            for node in picture(name).nodes
            if (names.step_index(node.name) or ("",))[0] == stem
        ]
        assert [x for _, x, _ in sorted(row)] == sorted(x for _, x, _ in row)
        assert len({round(y, 6) for _, _, y in row}) == 1, name


# ── nothing covers anything else ─────────────────────────────────────────────────────────────────────────────────────


def boxes(found):
    """The outlines, and the labels with the space that ziamath takes for them, less a hair."""
    for node in found.outlines:
        yield node.x - node.width / 2, node.y - node.height / 2, node.x + node.width / 2, node.y + node.height / 2
    for label in found.written:
        if label.style in ("link", "gradient", "note"):
            width, height = size(label.label.latex, label.size)
            yield label.x - width / 2, label.y - height / 2, label.x + width / 2, label.y + height / 2


@cache
def size(latex, em=1.0):
    width, height = ziamath.Latex(latex, size=1000, inline=True).getsize()
    return width * em / 1000, height * em / 1000


def overlap(a, b, hair=0.05):
    return a[0] + hair < b[2] and b[0] + hair < a[2] and a[1] + hair < b[3] and b[1] + hair < a[3]


@every
def test_labels_and_nodes_do_not_overlap(name):
    assert not [pair for pair in combinations(boxes(scene(name)), 2) if overlap(*pair)]


@pytest.mark.parametrize("name", ["rnn", "relu-layer", "cnn-rnn", "attention", "residual"])
def test_labels_of_gradients_do_not_overlap_either(name):
    assert not [pair for pair in combinations(boxes(scene(name, True)), 2) if overlap(*pair)]


@both
@every
def test_lines_pass_no_node(name, gradients):
    found = scene(name, gradients)
    for stroke in (s for s in found.strokes if s.style != "cross"):
        for node in found.outlines:
            flat = (node.width - HEIGHT) / 2
            inside = [p for p in sampled(stroke.curve) if hypot(max(abs(p[0] - node.x) - flat, 0), abs(p[1] - node.y)) < HEIGHT / 2 - 0.02]
            assert not inside, (stroke, node)


@both
@every
def test_arrows_end_at_the_borders_of_nodes(name, gradients):
    found = scene(name, gradients)
    for head in found.heads:
        (x, y) = head.corners[0]
        away = []
        for node in found.outlines:
            if node.role in ("more", "parameter", "mask", "loss"):
                away.append(max(abs(x - node.x) - node.width / 2, abs(y - node.y) - HEIGHT / 2))
            else:
                away.append(hypot(max(abs(x - node.x) - (node.width - HEIGHT) / 2, 0), y - node.y) - HEIGHT / 2)
        assert min(map(abs, away)) < 1e-3


@every
def test_everything_is_inside_the_frame(name):
    found = scene(name)
    for left, top, right, bottom in boxes(found):
        assert left > found.left and top > found.top
        assert right < found.left + found.width and bottom < found.top + found.height


def test_a_label_is_not_wider_than_it_is_taken_for():
    labels = [name_label(used) for name in EVERY for used in network(name).variables] + [entry_label("W", 1, 3), entry_label("h_1", 30)]
    for label in labels:
        assert size(label.latex)[0] < label.width + 0.35, label


def test_arrows_of_the_shipped_recurrence_do_not_cross():
    found = scene("cnn-rnn")
    lines = [sampled(stroke.curve) for stroke in found.strokes]
    for one, other in combinations(lines, 2):
        assert min(hypot(a[0] - b[0], a[1] - b[1]) for a in one for b in other) > 0.05


# ── as SVG and TikZ ──────────────────────────────────────────────────────────────────────────────────────────────────

SVG = "{http://www.w3.org/2000/svg}"


@both
@every
def test_svg_has_every_label_as_glyphs_and_a_title(name, gradients):
    root = ET.fromstring(svg.emit("", [("", picture(name, gradients))]))
    shown = [group for group in root.iter(f"{SVG}g") if "data-tex" in group.attrib]
    assert sorted(group.get("data-tex") for group in shown) == sorted(w.label.latex for w in scene(name, gradients).written)
    for group in shown:
        assert any(len(path.get("d", "")) > 20 or path.tag == f"{SVG}rect" for path in group), group.get("data-tex")
    assert root.findtext(f"{SVG}title") == network(name).title
    assert root.findtext(f"{SVG}desc") == said(picture(name, gradients))


@every
def test_svg_needs_nothing_from_elsewhere_and_takes_the_colour_of_its_page(name):
    written = svg.svg(network(name))
    assert not re.search(r"<script|<style|\bid=|href|url\(|<text", written)
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', written)) <= {"currentColor", "none"}
    assert "prefers-color-scheme:dark" in svg.emit("", [("", picture(name))])
    assert not re.search(r"nan|inf|e-\d", "".join(re.findall(r' d="([^"]*)"', written)))


def test_titles_are_escaped():
    written = svg.emit("<b>", [("<i>", picture("awkward")), ("&", picture("rnn"))])
    assert "<script>" not in written and "<i>" not in written and "<b>" not in written
    assert "&lt;script&gt;" in written and ET.fromstring(written) is not None
    assert r"% a b" in tikz.emit("a\nb", [("", picture("rnn"))])


@both
@every
def test_tikz_has_what_svg_has(name, gradients):
    written, found = "\n".join(tikz.lines(picture(name, gradients))), scene(name, gradients)
    assert sorted(re.findall(r"\{\$(.*)\$\};", written)) == sorted(w.label.latex for w in found.written)
    assert written.count(r"\draw") == len(found.strokes) + sum(o.role not in ("more", "parameter", "mask") for o in found.outlines)
    assert written.count(r"\fill") == len(found.heads)
    assert unescape(written) == written


COMPILED = ["dropping 2", "cnn-rnn", "deep residual", "lstm", "both ways", "wide layer", "awkward", "fifty steps"]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed; .ci/run installs it")
def test_tikz_compiles_and_fits_the_page(tmp_path):
    pictures = [("", picture(name, gradients)) for name in COMPILED for gradients in (False, True)]
    source = "\n".join([PREAMBLE, r"\begin{document}", tikz.emit("", pictures).replace("\n\n", "\n\\newpage\n"), r"\end{document}", ""])
    (tmp_path / "own.tex").write_text(source, encoding="utf-8")
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "own.tex"], cwd=tmp_path, capture_output=True, check=False
    )
    log = (tmp_path / "own.log").read_text(encoding="latin-1")
    assert ran.returncode == 0, log[-3000:]
    assert not re.findall(r"^(?:LaTeX .*Warning|Package .*Warning|Overfull|!).*", log, re.MULTILINE)
