"""The losses and layers of PyTorch, TensorFlow and JAX, each as it is written out in the functions that are there.

    line ::= name(parameter, parameter=default) [reduction] = expression in the parameters, also on indented lines

A loss of many entries is their mean, unless `reduction` says otherwise; TensorFlow's have none.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace

from symgrad.dims import Dim
from symgrad.errors import Unsupported
from symgrad.read.arrays import Array, sized
from symgrad.read.call import Call, first
from symgrad.read.functions import word_of

_LINES = """
mse_loss(input, target) mean = (input - target)**2
l1_loss(input, target) mean = abs(input - target)
smooth_l1_loss(input, target, beta=1) mean = huber(input - target, beta)/beta
huber_loss(input, target, delta=1) mean = where(abs(input - target) < delta, (input - target)**2/2, delta*(abs(input - target) - delta/2))
binary_cross_entropy(input, target) mean = -(target*log(input) + (1 - target)*log(1 - input))
binary_cross_entropy_with_logits(input, target) mean = softplus(input) - target*input
binary_cross_entropy_with_pos_weight(input, target, pos_weight) mean = pos_weight*target*softplus(-input) + (1 - target)*softplus(input)
soft_margin_loss(input, target) mean = softplus(-target*input)
poisson_nll_loss(input, target) mean = exp(input) - target*input
gaussian_nll_loss(input, target, var) mean = (log(var) + (input - target)**2/var)/2
kl_div(input, target) mean = target*(log(target) - input)
kl_div_of_logarithms(input, target) mean = exp(target)*(target - input)
multilabel_soft_margin_loss(input, target) mean = softplus(input) - target*input
hinge_embedding_loss(input, target, margin=1) mean = where(target > 0, input, relu(margin - input))
cosine_embedding_loss(a, b, target, margin=0) mean = where(target > 0, 1 - cosine_similarity(a, b), relu(cosine_similarity(a, b) - margin))
triplet_margin_loss(anchor, positive, negative, margin=1) mean =
    relu(norm(anchor - positive, axis=1) - norm(anchor - negative, axis=1) + margin)
multi_margin_loss(input, target, margin=1) mean =
    mean(relu(margin + input - input[arange(len(input)), target][:, None]), axis=1) - margin/input.shape[1]
margin_ranking_loss(input1, input2, target, margin=0) mean = relu(margin - target*(input1 - input2))
cross_entropy_of_labels(input, target) mean = logsumexp(input, axis=1) - input[arange(len(input)), target]
cross_entropy_of_the_diagonal(input) mean = logsumexp(input, axis=1) - diag(input)
cross_entropy_of_shares(input, target) mean = -sum(target*log_softmax(input, axis=1), axis=1)
cross_entropy_of_a_label(input, target) mean = logsumexp(input) - input[target]
cross_entropy_of_one(input, target) mean = -sum(target*log_softmax(input))
smoothed_cross_entropy_of_labels(input, target, label_smoothing) mean =
    logsumexp(input, axis=1) - (1 - label_smoothing)*input[arange(len(input)), target] - label_smoothing*mean(input, axis=1)
smoothed_cross_entropy_of_shares(input, target, label_smoothing) mean =
    -sum(((1 - label_smoothing)*target + label_smoothing/target.shape[1])*log_softmax(input, axis=1), axis=1)
smoothed_cross_entropy_of_a_label(input, target, label_smoothing) mean =
    logsumexp(input) - (1 - label_smoothing)*input[target] - label_smoothing*mean(input)
smoothed_cross_entropy_of_one(input, target, label_smoothing) mean =
    -sum(((1 - label_smoothing)*target + label_smoothing/len(target))*log_softmax(input))
nll_loss(input, target) mean = -input[arange(len(input)), target]

l2_loss(t) = sum(t**2)/2
sigmoid_cross_entropy_with_logits(labels, logits) = softplus(logits) - labels*logits
softmax_cross_entropy_with_logits(labels, logits) = -sum(labels*log_softmax(logits, axis=1), axis=1)
softmax_cross_entropy(logits, labels) = -sum(labels*log_softmax(logits, axis=1), axis=1)
softmax_cross_entropy_with_integer_labels(logits, labels) = logsumexp(logits, axis=1) - logits[arange(len(logits)), labels]
sigmoid_binary_cross_entropy(logits, labels) = softplus(logits) - labels*logits
sparse_softmax_cross_entropy_with_logits(labels, logits) = logsumexp(logits, axis=1) - logits[arange(len(logits)), labels]

