"""A page of HTML that needs nothing else: its style is inside it, and it may load and run nothing."""

from __future__ import annotations

from html import escape
from importlib.resources import files

# Nothing is fetched and no script runs, whatever a sheet says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(title: str, body: str) -> str:
    """A whole file, ending in a newline; `body` is HTML, the title is text."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n"
        f'<body class="symgrad-page">\n<main class="symgrad">\n{body}\n</main>\n</body>\n</html>\n'
    )


def fragment(body: str) -> str:
    """The same for a place inside another page, as a notebook: the style is for what is inside it only."""
    return f'<style>\n{_style()}</style>\n<div class="symgrad symgrad-inside">\n{body}\n</div>'


def _style() -> str:
    return files("symgrad.emit").joinpath("page.css").read_text(encoding="utf-8")
