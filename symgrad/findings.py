"""The kinds of finding: for every code what it means, an example, and how to mend it. `symgrad explain` prints this table."""

from __future__ import annotations

from dataclasses import dataclass

from symgrad.errors import UnknownName, nearest


@dataclass(frozen=True)
class Kind:
    """One kind of finding. `cause` is its name in JSON."""

    code: str
    cause: str
    severity: str
    title: str
    meaning: str
    wrong: str
    right: str


KINDS: tuple[Kind, ...] = (
    Kind("SG101", "", "warning", "not read", "A piece of mathematics could not be read, so it was not judged. It does not count as right.",
         r"h = {}_b = x", "h = x W"),
    Kind("SG102", "", "note", "not decided", "The claim was read, but could be neither confirmed nor refuted: often a name in it is defined nowhere.",
         r"\frac{\partial L}{\partial W} = \delta x^\top", r"\delta = \hat{y} - y, \quad \frac{\partial L}{\partial W} = \delta x^\top"),
    Kind("SG103", "", "note", "code passed over", "A block of code computes something. It is not run, and nothing is said of whether it is right.",
         r"dW = X.T @ dZ", r"\frac{\partial L}{\partial W} = X^\top \frac{\partial L}{\partial Z}"),
    Kind("SG201", "sign", "error", "a sign", "The claim holds with the other sign.",
         r"\frac{\partial L}{\partial \hat{y}} = 2(y - \hat{y})", r"\frac{\partial L}{\partial \hat{y}} = -2(y - \hat{y})"),
    Kind("SG202", "missing_transpose", "error", "a transpose missing or too many", "The claim holds with a transpose put in or taken out.",
         r"\frac{\partial L}{\partial W} = \delta x", r"\frac{\partial L}{\partial W} = \delta x^\top"),
    Kind("SG203", "wrong_order", "error", "factors in the wrong order", "Matrix products do not commute; the claim holds in the other order.",
         r"\frac{\partial L}{\partial x} = \delta W^\top", r"\frac{\partial L}{\partial x} = W^\top \delta"),
    Kind("SG204", "missing_factor", "error", "a factor", "Both sides differ by a constant factor: a 2 from a square, a ½ of the loss.",
         r"\frac{\partial L}{\partial \hat{y}} = \hat{y} - y", r"\frac{\partial L}{\partial \hat{y}} = 2(\hat{y} - y)"),
    Kind("SG205", "missing_chain_term", "error", "a term of the chain rule missing", "The variable reaches the loss along several paths; one of them is left out.",
         r"\frac{\partial L}{\partial W} = \delta_2 h_1^\top", r"\frac{\partial L}{\partial W} = \delta_2 h_1^\top + \delta_1 h_0^\top"),
    Kind("SG206", "missing_activation_derivative", "error", "an activation's derivative left out", "Going back through an activation multiplies by its derivative, entry by entry.",
         r"\delta_1 = W_2^\top \delta_2", r"\delta_1 = W_2^\top \delta_2 \odot \sigma'(z_1)"),
    Kind("SG207", "wrong_activation_derivative", "error", "an activation's derivative at the wrong place", "The derivative is taken at the pre-activation, not at the activation, or is another function's.",
         r"\delta_1 = W_2^\top \delta_2 \odot \sigma'(h_1)", r"\delta_1 = W_2^\top \delta_2 \odot \sigma'(z_1)"),
    Kind("SG208", "mask_forgotten", "error", "a mask left out", "The gradient of a masked weight is masked too.",
         r"\frac{\partial L}{\partial W} = \delta h^\top", r"\frac{\partial L}{\partial W} = M \odot (\delta h^\top)"),
    Kind("SG209", "elementwise_vs_matmul", "error", "the other product", "A matrix product stands where a Hadamard product is meant, or the reverse.",
         r"\delta = W^\top \delta_2 \, \sigma'(z)", r"\delta = W^\top \delta_2 \odot \sigma'(z)"),
    Kind("SG210", "sum_vs_mean", "error", "a sum for a mean", "Both sides differ by the number of examples: a 1/n is left out or too many.",
         r"\frac{\partial L}{\partial w} = X^\top (X w - y)", r"\frac{\partial L}{\partial w} = \frac{1}{n} X^\top (X w - y)"),
    Kind("SG211", "index_off_by_one", "error", "an index shifted by one", "A neighbour in time or layer is meant.",
         r"\frac{\partial L}{\partial W} = \sum_t \delta_t h_t^\top", r"\frac{\partial L}{\partial W} = \sum_t \delta_t h_{t-1}^\top"),
    Kind("SG212", "arithmetic_slip", "error", "a slip in the numbers", "The formula is right and a number computed from it is not.",
         r"\begin{bmatrix} 1 & 2 \end{bmatrix} \begin{bmatrix} 3 \\ 4 \end{bmatrix} = 10", r"\begin{bmatrix} 1 & 2 \end{bmatrix} \begin{bmatrix} 3 \\ 4 \end{bmatrix} = 11"),
    Kind("SG213", "wrong_given", "error", "another given value", "The result belongs to another value of something given, or the given differs from the key's.",
         r"y = \begin{bmatrix} 8 \\ 10 \end{bmatrix}", r"y = \begin{bmatrix} 8 \\ 11 \end{bmatrix}"),
    Kind("SG214", "stale_value", "error", "an old value", "The result belongs to the value that a name had before it was given a new one.",
         "x = 1, x = 2, 3x = 3", "x = 1, x = 2, 3x = 6"),
    Kind("SG215", "shape_mismatch", "error", "shapes that do not fit", "The two sides, or two factors, have shapes that do not go together.",
         r"\underset{3 \times 1}{a} = \underset{1 \times 3}{b}", r"a = b^\top"),
    Kind("SG216", "param_count", "error", "a wrong count", "The number of parameters or the size is another one.",
         "2d params per filter, with bias", "2d + 1 params per filter, with bias"),
    Kind("SG217", "missing_sum", "error", "a sum left out", "A bias is shared by all examples, so its gradient is summed over them.",
         r"\frac{\partial L}{\partial b} = \delta", r"\frac{\partial L}{\partial b} = \sum_n \delta_n"),
    Kind("SG218", "activation_not_applied", "error", "an activation not applied", "The value is that of the pre-activation, or one to which the activation was applied unsaid.",
         r"\mathrm{ReLU}(\begin{bmatrix} 1 & -7 \end{bmatrix}) = \begin{bmatrix} 1 & -7 \end{bmatrix}", r"\mathrm{ReLU}(\begin{bmatrix} 1 & -7 \end{bmatrix}) = \begin{bmatrix} 1 & 0 \end{bmatrix}"),
    Kind("SG219", "softmax_diagonal", "error", "only the diagonal of the softmax Jacobian", "Every output of a softmax depends on every input: ∂p/∂z = diag(p) − p pᵀ.",
         r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial p} \odot p \odot (1 - p)", r"\frac{\partial L}{\partial z} = p \odot (g - p^\top g)"),
    Kind("SG220", "wrong_layout", "error", "layouts mixed", "Other Jacobians of the sheet are laid out the other way round; this one is transposed.",
         r"\frac{\partial z}{\partial x} = A, \frac{\partial u}{\partial x} = A^\top B^\top", r"\frac{\partial z}{\partial x} = A, \frac{\partial u}{\partial x} = B A"),
    Kind("SG299", "unknown", "error", "it does not hold", "The claim is wrong, and no known mistake explains it.", "1 + 1 = 3", "1 + 1 = 2"),
    Kind("SG301", "", "note", "an activation applied and not written", "The numbers hold only with an activation that no line writes.",
         r"h = x W = \begin{bmatrix} 1 & 0 \end{bmatrix}", r"h = \mathrm{ReLU}(x W) = \begin{bmatrix} 1 & 0 \end{bmatrix}"),
    Kind("SG302", "", "note", "a loss that is no scalar", "The loss was read as the sum over all entries.",
         r"L = (y - \hat{y})^2", r"L = \sum (y - \hat{y})^2"),
    Kind("SG303", "", "warning", "factors that do not conform", "As written the factors cannot be multiplied; as an outer product, or in another order, the claim holds.",
         r"-W \cdot \begin{bmatrix} 2 \\ -14 \end{bmatrix}", r"-\begin{bmatrix} 2 \\ -14 \end{bmatrix} W^\top"),
    Kind("SG304", "", "warning", "a size annotated wrongly", "The number written beside a matrix is not the number of its rows.",
         r"{}_2 \begin{bmatrix} 1 & 0 \end{bmatrix}", r"{}_1 \begin{bmatrix} 1 & 0 \end{bmatrix}"),
    Kind("SG305", "", "note", "a value that was never named", "The claim holds with a value further up that was not given this name.",
         r"h W = \begin{bmatrix} 7 \\ 18 \end{bmatrix}", r"h = \dots, \quad h W = \begin{bmatrix} 7 \\ 18 \end{bmatrix}"),
    Kind("SG306", "", "note", "the direct dependence", "A derivative was read with the other quantities held fixed; the total derivative would count paths twice.",
         r"\sum_t \frac{\partial L}{\partial h_t} \frac{\partial h_t}{\partial W}", r"\sum_t \frac{\partial L}{\partial h_t} \frac{\partial^+ h_t}{\partial W}"),
    Kind("SG307", "", "note", "numerator layout", "The sheet writes gradients as the transposes of their variables' shapes, and keeps to it.",
         r"\frac{\partial L}{\partial w} = (Xw - y)^\top X", r"\nabla_w L = X^\top (Xw - y)"),
    Kind("SG308", "", "note", "follows from an earlier slip", "The line is right for what stands before it.", "", ""),
    Kind("SG309", "", "warning", "a name that drifted", "A name that is defined nowhere was read as the one it resembles.", r"\tilde{y}", r"\hat{y}"),
    Kind("SG310", "", "note", "a condition on sizes", "The sizes written need this to be whole numbers.", "k m / 2", "k m even"),
    Kind("SG311", "", "note", "rounded values carried on", "The last digit differs because rounded values were carried on.", "", ""),
    Kind("SG312", "", "warning", "a less usual reading", "The claim holds in a reading that is not the plainest one.", "", ""),
    Kind("SG313", "", "note", "a name given a new meaning", "From here on the name stands for something else.", "", ""),
    Kind("SG314", "", "note", "a property taken for granted", "The lines hold for a mask of zeros and ones, or for targets that sum to one; no line says that they do.",
         r"\frac{\partial L}{\partial z} = p - y", r"\sum_k y_k = 1, \quad \frac{\partial L}{\partial z} = p - y"),
    Kind("SG315", "", "note", "the right value carried on", "A value further up is written wrongly, and this line holds with the value that it should have.",
         "x = 2, 3x = 5, 6x = 12", "x = 2, 3x = 6, 6x = 12"),
    Kind("SG316", "other_problem", "warning", "another problem than the key's", "A name is defined otherwise than in the key: another loss, activation or layer. The sheet is judged for its own.",
         r"L = \frac12 \|y - \hat{y}\|^2", r"L = \|y - \hat{y}\|^2"),
)  # fmt: skip

BY_CODE = {kind.code: kind for kind in KINDS}
BY_CAUSE = {kind.cause: kind for kind in KINDS if kind.cause}


def explained(code: str) -> Kind:
    """The kind of that code. Raises `UnknownName` with the nearest one."""
    found = BY_CODE.get(code.upper())
    if found is None:
        raise UnknownName(f"there is no finding {code}; {nearest(code.upper(), BY_CODE)}")
    return found