cosine_similarity(x1, x2, dim=1) = sum(x1*x2, axis=dim)/(norm(x1, axis=dim)*norm(x2, axis=dim))
pairwise_distance(x1, x2) = norm(x1 - x2, axis=1)
cdist(x1, x2) = sqrt(sum((x1[:, None, :] - x2[None, :, :])**2, axis=2))
linear(input, weight, bias=0) = input@weight.T + bias
layer_norm(input, shape, weight=1, bias=0, eps=1/10**5) = weight*standardized(input, eps) + bias
standardized(input, eps) = (input - mean(input, -1, keepdims=True))/sqrt(var(input, -1, keepdims=True) + eps)
rms_norm(input, shape, weight=1, eps=0) = weight*input/sqrt(mean(input**2, -1, keepdims=True) + eps)
scaled_dot_product_attention(query, key, value) = softmax(query@key.mT/sqrt(query.shape[-1]), -1)@value
attention_with_mask(query, key, value, mask) = softmax(query@key.mT/sqrt(query.shape[-1]) + mask, -1)@value
causal_attention(query, key, value) = causal_softmax(query@key.mT/sqrt(query.shape[-1]))@value
masked_fill(input, mask, value) = where(mask, value, input)
cov_of_rows(m, less=1) = (m - mean(m, axis=1, keepdims=True))@(m - mean(m, axis=1, keepdims=True)).T/(m.shape[1] - less)
cov_of_columns(m, less=1) = (m - mean(m, axis=0, keepdims=True)).T@(m - mean(m, axis=0, keepdims=True))/(m.shape[0] - less)
ptp(x) = max(x) - min(x)
pearson(x, y) = sum((x - mean(x))*(y - mean(y)))/sqrt(sum((x - mean(x))**2)*sum((y - mean(y))**2))
corrcoef(x) = standardized(x, 0)@standardized(x, 0).T/x.shape[1]
weighted_average(a, weights) = sum(a*weights)/sum(weights)
cross(a, b) = concatenate([a[1:2]*b[2:3] - a[2:3]*b[1:2], a[2:3]*b[0:1] - a[0:1]*b[2:3], a[0:1]*b[1:2] - a[1:2]*b[0:1]])
softmin(input, dim=-1) = softmax(-input, dim)
addmm(input, mat1, mat2) = input + mat1@mat2
addmv(input, mat, vec) = input + mat@vec
clamp_min(input, min) = maximum(input, min)
clamp_max(input, max) = minimum(input, max)
embedding(input, weight) = weight[input]
one_hot(labels, num_classes) = eye(num_classes)[labels]
celu(input, alpha=1) = where(input > 0, input, alpha*(exp(input/alpha) - 1))
prelu(input, weight) = where(input > 0, input, weight*input)
threshold(input, threshold, value) = where(input > threshold, input, value)
tanhshrink(input) = input - tanh(input)
softshrink(input, lambd=1/2) = relu(input - lambd) - relu(-input - lambd)
hardshrink(input, lambd=1/2) = where(abs(input) > lambd, input, 0)
softplus_of(input, beta) = softplus(beta*input)/beta
gelu_by_tanh(input) = input*(1 + tanh(sqrt(2/pi)*(input + 8943/200000*input**3)))/2
batch_norm(input, running_mean, running_var, weight=1, bias=0, eps=1/10**5) = weight*(input - running_mean)/sqrt(running_var + eps) + bias
batch_norm_in_training(input, weight=1, bias=0, eps=1/10**5) =
    weight*(input - mean(input, 0, keepdims=True))/sqrt(var(input, 0, keepdims=True) + eps) + bias
