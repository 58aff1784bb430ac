"""Networks to draw: those that ship, and the shapes that networks come in."""

from functools import cache

from symgrad import Network, dimensions, hadamard, ones, relu, sigmoid, softmax, square, sum, tanh
from symgrad.library import load, parts_of


def perceptron(depth=4):
    """Distinct sizes, a bias in every layer; more than ten layers of quantities go down the page."""
    net, n = Network(f"A perceptron of {depth} layers"), dimensions("n")
    a, y = net.data("x", n, 2), net.data("Y", n, depth + 2)
    for k in range(1, depth + 1):
        W, b = net.parameter(f"W_{k}", k + 1, k + 2), net.parameter(f"b_{k}", 1, k + 2)
        a = net.define(f"a_{k}", relu(net.define(f"z_{k}", a * W + b)))
    net.define("L", sum(square(a - y)))
    return net


def residual(blocks=5):
    net, (n, d) = Network("Residual blocks"), dimensions("n d")
    h, y = net.data("h_0", n, d), net.data("y", n, d)
    for k in range(1, blocks + 1):
        h = net.define(f"h_{k}", h + net.define(f"r_{k}", relu(h * net.parameter(f"W_{k}", d, d))))
    net.define("L", sum(square(h - y)))
    return net


def attention():
    net, (n, d, k) = Network("Attention"), dimensions("n d k")
    X, Y = net.data("X", n, d), net.data("Y", n, k)
    Q, K, V = (net.define(c, X * net.parameter(f"W_{c}", d, k)) for c in "QKV")
    A = net.define("A", softmax(net.define("S", Q * K.T), axis=1))
    Z = net.define("Z", net.define("O", A * V) * net.parameter("W_O", k, k))
    net.define("L", sum(square(Z - Y)))
    return net


def ridge():
    """One definition; a parameter that multiplies nothing drawn is a node."""
    net, (n, d) = Network("Ridge regression"), dimensions("n d")
    X, w, y, weight = net.data("X", n, d), net.parameter("w", d, 1), net.data("y", n, 1), net.parameter(r"\lambda")
    net.define("loss", sum(square(X * w - y)) + weight * sum(square(w)))
    return net


def gru(T=3):
    net, (n, p) = Network("A GRU"), dimensions("n p")
    h, y = net.data("h_0", n, 1), net.data("y", n, 1)
    W, U = ({k: net.parameter(f"{c}_{k}", n, size) for k in "zrh"} for c, size in (("W", p), ("U", n)))
    for t in range(1, T + 1):
        x = net.data(f"x_{t}", p, 1)
        z, r = (net.define(f"{k}_{t}", sigmoid(W[k] * x + U[k] * h)) for k in "zr")
        new = net.define(rf"\tilde{{h}}_{{{t}}}", tanh(W["h"] * x + U["h"] * hadamard(r, h)))
        h = net.define(f"h_{t}", hadamard(z, h) + hadamard(ones(n, 1) - z, new))
    net.define("L", sum(square(y - h)))
    return net


def lstm(T=3):
    net, (n, p) = Network("An LSTM"), dimensions("n p")
    h, c, y = net.data("h_0", n, 1), net.data("c_0", n, 1), net.data("y", n, 1)
    W, U, b = ({k: net.parameter(f"{name}_{k}", n, size) for k in "fiog"} for name, size in (("W", p), ("U", n), ("b", 1)))
    for t in range(1, T + 1):
        x = net.data(f"x_{t}", p, 1)
        gate = {k: net.define(f"{k}_{t}", (tanh if k == "g" else sigmoid)(W[k] * x + U[k] * h + b[k])) for k in "fiog"}
        c = net.define(f"c_{t}", hadamard(gate["f"], c) + hadamard(gate["i"], gate["g"]))
        h = net.define(f"h_{t}", hadamard(gate["o"], tanh(c)))
    net.define("L", sum(square(y - h)))
    return net


def every_step(T=4):
    """A loss at every step, and their sum."""
    net, (n, p, q) = Network("Many to many"), dimensions("n p q")
    W, U, V, b = (net.parameter(*item) for item in (("W_{hh}", n, n), ("W_{xh}", n, p), ("W_{hy}", q, n), ("b_h", n, 1)))
    h, total = net.data("h_0", n, 1), None
    for t in range(1, T + 1):
        h = net.define(f"h_{t}", tanh(W * h + U * net.data(f"x_{t}", p, 1) + b))
        loss = net.define(f"L_{t}", sum(square(net.define(rf"\hat{{y}}_{{{t}}}", softmax(V * h)) - net.data(f"y_{t}", q, 1))))
        total = loss if total is None else total + loss
    net.define("L", total)
    return net


