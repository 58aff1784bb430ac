"""Eigenvalues and eigenvectors of a symmetric matrix, and the norms by singular values.

Of a matrix that is not symmetric, the eigenvalues are those of its symmetric part (A + Aᵀ)/2, so that every entry of A may move by itself.
Sources: Matrix Cookbook (2012), (67) and (68); Magnus, *On Differentiating Eigenvalues and Eigenvectors* (1985); Watson,
*Characterization of the Subdifferential of Some Matrix Norms* (1992).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from symgrad.dims import ONE, Shape, show
from symgrad.errors import ShapeError, Unsupported
from symgrad.op import Function, Notation, Op, Prec, Writer
from symgrad.tensor import Func, Node, Params, broadcast, einsum, eye, func, power, transpose

_HALF = Fraction(1, 2)


def _square(shapes: tuple[Shape, ...], what: str) -> Shape:
    shape = shapes[0]
    if len(shape) != 2 or shape[0] is not shape[1]:
        raise ShapeError(f"{what} of a {show(shape)}: they need a square matrix")
    return shape


def _values(shapes: tuple[Shape, ...], _: Params) -> Shape:
    return _square(shapes, "the eigenvalues")[0], ONE


def _vectors(shapes: tuple[Shape, ...], _: Params) -> Shape:
    return _square(shapes, "the eigenvectors")


def _norm(shapes: tuple[Shape, ...], _: Params) -> Shape:
    if len(shapes[0]) != 2:
        raise ShapeError(f"the singular values of a {show(shapes[0])}: they need a matrix")
    return ()


def _eigenvectors(x: Node) -> Node:
    return func("eigenvectors", [x], (), x.shape)


def _eigenvalues(x: Node) -> Node:
    return func("eigenvalues", [x], (), (x.shape[0], ONE))


def _values_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    """V diag(g) Vᵀ."""
    v = _eigenvectors(node.operands[0])
    return (einsum([(v, (0, 1)), (g, (1, 9)), (v, (2, 1))], (0, 2), v.shape),)


def _values_jvp(node: Func, tangents: Any) -> Node:
    """dλ_i = v_iᵀ dA v_i."""
    v, (tangent,) = _eigenvectors(node.operands[0]), tangents
    return einsum([(v, (1, 0)), (tangent, (1, 2)), (v, (2, 0))], (0, 9), node.shape)


def _gaps(x: Node) -> Node:
    """F_ij = 1/(λ_j − λ_i) and 0 on the diagonal."""
    values = _eigenvalues(x)
    identity = eye(x.shape[0])
    return power(broadcast(transpose(values), x.shape) - broadcast(values, x.shape) + identity, -1) - identity


def _vectors_vjp(node: Func, g: Node) -> tuple[Node, ...]:
    """The symmetric part of V (F ⊙ (Vᵀ G)) Vᵀ."""
    labels = [(node, (0, 1)), (_gaps(node.operands[0]), (1, 2)), (node, (3, 1)), (g, (3, 2)), (node, (4, 2))]
    half = einsum(labels, (0, 4), node.shape)
    return ((half + transpose(half)) * _HALF,)


def _vectors_jvp(node: Func, tangents: Any) -> Node:
    """V (F ⊙ (Vᵀ dA V)), of the symmetric part of dA."""
    (tangent,) = tangents
    moved = (tangent + transpose(tangent)) * _HALF
    labels = [(node, (0, 1)), (_gaps(node.operands[0]), (1, 2)), (node, (3, 1)), (moved, (3, 4)), (node, (4, 2))]
    return einsum(labels, (0, 2), node.shape)


def _norm_with(name: str, slope: str, source: str) -> Function:
    """A norm that has a matrix for its derivative, which itself is a function of the operand."""

    def by(x: Node) -> Node:
        return func(slope, [x], (), x.shape)

    def vjp(node: Func, g: Node) -> tuple[Node, ...]:
        x = node.operands[0]
        return (einsum([(g, ()), (by(x), (0, 1))], (0, 1), x.shape),)

    def jvp(node: Func, tangents: Any) -> Node:
        (tangent,) = tangents
        return einsum([(by(node.operands[0]), (0, 1)), (tangent, (0, 1))], (), ())

    return Function(name, vjp, jvp, source=source)


def _without_derivative(name: str, shown: str, norm: str) -> Function:
    def refused(node: Func, _: Any) -> Any:
        raise Unsupported(f"symgrad has no derivative of {shown}, and so no second derivative of the {norm} norm")

    return Function(name, refused, refused)


FUNCTIONS: tuple[Function, ...] = (
    Function("eigenvalues", _values_vjp, _values_jvp, source="Matrix Cookbook (67)"),
    Function("eigenvectors", _vectors_vjp, _vectors_jvp, source="Matrix Cookbook (68)"),
    _norm_with("nuclear_norm", "polar", source="Watson (1992)"),
    _norm_with("spectral_norm", "leading", source="Watson (1992)"),
    _without_derivative("polar", "the orthogonal factor U Vᵀ", "nuclear"),
    _without_derivative("leading", "the leading singular vectors u₁ v₁ᵀ", "spectral"),
)  # fmt: skip


def _write_polar(writer: Writer, form: Any) -> tuple[str, Prec]:
    (body,) = form.args
    if writer.mode == "numpy":
        return f"_polar({writer.write(body, Prec.SUM)})", Prec.ATOM
    inside = writer.write(body, Prec.ATOM)
    if writer.mode == "latex":
        return rf"{inside} \left({inside}^{{\top}} {inside}\right)^{{-1/2}}", Prec.PRODUCT
    return f"{inside} ({inside}ᵀ {inside})^(−1/2)", Prec.PRODUCT


def _write_leading(writer: Writer, form: Any) -> tuple[str, Prec]:
    """u₁ v₁ᵀ, the singular vectors of the largest singular value."""
    body = writer.write(form.args[0], Prec.SUM)
    if writer.mode == "numpy":
        return f"_leading({body})", Prec.ATOM
    if writer.mode == "latex":
        return rf"u_1\left({body}\right) v_1\left({body}\right)^{{\top}}", Prec.PREFIX
    return f"u₁({body}) v₁({body})ᵀ", Prec.PREFIX


def _lowered(name: str, shape: Any) -> Any:
    return lambda nodes, params: func(name, nodes, params, shape(tuple(n.shape for n in nodes), params))


RECORDS: tuple[Op, ...] = (
    Op("eigenvalues", 1, _values, _lowered("eigenvalues", _values),
       Notation(r"\operatorname{{eig}}\left({0}\right)"), Notation("eig({0})"), Notation("_eigenvalues({0})"),
       source="Matrix Cookbook (67)"),
    Op("eigenvectors", 1, _vectors, _lowered("eigenvectors", _vectors),
       Notation(r"\operatorname{{eigvec}}\left({0}\right)"), Notation("eigvec({0})"), Notation("_eigenvectors({0})"),
       source="Matrix Cookbook (68)"),
    Op("nuclear_norm", 1, _norm, _lowered("nuclear_norm", _norm),
       Notation(r"\left\lVert {0} \right\rVert_*"), Notation("‖{0}‖_*"), Notation("np.linalg.norm({0}, 'nuc')"), source="Watson (1992)"),
    Op("spectral_norm", 1, _norm, _lowered("spectral_norm", _norm),
       Notation(r"\sigma_{{\max}}\left({0}\right)"), Notation("σ_max({0})"), Notation("np.linalg.norm({0}, 2)"), source="Watson (1992)"),
    Op("leading", 1, lambda shapes, _: shapes[0], _lowered("leading", lambda shapes, _: shapes[0]), _write_leading, _write_leading,
       _write_leading),
    Op("polar", 1, lambda shapes, _: shapes[0], _lowered("polar", lambda shapes, _: shapes[0]), _write_polar, _write_polar, _write_polar),
)  # fmt: skip
