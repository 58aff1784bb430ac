"""Places: a text with a name, a stretch of it, and the stretch shown with carets under the part meant.

Offsets count characters of the decoded text; lines and columns count from 1, and a column is a character.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from symgrad.errors import SymgradError

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WIDEST = 120
_MOST_LINES = 4


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text: the characters from `start` up to, not including, `end`."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this one to the end of the other.

        >>> Span(2, 5).to(Span(9, 12))
        Span(start=2, end=12)
        """
        return Span(self.start, max(self.end, other.end))


def around(spans: Iterable[Span]) -> Span:
    """The smallest stretch that holds them all."""
    held = list(spans)
    return Span(min(s.start for s in held), max(s.end for s in held))


@dataclass(frozen=True)
class Source:
    """A text and what to call it in messages."""

    text: str = field(repr=False)
    name: str = "<text>"

    @classmethod
    def decode(cls, data: bytes, name: str) -> Source:
        r"""The text of a file: UTF-8, or UTF-16 with its mark; anything else is refused with the byte that is wrong.

        >>> Source.decode(b"\xef\xbb\xbfab\r\n", "a.md").text
        'ab\r\n'
        """
        encoding = "utf-8"
        for mark, marked in _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                data, encoding = data.removeprefix(mark), marked
                break
        try:
            return cls(data.decode(encoding), name)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise SymgradError(
                f"{name}: the file is not {encoding.upper()} text (byte {error.start}, line {line}); save it as UTF-8"
            ) from None

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _NEWLINE.finditer(self.text))]

    def place(self, offset: int) -> tuple[int, int]:
        r"""Line and column of an offset, both from 1.

        >>> Source("ab\r\ncd").place(5)
        (2, 2)
        """
        line = bisect_right(self._starts, min(max(offset, 0), len(self.text)))
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")

    def slice(self, span: Span) -> str:
        return self.text[span.start : span.end]


def caret(source: Source, span: Span) -> str:
    r"""The line or lines of a stretch, with carets under it; long lines and long stretches are cut short.

    >>> print(caret(Source("first\nŷ = x W\n"), Span(10, 13)))
    2 | ŷ = x W
      |     ^^^
    """
    first, column = source.place(span.start)
    last, end_column = source.place(max(span.start, span.end))
    if last > first and end_column == 1:  # the stretch takes in the end of a line, and nothing of the next
        last, end_column = last - 1, len(source.line(last - 1)) + 1
    margin = len(str(min(last, first + _MOST_LINES - 1)))
    shown: list[str] = []
    for number in range(first, min(last, first + _MOST_LINES - 1) + 1):
        line = source.line(number)
        indent = len(line) - len(line.lstrip())
        start = column - 1 if number == first else indent
        end = end_column - 1 if number == last else len(line)
        shown += _underlined(line, start, max(end, start + 1), f"{number:{margin}} | ", " " * margin + " | ")
    if last >= first + _MOST_LINES:
        shown.append(" " * margin + " | …")
    return "\n".join(shown)


def _underlined(line: str, start: int, end: int, numbered: str, blank: str) -> list[str]:
    left = max(0, min(start - 20, len(line) - _WIDEST)) if len(line) > _WIDEST else 0
    cut = line[left : left + _WIDEST]
    start, end = start - left, min(end - left, _WIDEST)
    before, after = "…" if left else "", "…" if left + _WIDEST < len(line) else ""
    lead = len(before) + _width(cut[:start])
    carets = max(1, _width(cut[start:end]))
    return [numbered + before + _printable(cut) + after, blank + " " * lead + "^" * carets]


def _printable(line: str) -> str:
    return "".join(" " if c == "\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) == "Cc" else c for c in line)


def _width(text: str) -> int:
    """Columns of a terminal: combining and invisible characters take none, East Asian wide ones take two."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
