"""Problem 4: a recurrent network over T steps with one tanh cell and a sigmoid read-out at the end."""

from symgrad import Network, dimensions, sigmoid, square, tanh

d, p = dimensions("d p")


def network(T=3):
    """The network unrolled over T steps."""
    net = Network(f"A recurrent network over {T} steps")
    W_h = net.parameter("W^{(h)}", d, d)
    W_x = net.parameter("W^{(x)}", d, p)
    W_o = net.parameter("W^{(o)}", 1, d)
    y = net.data("y", 1, 1)

    h = net.data("h_0", d, 1)
    for t in range(1, T + 1):
        x = net.data(f"x_{{{t}}}", p, 1)
        h = net.define(f"h_{{{t}}}", tanh(W_h * h + W_x * x))
    y_hat = net.define(r"\hat{y}", sigmoid(W_o * h))
    net.define(r"\mathcal{L}", square(y - y_hat))
    return net