def both_ways():
    net, (n, p), T = Network("Both directions"), dimensions("n p"), 3
    xs = {t: net.data(f"x_{t}", p, 1) for t in range(1, T + 1)}
    states = []
    for name, label, steps in ((r"\overrightarrow{h}", "f", range(1, T + 1)), (r"\overleftarrow{h}", "b", range(T, 0, -1))):
        W, U = net.parameter(f"W_{label}", n, n), net.parameter(f"U_{label}", n, p)
        h = net.data(f"{name}_{{{steps[0] - (1 if label == 'f' else -1)}}}", n, 1)
        found = {}
        for t in steps:
            h = found[t] = net.define(f"{name}_{{{t}}}", tanh(W * h + U * xs[t]))
        states.append(found)
    v, u = net.parameter("v", 1, n), net.parameter("u", 1, n)
    outs = [square(net.define(f"o_{t}", sigmoid(v * states[0][t] + u * states[1][t]))) for t in xs]
    net.define("L", outs[0] + outs[1] + outs[2])
    return net


def sequence_to_sequence(T=3):
    net, (n, p) = Network("An encoder and a decoder"), dimensions("n p")
    W, U, D, V = (net.parameter(*item) for item in (("W_e", n, n), ("U_e", n, p), ("W_d", n, n), ("V", p, n)))
    h = net.data("h_0", n, 1)
    for t in range(1, T + 1):
        h = net.define(f"h_{t}", tanh(W * h + U * net.data(f"x_{t}", p, 1)))
    s, total = net.define("s_0", h), None
    for t in range(1, T + 1):
        s = net.define(f"s_{t}", tanh(D * s))
        loss = net.define(f"l_{t}", sum(square(V * s - net.data(f"y_{t}", p, 1))))
        total = loss if total is None else total + loss
    net.define("L", total)
    return net


def wide_layer():
    net, (n, m) = Network("A wide masked layer"), dimensions("n m")
    M = net.mask("M", n, m, value=[[int((7 * i + 3 * j) % 3 > 0) for j in range(30)] for i in range(20)])
    W, h, t = net.parameter("W", n, m), net.data("h", m, 1), net.data("t", n, 1)
    net.define("L", sum(square(net.define("z", hadamard(M, W) * h) - t)))
    return net


def rows_dropped():
    """A row of activations through a masked weight: entry (j, i) of the mask is the line from j to i."""
    net, (n, m) = Network("A row through a masked layer"), dimensions("n m")
    M = net.mask("M", m, n, value=[[1, 0], [0, 0], [1, 1]])
    net.define("z", net.data("h", 1, m) * hadamard(M, net.parameter("W", m, n)))
    return net


def awkward():
    """Names and a title full of what XML and LaTeX take for their own signs."""
    net, n = Network(r"50% of $x_1$ & {more} #3 <script>alert(1)</script> \today"), dimensions("n")
    x, a, h = net.parameter("x%", n, 1), net.data("a&b", n, 1), net.data("h′", n, 1)
    z = net.define("z_1", relu(hadamard(x, a)))
    net.define("loss", sum(square(z - h)))
    return net


MADE = {
    "perceptron": perceptron, "deep perceptron": lambda: perceptron(15), "residual": residual, "deep residual": lambda: residual(14),
    "attention": attention, "ridge": ridge, "gru": gru, "lstm": lstm, "every step": every_step, "twelve steps": lambda: every_step(12),
    "both ways": both_ways, "sequence to sequence": sequence_to_sequence, "wide layer": wide_layer, "rows dropped": rows_dropped,
    "awkward": awkward, "one step": lambda: load("rnn", {"T": 1}), "fifty steps": lambda: load("rnn", {"T": 50}),
}  # fmt: skip


@cache
def network(name):
    """A network by its name here, or a shipped one, with the number of its part: `dropping 2`."""
    if name in MADE:
        return MADE[name]()
    source, _, part = name.partition(" ")
    return parts_of(load(source))[int(part or 1) - 1].network