"""


@dataclass(frozen=True)
class _Written:
    """A function by its parameters, what they are where they are not given, and what it is; whether its entries are reduced."""

    parameters: tuple[str, ...]
    defaults: Mapping[str, ast.expr]
    body: ast.expr
    is_reduced: bool

    @classmethod
    def of(cls, line: str) -> tuple[str, _Written]:
        head, _, body = line.partition(" = ")
        call = ast.parse(head.removesuffix(" mean"), mode="eval").body
        assert isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        defaults = {str(keyword.arg): keyword.value for keyword in call.keywords}
        names = (*(arg.id for arg in call.args if isinstance(arg, ast.Name)), *defaults)
        return call.func.id.replace("_", ""), cls(names, defaults, ast.parse(body, mode="eval").body, head.endswith(" mean"))


_WRITTEN = dict(map(_Written.of, filter(None, _LINES.replace("\n    ", " ").splitlines())))
KEYWORDS = {word: frozenset({*made.parameters, *(("reduction",) if made.is_reduced else ())}) for word, made in _WRITTEN.items()}
"""The names of what each function takes."""
KEYWORDS["crossentropy"] = KEYWORDS["smoothedcrossentropyofshares"]
KEYWORDS["binarycrossentropywithlogits"] = KEYWORDS["binarycrossentropywithposweight"]
KEYWORDS["softplus"] = KEYWORDS["softplusof"]
KEYWORDS["gelu"] = frozenset({"approximate"})
KEYWORDS["batchnorm"] |= {"training", "momentum"}
KEYWORDS["cov"] = frozenset({"rowvar", "bias", "ddof"})
KEYWORDS["average"] = frozenset({"weights", "axis", "keepdims"})
KEYWORDS["kldiv"] |= {"log_target"}
KEYWORDS["scaleddotproductattention"] |= {"attn_mask", "is_causal"}


def written_out(call: Call) -> Array:
    """What the function of that word is of these arguments."""
    return _of(call, call.word)


def cross_entropy(call: Call) -> Array:
    """Of scores and what is to be: the places of the classes, one for each row, or their shares, as many as there are scores."""
    given = _given(call, _WRITTEN["crossentropyofshares"])
    if _counts(given["target"]):  # each row is of its own class, as in InfoNCE
        return _of(replace(call, args=[given["input"]], keywords=_without(call.keywords, ("input", "target"))), "crossentropyofthediagonal")
    scores, target = (call.array(node) for node in given.values())
    t, smoothed = call.typing, "smoothed" * ("label_smoothing" in call.keywords)
    if t.is_vector(scores):
        return _of(call, smoothed + ("crossentropyofalabel" if t.is_scalar(target) else "crossentropyofone"))
    return _of(call, smoothed + ("crossentropyoflabels" if t.is_vector(target) else "crossentropyofshares"))


def by_keyword(keyword: str, other: str, plain: Callable[[Call], Array]) -> Callable[[Call], Array]:
    """A function that is another one where a keyword is given."""

    def chosen(call: Call) -> Array:
        return _of(call, other) if keyword in call.keywords else plain(call)

    return chosen


def gelu(call: Call, plain: Callable[[Call], Array]) -> Array:
    """`F.gelu(x, approximate='tanh')` is by tanh; any other by the normal distribution."""
    how = call.keywords.get("approximate")
    by_tanh = isinstance(how, ast.Constant) and how.value == "tanh"
    return _of(replace(call, keywords={}), "gelubytanh") if by_tanh else plain(call)


def batch_norm(call: Call) -> Array:
    """`F.batch_norm(X, None, None, training=True)`, by the columns of the batch itself; otherwise by the running mean and variance."""
    training = call.keywords.get("training")
    plain = replace(call, keywords=_without(call.keywords, ("training", "momentum", "running_mean", "running_var")))
    if isinstance(training, ast.Constant) and training.value is True:
        return _of(replace(plain, args=[*call.args[:1], *call.args[3:]]), "batchnormintraining")
    return _of(replace(call, keywords=_without(call.keywords, ("training", "momentum"))), "batchnorm")


def _counts(node: ast.expr) -> bool:
    """Whether it is `torch.arange(n)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)) and word_of(ast.unparse(node.func)) == "arange"


def _without(keywords: Mapping[str, ast.expr], names: Container[str]) -> dict[str, ast.expr]:
    return {name: node for name, node in keywords.items() if name not in names}


def covariance(call: Call) -> Array:
    """`np.cov(X)`, whose rows are the variables unless rowvar=False says otherwise, over the number of observations less 1."""
    array, rows = call.array(first(call)), call.keywords.get("rowvar")
    biased = call.keywords.get("bias")
    less = 0 if isinstance(biased, ast.Constant) and biased.value is True else 1
    if isinstance((ddof := call.keywords.get("ddof")), ast.Constant) and ddof.value in (0, 1):
        less = int(ddof.value == 1)
    by_columns = isinstance(rows, ast.Constant) and not rows.value
    if len(call.args) != 1 or call.typing.is_vector(array):
        raise call.refused("symgrad has cov of one matrix; of a vector it is var(x, ddof=1)", kind=Unsupported)
    asked = replace(call, keywords={"less": ast.copy_location(ast.Constant(less), call.args[0])})
    return _of(asked, "covofcolumns" if by_columns else "covofrows")


def cross(call: Call) -> Array:
    """`np.cross(a, b)`, of vectors of three entries."""
    t = call.typing
    for array in call.arrays(2):
        met = t.shapes.unify(t.column(array, array.span).rows, Dim.of(3)) if array.flat or t.is_vector(array) else None
        if met is None:
            raise call.refused("symgrad has cross of two vectors of three entries", kind=Unsupported)
        t.shapes = met
    return written_out(call)


def average(call: Call, unweighted: Callable[[Call], Array]) -> Array:
    """`np.average(x, weights=w)` of a vector; without weights the mean."""
    if "weights" not in call.keywords:
        return unweighted(call)
    if not call.typing.is_vector(call.array(first(call))) or len(call.args) > 1:
        raise call.refused("symgrad has a weighted average of all entries of a vector", kind=Unsupported)
    return _of(call, "weightedaverage")


def divergence(call: Call) -> Array:
    """`F.kl_div`, whose first argument is a logarithm, and with log_target=True its second too."""
    return _of(call, "kldivoflogarithms" if "log_target" in call.keywords else "kldiv")


def attention(call: Call) -> Array:
    """`scaled_dot_product_attention`: what is added to the scores before the softmax, or each row up to the diagonal."""
    mask, causal = call.keywords.get("attn_mask"), call.keywords.get("is_causal")
    plain = replace(call, keywords=_without(call.keywords, ("attn_mask", "is_causal")))
    if isinstance(mask, ast.Constant) and mask.value is None:
        mask = None
    if isinstance(causal, ast.Constant) and causal.value is True:
        if mask is not None:
            raise call.refused(f"{call.word} takes a mask or is_causal", mask)
        return _of(plain, "causalattention")
    if mask is None:
        return _of(plain, "scaleddotproductattention")
    array = call.array(mask, tensors=True)
    if array.causal:
        return _of(plain, "causalattention")
    if array.mask:
        raise call.refused("symgrad has attn_mask as what is added to the scores, or as tril(ones((n, n)))", mask, Unsupported)
    return _of(replace(plain, keywords={**plain.keywords, "mask": mask}), "attentionwithmask")


def huber(call: Call, of_one: Callable[[Call], Array]) -> Array:
    """`F.huber_loss(input, target)` is of what they are apart; `huber(r, 2)` is of one array."""
    is_of_two = len(call.args) > 1 and call.array(call.args[1], tensors=True).literal is None
    return written_out(call) if is_of_two or "target" in call.keywords else of_one(call)


def _of(call: Call, word: str) -> Array:
    written = _WRITTEN[word]
    given = _given(call, written)
    tree = _PutDefaults({name: node for name, node in written.defaults.items() if name not in given}).visit(copy.deepcopy(written.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset, node.end_col_offset = call.span.start, call.span.end
    made = call.reader.array(_Put(given).visit(tree))
    return _reduced(call, made) if written.is_reduced else made


def _given(call: Call, written: _Written) -> dict[str, ast.expr]:
    given = dict(zip(written.parameters, call.args, strict=False))
    given |= {name: node for name, node in call.keywords.items() if name in written.parameters}
    if len(call.args) > len(written.parameters) or not given.keys() >= set(written.parameters) - set(written.defaults):
        raise call.refused(f"{call.word} takes {', '.join(written.parameters)}")
    return given


def _reduced(call: Call, array: Array) -> Array:
    node = call.keywords.get("reduction")
    how = "mean" if node is None else node.value if isinstance(node, ast.Constant) else None
    t = call.typing
    if how == "none" or t.is_scalar(array):
        return array
    if how not in ("mean", "sum", "batchmean"):
        raise call.refused("a reduction is 'mean', 'sum', 'batchmean' or 'none'", node)
    made = t.reduced("mean" if how == "mean" else "sum", array, None, False, call.span)
    return made if how != "batchmean" else t.over(made, sized(array.shape[0], call.span), call.span)


class _Put(ast.NodeTransformer):
    """Trees in the place of names."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.values.get(node.id, node))


class _PutDefaults(_Put):
    """As `_Put`, without what adds 0 and what is 1 times something."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=0)):
                return left
            case ast.BinOp(left=ast.Constant(value=1), op=ast.Mult(), right=right):
                return right
        return node


LOSSES: dict[str, Callable[[Call], Array]] = {
    **dict.fromkeys(_WRITTEN, written_out),
    "batchnorm": batch_norm,
    "binarycrossentropywithlogits": by_keyword("pos_weight", "binarycrossentropywithposweight", written_out),
    "crossentropy": cross_entropy,
    "kldiv": divergence,
    "scaleddotproductattention": attention,
    "cov": covariance,
    "cross": cross,
}
CLASSES = {
    **{word: word for word in LOSSES if word.endswith("loss")},
    "crossentropyloss": "cross_entropy",
    "bcewithlogitsloss": "binary_cross_entropy_with_logits",
    "bceloss": "binary_cross_entropy",
    "kldivloss": "kl_div",
    "cosinesimilarity": "cosine_similarity",
}
"""The classes of PyTorch, which are made and then called, and the functions that they are."""
