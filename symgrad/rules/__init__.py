"""The rewrites, in the order in which they are tried."""

from __future__ import annotations

from symgrad.rewrite import Rule
from symgrad.rules import exponentials, functions, inverses, masked, matrix_exponentials, products, roots, standard, structure

SIMPLIFY: tuple[Rule, ...] = (
    *functions.RULES,
    *exponentials.RULES,
    *standard.RULES,
    *inverses.RULES,
    *matrix_exponentials.RULES,
    *structure.RULES,
    *masked.RULES,
    *roots.RULES,
    *products.RULES,
)
