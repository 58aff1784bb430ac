"""The pages in a real browser, headless Chromium: no message on its console, and what a reader sees on a screen, a telephone, on paper."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

import symgrad
from symgrad.emit import html, sheet_html
from symgrad.library import load, parts_of
from symgrad.pipeline import derive
from symgrad.solution import document, paper_document
from symgrad.span import Source
from symgrad.verifying import verify

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)")

SHEET = (Path(symgrad.__file__).parents[1] / "derivations" / "midterm-review.md").read_text("utf-8")
HOSTILE = """# A heading <script>alert(1)</script>

Prose <script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) and $x = <script>alert(1)</script>$

$$y = \\text{<script>alert(1)</script>} = 3$$

<script>alert(1)</script>
"""

# The page is looked at from outside, in a frame of the size of a window.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><iframe src="page.html" style="border:0" width="{width}"
height="{height}"></iframe><pre id="seen"></pre><script>
alerts = 0;
window.onload = () => {{
  const frame = document.querySelector("iframe"), inside = frame.contentDocument, see = frame.contentWindow;
  const all = (selector) => [...inside.querySelectorAll(selector)];
  const box = (element) => element && (({{top, bottom, left, right, width, height}}) => ({{top, bottom, left, right, width, height}}))(
    element.getBoundingClientRect());
  const style = (element) => {{ const s = see.getComputedStyle(element); return [s.color, s.backgroundColor]; }};
  document.querySelector("#seen").textContent = JSON.stringify({{
    across: inside.documentElement.scrollWidth, scripts: all("script, img, [onerror]").length,
    mathematics: all("math").map(box), invalid: all("merror").length,
    head: box(inside.querySelector("header h1")), message: box(inside.querySelector("header .message")),
    mark: box(inside.querySelector("header .mark-error")),
    lines: all(".line").map(line => [box(line.querySelector(".said")), box(line.querySelector(".notes"))]),
    colours: style(inside.querySelector("main")), text: inside.body.innerText,
  }});
}};
</script>"""


def chromium(folder, *options):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}"]
    command += ["--allow-file-access-from-files", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.fixture
def look(tmp_path):
    """What is seen of a page in a window of a size; fails where the browser's console has a message."""

    def looked(markup, width=1280, height=800, *options):
        (tmp_path / "page.html").write_text(markup, "utf-8")
        (tmp_path / "frame.html").write_text(FRAME.format(width=width, height=height), "utf-8")
        run = chromium(tmp_path, *options, "--window-size=1400,1000", "--dump-dom", (tmp_path / "frame.html").as_uri())
        assert not [line for line in run.stderr.splitlines() if "CONSOLE" in line]
        return json.loads(unescape(re.search(r'<pre id="seen">(.*?)</pre>', run.stdout, re.DOTALL)[1]))

    return looked


def wrong_sheet():
    return sheet_html.emit([verify(Source(SHEET.replace("-2 & -4 & -6", "-2 & 4 & -6"), "midterm-review.md"))])


def midterm():
    found = load("midterm", {})
    return html.emit(paper_document(found.title, [(part, derive(part.network, part.wrt, part.of)) for part in parts_of(found)]))


PAGES = {
    "a solution": lambda: html.emit(document(derive(load("rnn", {})))),
    "a paper": midterm,
    "a sheet": lambda: sheet_html.emit([verify(Source(SHEET, "midterm-review.md"))]),
    "a wrong sheet": wrong_sheet,
    "a hostile sheet": lambda: sheet_html.emit([verify(Source(HOSTILE, "notes.md"))]),
}


@pytest.mark.parametrize("width, height", [(1280, 800), (390, 844)])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_and_fits(look, page, width, height):
    seen = look(PAGES[page](), width, height)
    assert seen["across"] <= width
    assert seen["mathematics"] and all(box["width"] > 0 and box["height"] > 0 for box in seen["mathematics"] if box["top"] or box["left"])
    assert seen["invalid"] == 0


def test_the_first_wrong_step_is_seen_without_scrolling(look):
    seen = look(wrong_sheet())
    assert "The first wrong step is in line 30" in seen["text"]
    for box in (seen["head"], seen["message"], seen["mark"]):
        assert box["top"] >= 0 and box["bottom"] <= 800 and box["height"] > 10


def test_findings_stand_beside_their_line_and_below_it_on_a_telephone(look):
    markup = wrong_sheet()
    wide, narrow = look(markup), look(markup, 390, 844)
    assert len(wide["lines"]) > 10
    for said, notes in wide["lines"]:
        assert notes["left"] >= said["right"] and abs(notes["top"] - said["top"]) < 40
    for said, notes in narrow["lines"]:
        assert notes["top"] >= said["bottom"] - 1 and notes["right"] <= 390


def brightness(colour):
    red, green, blue = (int(c) for c in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_there_is_a_dark_theme(look):
    markup = PAGES["a sheet"]()
    ink, paper = map(brightness, look(markup)["colours"])
    assert paper - ink > 150
    ink, paper = map(brightness, look(markup, 1280, 800, "--blink-settings=preferredColorScheme=0")["colours"])
    assert ink - paper > 150


def test_a_script_in_a_sheet_is_text(look):
    seen = look(PAGES["a hostile sheet"]())
    assert seen["scripts"] == 0
    assert seen["text"].count("<script>alert(1)</script>") >= 4


@pytest.mark.parametrize("page", ["a solution", "a wrong sheet"])
def test_what_is_folded_is_printed(tmp_path, page):
    markup = PAGES[page]()
    sheets = []
    for name, shown in (("folded", markup), ("open", re.sub(r"<details(?! [^>]*open)", "<details open", markup))):
        (tmp_path / f"{name}.html").write_text(shown, "utf-8")
        chromium(tmp_path, f"--print-to-pdf={tmp_path / name}.pdf", "--no-pdf-header-footer", (tmp_path / f"{name}.html").as_uri())
        sheets.append(len(re.findall(rb"/Type\s*/Page\b", (tmp_path / f"{name}.pdf").read_bytes())))
    assert sheets[0] == sheets[1] > 1
