"""Problem 3: a layer with dropped weights (DropConnect) beside one with dropped nodes (dropout)."""

from symgrad import Network, Paper, Part, dimensions, hadamard, square, sum

n, m = dimensions("n m")


def weights_dropped():
    """A fixed mask on the weights: single connections are gone."""
    net = Network("Weights dropped")
    W = net.parameter("W", n, m, value=[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    M = net.mask("M", n, m, value=[[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    h = net.data("h^{(l-1)}", m, 1, value=[1, 2, 3, 4])
    t = net.data("t", n, 1, value=[10, 40, 40])

    net.define("W^{(l)}", hadamard(M, W))
    z = net.define("z", hadamard(M, W) * h)
    net.define("L", sum(square(z - t)) / 2)
    return net


def nodes_dropped():
    """A mask on the activations: whole nodes are gone, with every connection they had."""
    net = Network("Nodes dropped")
    W = net.parameter("W", n, m, value=[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    mask = net.mask("m", m, 1, value=[1, 0, 1, 0])
    h = net.data("h^{(l-1)}", m, 1, value=[1, 2, 3, 4])
    t = net.data("t", n, 1, value=[10, 40, 40])

    z = net.define("z", W * hadamard(mask, h))
    net.define("L", sum(square(z - t)) / 2)
    return net


paper = Paper(
    "Dropping weights and dropping nodes",
    (
        Part("Weights dropped", weights_dropped(), wrt=("W", "h^{(l-1)}")),
        Part("Nodes dropped", nodes_dropped(), wrt=("W", "h^{(l-1)}")),
    ),
)
