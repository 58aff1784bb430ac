"""Emitters: a document, or a derivation, to text in one format. They print; they compute nothing."""
