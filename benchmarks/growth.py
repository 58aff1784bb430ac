"""How deriving grows with depth: an unrolled RNN and an MLP, beside SymPy's own matrix derivative where it has one.

Run by hand: `python benchmarks/growth.py [--bound SECONDS]`. Times are of this process's processor time on this machine; read the ratios.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

import sympy

from symgrad import Network, dimensions, relu, square, sum
from symgrad.formulas import network_of_text
from symgrad.gradient import Gradient, gradients, graph_size
from symgrad.library import load
from symgrad.pipeline import derive


def rnn(steps: int) -> Network:
    return load("rnn", {"T": steps})


def mlp(layers: int) -> Network:
    n, d = dimensions("n d")
    net = Network(f"An MLP of {layers} layers")
    h = net.data("H_0", n, d)
    target = net.data("Y", n, d)
    for layer in range(1, layers + 1):
        h = net.define(f"H_{{{layer}}}", relu(h * net.parameter(f"W_{{{layer}}}", d, d)))
    net.define("L", sum(square(h - target)))
    return net


def written(title: str, start: str, layer: str, end: str, dims: str) -> Callable[[int], Network]:
    """Networks of equal layers, in NumPy as people type it: `layer` with the numbers of a layer, {i}, and of the one before, {j}."""

    def make(layers: int) -> Network:
        body = "; ".join(layer.format(i=i, j=i - 1) for i in range(1, layers + 1))
        numbered = "; ".join(each.format(i=i) for i in range(1, layers + 1) for each in dims.split("; ") if "{i}" in each)
        shared = "; ".join(each for each in dims.split("; ") if "{i}" not in each)
        found = network_of_text(f"{start}; {body}; {end.format(i=layers)}", "; ".join(filter(None, (shared, numbered))))
        assert isinstance(found, Network)
        found.title = title
        return found

    return make


KINDS = (
    ("residual layers with layer norm", "A0 = X*1", "A{i} = A{j} + relu((A{j} - mean(A{j}, axis=1))/std(A{j}, axis=1)@W{i})@V{i}",
     "L = sum((A{i} - Y)**2)", "X: n,d; Y: n,d; W{i}: d,m; V{i}: m,d"),
    ("attention layers", "A0 = X*1", "A{i} = A{j} + softmax(A{j}@Q{i}@(A{j}@K{i}).T, axis=1)@A{j}@V{i}", "L = sum((A{i} - Y)**2)",
     "X: n,d; Y: n,d; Q{i}: d,m; K{i}: d,m; V{i}: d,d"),
    ("gated linear units", "A0 = X*1", "A{i} = (silu(A{j}@G{i})*(A{j}@W{i}))@V{i}", "L = sum((A{i} - Y)**2)",
     "X: n,d; Y: n,d; G{i}: d,m; W{i}: d,m; V{i}: m,d"),
    ("low-rank adapters", "A0 = X*1", "A{i} = gelu(A{j}@W{i} + A{j}@P{i}@R{i})", "L = sum((A{i} - Y)**2)",
     "X: n,d; Y: n,d; W{i}: d,d; P{i}: d,r; R{i}: r,d"),
    ("graph convolutions", "A0 = X*1", "A{i} = tanh(S@A{j}@W{i} + b{i})", "L = -sum(Y*log_softmax(A{i}, axis=1))",
     "X: n,d; Y: n,d; S: n,n; W{i}: d,d; b{i}: 1,d"),
    ("gated recurrences", "A0 = X*1", "Z{i} = sigmoid(A{j}@U + B); A{i} = Z{i}*A{j} + (1 - Z{i})*tanh(A{j}@W)", "L = sum((A{i} - Y)**2)",
     "X: n,d; Y: n,d; U: d,d; W: d,d; B: 1,d"),
    ("gated recurrent units", "A0 = X*1",
     "Z{i} = sigmoid(A{j}@U + x{i}@P); R{i} = sigmoid(A{j}@V + x{i}@Q); C{i} = tanh((R{i}*A{j})@W + x{i}@S); "
     "A{i} = (1 - Z{i})*A{j} + Z{i}*C{i}", "L = sum((A{i} - Y)**2)",
     "X: n,d; Y: n,d; U: d,d; V: d,d; W: d,d; P: m,d; Q: m,d; S: m,d; x{i}: n,m"),
    ("long short-term memory", "H0 = X*1; C0 = 0*X",
     "I{i} = sigmoid(H{j}@U + x{i}@P); F{i} = sigmoid(H{j}@V + x{i}@Q); O{i} = sigmoid(H{j}@W + x{i}@S); "
     "C{i} = F{i}*C{j} + I{i}*tanh(H{j}@Z + x{i}@R); H{i} = O{i}*tanh(C{i})", "L = sum((H{i} - Y)**2)",
     "X: n,d; Y: n,d; U: d,d; V: d,d; W: d,d; Z: d,d; P: m,d; Q: m,d; S: m,d; R: m,d; x{i}: n,m"),
)  # fmt: skip
"""Layers of the kinds that networks are made of: a title, what comes first, a layer, the loss, the shapes."""


def timed(work: Callable[..., object], *args: object) -> tuple[float, object]:
    start = time.process_time()
    result = work(*args)
    return time.process_time() - start, result


def sweep(net: Network) -> list[Gradient]:
    return list(gradients(net, str(net.default_of()), net.default_wrt()).values())


def sympy_linear_rnn(steps: int) -> None:
    """What SymPy's derivative takes: a linear recurrence (tanh it does not differentiate), by W."""
    d = sympy.Symbol("d", integer=True, positive=True)
    w, h, t = (sympy.MatrixSymbol(n, d, m) for n, m in (("W", d), ("h_0", 1), ("t", 1)))
    for step in range(1, steps + 1):
        h = w * h + sympy.MatrixSymbol(f"x_{step}", d, 1)
    ((h - t).T * (h - t)).diff(w)


