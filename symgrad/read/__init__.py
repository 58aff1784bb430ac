"""Readers: text to what it says. Nothing that is read is ever executed."""
