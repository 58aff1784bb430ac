"""Text in the syntax of Python → definitions, each a name and a tree of `ast`.

    text ::= definition ((";" | newline) definition)*      definition ::= [name ["[" index "]"] "="] expression

Nothing of it is evaluated; places in the trees are characters of the whole text.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symgrad.errors import InvalidExpression, InvalidNetwork
from symgrad.read.arrays import Refused
from symgrad.span import Source, Span

_LONGEST = 10_000
_DEEPEST = 80
_MOST_NODES = 4_000


# The subscripts of `h_{t-1}` and `W_{hh}`, which are no Python.
_SUBSCRIPT = re.compile(r"(?<=\w)_\{\s*(?:(?P<word>\w+)|(?P<step>\w+\s*[-+]\s*\d+))\s*\}")

# Python does not let a name be called lambda; this one of the same length stands for it while the text is parsed.
_LAMBDA = "lambdą"


@dataclass(frozen=True)
class Assignment:
    """One definition of the text: its name (None where none is written), its place, its tree; of `h[t] = …` the index."""

    name: str | None
    tree: ast.expr
    span: Span
    index: ast.expr | None = None


# ── text → trees ─────────────────────────────────────────────────────────────────────────────────────────────────────


def assignments(source: Source) -> list[Assignment]:
    """The definitions of a text. Raises `Refused` for one that is not Python, or too long, too deep or too large."""
    if len(source.text) > _LONGEST:
        raise Refused(InvalidExpression, f"an expression of {len(source.text)} characters; {_LONGEST} are read", Span(0, 1))
    found = [_assignment(source, piece) for piece in _pieces(source)]
    if not found:
        raise Refused(InvalidExpression, "there is no expression", Span(0, 0))
    for assignment in found[:-1]:
        if assignment.name is None:
            raise Refused(InvalidExpression, "only the last expression may be without a name; write H = … in front", assignment.span)
    seen: set[str] = set()
    for assignment in (a for a in found if a.index is not None):
        head = f"{assignment.name}[{ast.unparse(assignment.index)}]"  # type: ignore[arg-type]
        if head in seen:
            raise Refused(InvalidNetwork, f"{head} is defined twice; a definition is written once", assignment.span)
        seen.add(head)
    return found


def _pieces(source: Source) -> Iterator[Span]:
    """The stretches between semicolons and ends of lines that stand in no bracket."""
    depth, start = 0, 0
    for i, char in enumerate(source.text):
        depth += (char in "([{") - (char in ")]}")
        if char == ";" or (char in "\r\n" and depth <= 0):
            yield from _trimmed(source, start, i)
            start, depth = i + 1, 0
    yield from _trimmed(source, start, len(source.text))


def _trimmed(source: Source, start: int, end: int) -> Iterator[Span]:
    piece = source.text[start:end]
    if piece.strip():
        yield Span(start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip())))


def _assignment(source: Source, span: Span) -> Assignment:
    # Inside brackets a line may end; it is a space here, so that places stay where they are.
    written = re.sub(r"[\r\n\t]", " ", source.slice(span))
    written = _SUBSCRIPT.sub(_subscript, written)
    written = re.sub(r"(?<![\w.])lambda(?!\w)(?!\s*\w*\s*:)", _LAMBDA, written)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(written).body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - 1, 0), len(written) - 1)
        raise Refused(InvalidExpression, f"this is no expression: {error.msg}", Span(span.start + at, span.start + at + 1)) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise Refused(InvalidExpression, f"this is no expression: {error or 'it is nested too deeply'}", span) from None
    _placed(body, written, span.start)
    statement = body[0]
    if len(body) == 1 and isinstance(statement, ast.Expr):
        name, tree = None, statement.value
    elif (
        len(body) == 1 and isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
    ):
        name, tree = plain(statement.targets[0].id), statement.value
    elif isinstance(statement, ast.Assign) and len(body) == len(statement.targets) == 1 and (head := _indexed(statement.targets[0])):
        return _of_this_step(Assignment(head[0], statement.value, span, head[1]))
    else:
        raise Refused(InvalidExpression, "a definition is written name = expression", span)
    return Assignment(name, tree, span)


def _subscript(found: re.Match[str]) -> str:
    """`h_{t-1}` as `h[t-1]` and `W_{hh}` as `W_hh`, in as many characters."""
    made = f"_{found['word']}" if found["word"] else f"[{found['step']}]"
    return made.rjust(len(found[0])) if found["step"] else made.ljust(len(found[0]))


def _indexed(target: ast.expr) -> tuple[str, ast.expr] | None:
    """The name and the index of `h[t]`, which is defined for each step, or of `h[0]`."""
    if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
        return None
    return (target.value.id, target.slice) if isinstance(target.slice, (ast.Name, ast.Constant, ast.BinOp)) else None


def _of_this_step(assignment: Assignment) -> Assignment:
    """`h[t+1] = f(h[t])` as `h[t] = f(h[t-1])`."""
    index = assignment.index
    if not isinstance(index, ast.BinOp):
        return assignment
    letter, ahead = index.left, index.right
    if not (isinstance(letter, ast.Name) and isinstance(ahead, ast.Constant) and isinstance(index.op, (ast.Add, ast.Sub))):
        raise Refused(InvalidExpression, "a step is defined as h[t] = … or h[t+1] = …", assignment.span)
    step = letter.id
    back: ast.operator = ast.Sub() if isinstance(index.op, ast.Add) else ast.Add()

    class Earlier(ast.NodeTransformer):
        """t as t − 1, and x_t as x[t − 1]."""

        def visit_Name(self, node: ast.Name) -> ast.AST:
            if node.id == step:
                return ast.copy_location(ast.BinOp(node, back, ahead), node)
            if not node.id.endswith(f"_{step}"):
                return node
            before = ast.copy_location(ast.BinOp(ast.copy_location(ast.Name(step, ast.Load()), node), back, ahead), node)
            base = ast.copy_location(ast.Name(node.id.removesuffix(f"_{step}"), ast.Load()), node)
            return ast.copy_location(ast.Subscript(base, before, ast.Load()), node)

    return replace(assignment, tree=Earlier().visit(assignment.tree), index=letter)


def _placed(body: Sequence[ast.stmt], written: str, start: int) -> None:
    """Places as characters of the whole text, where `ast` counts bytes of a line; and the bounds on size and depth."""
    at_byte = [i for i, char in enumerate(written) for _ in char.encode("utf-8", "surrogatepass")] + [len(written)]
    stack: list[tuple[ast.AST, int]] = [(statement, 0) for statement in body]
    nodes = 0
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if isinstance(node, (ast.expr, ast.stmt, ast.keyword)):
            node.col_offset, node.end_col_offset = start + at_byte[node.col_offset], start + at_byte[node.end_col_offset or 0]
        if depth > _DEEPEST or nodes > _MOST_NODES:
            bound = f"deeper than {_DEEPEST} levels" if depth > _DEEPEST else f"of more than {_MOST_NODES} pieces"
            raise Refused(InvalidExpression, f"an expression {bound}; give its parts names", Span(start, start + len(written)))
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


def plain(name: str) -> str:
    """A name as it is meant: `lambda_`, and the name that stands for lambda, are lambda."""
    return "lambda" if name in (_LAMBDA, "lambda_") else name
