"""Readings: what a syntax tree can mean. Each module has a table of rules by kind of node: `(reader, node, shapes)` to typed readings."""

from symgrad.readings.reader import Reader

__all__ = ["Reader"]