def table(title: str, make: Callable[[int], Network], depths: list[int], bound: float) -> dict[int, float]:
    print(f"\n{title}\n{'depth':>6} {'build':>8} {'sweep':>8} {'nodes/step':>11} {'derive':>8} {'+ check':>8} {'ms/step':>8}")
    total: dict[int, float] = {}
    for depth in depths:
        start = time.process_time()
        net = make(depth)
        build = time.process_time() - start
        swept, found = timed(sweep, net)
        plain, _ = timed(lambda net: derive(net, check=False), net)
        total[depth], _ = timed(derive, net)
        nodes = graph_size(found) / depth
        each = 1000 * total[depth] / depth
        print(f"{depth:>6} {build:>8.3f} {swept:>8.4f} {nodes:>11.1f} {plain:>8.3f} {total[depth]:>8.3f} {each:>8.2f}", flush=True)
        if total[depth] > bound:
            print(f"  stopped: more than {bound:.0f} s")
            break
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bound", type=float, default=60.0, help="seconds after which a column stops")
    bound = parser.parse_args().bound
    total = table("tanh RNN, T steps", rnn, [2, 10, 50, 100, 200, 400, 500], bound)
    if 100 in total and 400 in total:
        print(f"  time(T=400) / time(T=100) = {total[400] / total[100]:.2f}")
    table("MLP, layers", mlp, [2, 10, 50, 100, 200], bound)
    for title, *made in KINDS:
        found = table(title, written(title, *made), [5, 10, 20, 40], bound)
        if 40 in found:
            print(f"  time(40) / time(10) = {found[40] / found[10]:.2f}")

    net = rnn(128)
    swept = min(timed(sweep, net)[0] for _ in range(5))
    loading = min(waited("import sympy") for _ in range(3)) - min(waited("") for _ in range(3))
    print(f"\nT = 128, all gradients: {swept:.4f} s; `import sympy`: {loading:.3f} s; ratio {swept / loading:.3f}")

    print("\nSymPy's own derivative of a linear recurrence (it has none for tanh)\n depth  seconds")
    for depth in range(1, 20):
        try:
            seconds, _ = timed(sympy_linear_rnn, depth)
        except Exception as error:
            print(f"{depth:>6} {type(error).__name__}: {error}")
            break
        print(f"{depth:>6} {seconds:>8.2f}", flush=True)
        if seconds > bound / 4:
            print(f"  stopped: more than {bound / 4:.0f} s")
            break


def waited(code: str) -> float:
    """How long another Python takes."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
