"""The midterm review sheet as a whole: problems 2 to 5."""

from symgrad import Network, Paper, Part, dimensions, relu
from symgrad.library import load

b = dimensions("b")

relu_layer, rnn, dropping, cnn_rnn = load("relu-layer"), load("rnn"), load("dropping"), load("cnn-rnn")


def forward(x_value):
    """Problem 2 (A) and (B): the layer alone."""
    net = Network("h = ReLU(x W^E)")
    x = net.data("x", b, 2, value=x_value)
    W_E = net.parameter("W^E", 2, 3, value=[[1, 2, -1], [3, -3, 0]])
    z = net.define("z", x * W_E)
    net.define("h", relu(z))
    return net


weights, nodes = dropping.parts

paper = Paper(
    "DS 4440 Midterm Review",
    (
        Part(
            "2 (A) One row through the layer",
            forward([[-2, 1]]),
            "The row `x` is multiplied by the weights, then negative entries become 0.",
            show=("network", "values"),
        ),
        Part(
            "2 (B) A batch of rows",
            forward([[-2, 1], [3, 5]]),
            "Every row of the batch goes through the same weights.",
            show=("network", "values"),
        ),
        Part(
            "2 (C) The gradient of the squared error",
            relu_layer,
            "The loss adds the squared errors of the batch.",
        ),
        Part(
            "3 (A), (B) A layer with dropped weights",
            weights.network,
            "A fixed mask `M` keeps some connections; the layer uses `M ⊙ W`.",
            wrt=("W", "h^{(l-1)}"),
        ),
        Part(
            "3 (C) The same layer with dropped nodes",
            nodes.network,
            "Dropout puts the mask on the activations. Compare the gradients with those before: `M ⊙ (δ hᵀ)` is zero at "
            "single entries, `δ (m ⊙ h)ᵀ` in whole columns.",
            wrt=("W", "h^{(l-1)}"),
        ),
        Part(
            "4 Back-propagation through time",
            rnn,
            "One weight matrix is used at every step, so its gradient is a sum over the steps.",
        ),
        Part(
            "5 A convolution and a recurrent network",
            cnn_rnn,
            "A document has `m·k` words of `d` numbers; a filter covers two words, two apart.",
        ),
    ),
)
