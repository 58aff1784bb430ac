"""Functions that NumPy lacks, as one expression each: the parameters and the body."""

from __future__ import annotations

import re

_ERF = "np.vectorize(__import__('math').erf, otypes=[float])"
# ψ⁽ⁿ⁾ far from 0 is a series in the numbers of Bernoulli B₂, B₄, …, and nearer by what one step adds. Abramowitz & Stegun (1964), 6.4.6 and
# 6.4.11.
_BERNOULLI = "(1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)"
# Scaled down until its norm is below ½, the series of Taylor, and squared as often. Higham (2008), §10.3.
_EXPM = (
    "(lambda a, s, i, f: f(lambda p, _: p @ p, range(s), f(lambda p, k: i + a @ p / (k * 2.0**s), range(18, 0, -1), i)))"
    "({a}, max(0, np.frexp(np.linalg.norm({a}, 1))[1] + 1), np.eye(len({a})), __import__('functools').reduce)"
)
# The product form of the iteration of Denman and Beavers; no number where an eigenvalue has no root. Higham (2008), (6.29).
_SQRTM = (
    "(lambda i, f: (lambda x: x if np.allclose(x @ x, {a}) else np.nan * x)"
    "(f(lambda p, _: (lambda x, m, w: (x @ (i + w) / 2, (2 * i + m + w) / 4))(*p, np.linalg.inv(p[1])), range(30), ({a}, {a}))[0]))"
    "(np.eye(len({a})), __import__('functools').reduce)"
)
# Square roots until it is near I, and a series there. Higham (2008), §11.5 and (11.7).
_LOGM = (
    f"(lambda i, f, r: (lambda z: 2 * 2.0**r * z @ f(lambda p, k: i / (2 * k + 1) + z @ z @ p, range(12, -1, -1), 0 * i))"
    f"((lambda x: (x - i) @ np.linalg.inv(x + i))(f(lambda s, _: {_SQRTM.format(a='s')}, range(r), {{a}}))))"
    "(np.eye(len({a})), __import__('functools').reduce, 7)"
)
_ALONG = "(lambda b: {made})(np.block([[a, e], [np.zeros_like(a), a]]))[:len(a), len(a):]"
HELPERS: dict[str, tuple[str, str]] = {
    # 1.0 * makes floats of whole numbers, and what is a float of its own can be written over.
    "_softmax": (
        "z, axis",
        "(lambda e: np.divide(np.exp(e, out=e), e.sum(axis=axis, keepdims=True), out=e))(z - 1.0 * z.max(axis=axis, keepdims=True))",
    ),
    "_log_softmax": (
        "z, axis",
        "(lambda c: c - np.log(np.sum(np.exp(c), axis=axis, keepdims=True)))(z - np.max(z, axis=axis, keepdims=True))",
    ),
    "_logsumexp": (
        "z, axis",
        "(lambda m: m + np.log(np.sum(np.exp(z - m), axis=axis, keepdims=True)))(np.max(z, axis=axis, keepdims=True))",
    ),
    "_softplus": ("z", "np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))"),
    "_erf": ("z", f"{_ERF}(z)"),
    "_gammaln": ("z", "np.vectorize(__import__('math').lgamma, otypes=[float])(z)"),
    "_polygamma": (
        "z, n",
        "(lambda f, y: (-1.0)**(n + 1) * (f(n) * sum((z + i)**(-1.0 - n) for i in range(12)) + (f(n - 1) / y**n if n else -np.log(y)) "
        f"+ f(n) / (2 * y**(n + 1)) + sum(b * f(2 * k + n - 1) / f(2 * k) / y**(2 * k + n) for k, b in enumerate({_BERNOULLI}, 1))))"
        "(__import__('math').factorial, z + 12.0)",
    ),
    "_gelu": ("z", f"z * (1 + {_ERF}(z / np.sqrt(2))) / 2"),
    "_gelu_prime": ("z", f"(1 + {_ERF}(z / np.sqrt(2))) / 2 + z * np.exp(-z**2 / 2) / np.sqrt(2 * np.pi)"),
    "_silu": ("z", "z / (1 + np.exp(-z))"),
    "_silu_prime": ("z", "(lambda s: s * (1 + z * (1 - s)))(1 / (1 + np.exp(-z)))"),
    "_hard_swish": ("z", "z * np.clip(z / 6 + 0.5, 0, 1)"),
    "_hard_swish_prime": ("z", "np.where(np.abs(z) < 3, z / 3 + 0.5, z >= 3)"),
    "_softsign": ("z", "z / (1 + np.abs(z))"),
    "_mish": ("z", "z * np.tanh(np.logaddexp(0, z))"),
    "_mish_prime": (
        "z",
        "(lambda t: t + z * (1 - t**2) / (1 + np.exp(-z)))(np.tanh(np.logaddexp(0, z)))",
    ),
    "_huber": ("z, d", "np.where(np.abs(z) <= d, z**2 / 2, d * (np.abs(z) - d / 2))"),
    "_standardize": ("z, axis, e", "(z - np.mean(z, axis=axis, keepdims=True)) / np.sqrt(np.var(z, axis=axis, keepdims=True) + e)"),
    "_std": ("z, axis, e", "np.sqrt(np.var(z, axis=axis, keepdims=axis is not None) + e)"),
    "_is_max": ("z, axis", "1.0 * (z == np.max(z, axis=axis, keepdims=True))"),
    "_is_median": (
        "z, axis",
        "(lambda r, n: 0.5 * (r == (n - 1) // 2) + 0.5 * (r == n // 2))"
        "(*((z.ravel().argsort().argsort().reshape(z.shape), z.size) if axis is None else (z.argsort(axis).argsort(axis), z.shape[axis])))",
    ),
    "_perm": ("z", "np.eye(len(z))[z[:, 0].argsort()]"),
    "_causal_softmax": (
        "z",
        "(lambda c: (lambda e: e / np.sum(e, axis=1, keepdims=True))(np.exp(c - np.max(c, axis=1, keepdims=True))))"
        "(np.where(np.tri(*z.shape, dtype=bool), z, -np.inf))",
    ),
    "_cholesky": ("a", "np.linalg.cholesky((a + a.T) / 2)"),
    "_expm": ("a", _EXPM.format(a="a")),
    "_dexpm": ("a, e", _ALONG.format(made=_EXPM.format(a="b"))),
    "_sqrtm": ("a", _SQRTM.format(a="a")),
    "_dsqrtm": ("a, e", _ALONG.format(made=_SQRTM.format(a="b"))),
    "_logm": ("a", _LOGM.format(a="a")),
    "_dlogm": ("a, e", _ALONG.format(made=_LOGM.format(a="b"))),
    "_elu": ("z, a", "np.where(z > 0, z, a * np.expm1(np.minimum(z, 0)))"),
    "_elu_prime": ("z, a", "np.where(z > 0, 1, a * np.exp(np.minimum(z, 0)))"),
    "_selu": ("z", "1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))"),
    "_selu_prime": ("z", "1.0507009873554805 * np.where(z > 0, 1, 1.6732632423543772 * np.exp(np.minimum(z, 0)))"),
    "_leaky_relu": ("z, a", "np.where(z > 0, z, a * z)"),
    "_lower": (
        "v, n",
        "(lambda i, j: np.where(i >= j, v[np.where(i >= j, j * n - j * (j + 1) // 2 + i, 0), 0], 0))(*np.indices((n, n)))",
    ),
    "_vech": ("a", "a.T[np.triu_indices(len(a))][:, None]"),
    "_symmetric": (
        "v, n",
        "(lambda i, j: (lambda low, high: v[low * n - low * (low + 1) // 2 + high, 0])(np.minimum(i, j), np.maximum(i, j)))"
        "(*np.indices((n, n)))",
    ),
    "_toeplitz": ("t, n, m", "t[np.arange(n)[:, None] - np.arange(m) + m - 1, 0]"),
    "_diagonal_sums": ("a", "np.array([[np.trace(a, k)] for k in range(a.shape[1] - 1, -len(a), -1)])"),
    "_eigenvalues": ("a", "np.linalg.eigvalsh((a + a.T) / 2)[:, None]"),
    "_eigenvectors": ("a", "(lambda v: v * np.sign(np.sum(v, axis=0)))(np.linalg.eigh((a + a.T) / 2)[1])"),
    "_polar": ("a", "(lambda u, _, v: u @ v)(*np.linalg.svd(a, full_matrices=False))"),
    "_leading": ("a", "(lambda u, _, v: np.outer(u[:, 0], v[0]))(*np.linalg.svd(a, full_matrices=False))"),
    "_one_hot": ("i, k", "1.0 * (np.reshape(i, (-1, 1)) == np.arange(k))"),
    "_window": ("n, p, i, s, d, m", "1.0 * (np.arange(n)[:, None, None] == s * np.arange(p)[:, None] + d * np.arange(i) - m)"),
    "_windows": (
        "x, axis, i, s, d, m",
        "np.moveaxis(np.lib.stride_tricks.sliding_window_view(np.pad(x, np.eye(x.ndim, dtype=int)[axis][:, None] * m), d * (i - 1) + 1, "
        "axis=axis)[..., ::d], -1, axis + 1)[(slice(None),) * axis + (slice(None, None, s),)]",
    ),
    "_unfold": (
        "x, width, stride",
        "np.lib.stride_tricks.sliding_window_view(x, width, axis=0)[::stride].swapaxes(1, 2).reshape(-1, width * x.shape[1])",
    ),
    "_fold": (
        "g, width, stride, n",
        "g.reshape(n, -1) if width == stride else "
        "sum((np.arange(n)[:, None] == stride * np.arange(len(g)) + w) @ part for w, part in enumerate(np.hsplit(g, width)))",
    ),
}  # fmt: skip


def helpers_in(source: str) -> list[str]:
    """The functions that a source calls, by name."""
    called = set(re.findall(r"(?<!\w)(_\w+)\(", source))
    return [name for name in HELPERS if name in called]


def in_place(source: str) -> str:
    """Calls with the function written in place, so that the source needs only `np`."""
    for name in helpers_in(source):
        args, body = HELPERS[name]
        source = re.sub(rf"(?<!\w){name}\(", lambda _: f"(lambda {args}: {body})(", source)  # noqa: B023
    return source
