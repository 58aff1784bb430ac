r"""Trees written out: compactly for tests and for looking at, and as the canonical spelling of a name."""

from __future__ import annotations

from symgrad.syntax import (
    Accented,
    Angle,
    Annotated,
    BigOp,
    Blank,
    Call,
    Case,
    Cases,
    Derivative,
    Differential,
    Dots,
    Group,
    List,
    Listing,
    Mark,
    Matrix,
    Name,
    Node,
    Number,
    Postfix,
    Prefix,
    Prescripted,
    Product,
    Relation,
    Scripted,
    Sum,
    Text,
    Unread,
    children,
)


def sexpr(node: Node | None) -> str:
    r"""The tree in a compact form, for tests and for looking at.

    >>> from symgrad.span import Span; at = Span(0, 1)
    >>> right = Product(at, (Name(at, "h"), Scripted(at, Name(at, "W"), None, Name(at, "o"))), ("",))
    >>> sexpr(Relation(at, (Name(at, "y", ("hat",)), right), ("=",)))
    '(= hat.y (juxt h (W ^ o)))'
    """
    if node is None:
        return "-"
    plain = _plain(node)
    if plain is not None:
        return plain
    match node:
        case Scripted(base=base, sub=sub, sup=sup) | Prescripted(base=base, sub=sub, sup=sup):
            primes = node.primes if isinstance(node, Scripted) else 0
            parts = [sexpr(base)] + ["_ " + sexpr(sub)] * (sub is not None) + ["^ " + sexpr(sup)] * (sup is not None)
            inside = " ".join(parts) + (" " + "'" * primes if primes else "")
            return f"({'' if isinstance(node, Scripted) else 'pre '}{inside})"
        case Prefix(sign=sign, body=body):
            return f"({sign} {sexpr(body)})"
        case Postfix(sign=sign, body=body):
            return f"(post {sign} {sexpr(body)})"
        case Sum(terms=terms, signs=signs):
            return "(sum" + "".join(f" {s + ' ' if s else ''}{sexpr(t)}" for s, t in zip(signs, terms, strict=True)) + ")"
        case Product(factors=factors, operators=operators):
            return _chain("prod", "juxt", factors, operators)
        case Relation(sides=sides, operators=operators):
            return _chain("rel", "", sides, operators)
        case Listing(items=items, separators=separators):
            return _chain("list", "", items, separators)
        case Call(function=function, args=args, brackets=brackets):
            return _list("call" if brackets else "fn", function, *args)
        case Matrix(rows=rows, kind=kind):
            return f"({kind} " + " ; ".join(" ".join(map(sexpr, row)) for row in rows) + ")"
        case Derivative():
            return _derivative(node)
        case Group(open=left, close=right, body=body):
            return f"({left or '.'}{right or '.'} {sexpr(body)})"
        case List(items=items, separator=separator) | Angle(items=items, separator=separator):
            head = "vec" if isinstance(node, List) else "angle"
            return _list(head if separator == "," or len(items) < 2 else head + separator, *items)
        case Cases(rows=cases):
            return _list("cases", *cases)
        case Case(value=value, condition=condition, words=words):
            return f"(case {sexpr(value)} {sexpr(condition)}{' ' + repr(words) if words else ''})"
        case Accented(accent=accent, body=body):
            return f"({accent} {sexpr(body)})"
        case Annotated(body=body, note=note, above=above):
            return _list("over" if above else "under", body, note)
        case BigOp(operator=operator, below=below, above=top, body=inner):
            limits = ("" if below is None else f" _ {sexpr(below)}") + ("" if top is None else f" ^ {sexpr(top)}")
            return f"(big {operator}{limits} : {sexpr(inner)})"
        case Differential(sign=sign, of=of, order=order):
            return f"({sign}{'' if order is None else sexpr(order)} {sexpr(of)})"
    return _list(type(node).__name__.lower(), *children(node))


def _plain(node: Node) -> str | None:
    match node:
        case Name(base=base, accents=accents, style=style):
            return ".".join([*([style] if style else []), *accents, base])
        case Number(text=text) | Mark(text=text):
            return text
        case Text(text=text):
            return repr(text)
        case Dots(kind=kind):
            return {"dots": "…", "vdots": "⋮", "ddots": "⋱"}[kind]
        case Blank():
            return "□"
        case Unread(reason=reason):
            return f"(unread {reason!r})"
    return None


def _list(head: str, *items: Node) -> str:
    return f"({' '.join([head, *map(sexpr, items)])})"


def _chain(mixed: str, silent: str, items: tuple[Node, ...], operators: tuple[str, ...]) -> str:
    if len(set(operators)) == 1:
        return _list(operators[0] or silent, *items)
    rest = "".join(f" {op + ' ' if op else ''}{sexpr(item)}" for op, item in zip(operators, items[1:], strict=True))
    return f"({mixed} {sexpr(items[0])}{rest})"


def _derivative(node: Derivative) -> str:
    head = {"partial": "∂", "d": "d/d", "delta": "δ/δ", "nabla": "∇"}[node.kind]
    scripts = "".join(f" {m} {sexpr(s)}" for m, s in (("^", node.order), ("mark", node.mark)) if s is not None)
    bare = " bare" if node.bare else ""
    return f"({head}{scripts} {sexpr(node.of)} / {' '.join(map(sexpr, node.wrt))}{bare})"
