"""Problem 5: a convolution over the words of a document, and a recurrent network over its outputs.

A document has m × k words of d numbers each; they come in batches of b. The convolution takes two words at a time,
two apart, through 32 filters with a bias. The recurrence runs over all k·m/2 outputs; written out here are three.
"""

from symgrad import Network, columns, dimensions, relu, reshape, row_slice, sigmoid, square, tanh, unfold

b, m, k, d = dimensions("b m k d")
FILTERS, WIDTH, STRIDE, STEPS = 32, 2, 2, 3

network = Network("A convolution and a recurrent network")

X = network.data("X", b, m, k, d)
F = network.parameter("F", WIDTH * d, FILTERS)
beta = network.parameter(r"\beta", 1, FILTERS)
W_h = network.parameter("W^{(h)}", FILTERS + d, d)
W_o = network.parameter("W^{(o)}", d, 1)
y = network.data("y", 1, 1)

document = network.define("X_i", reshape(row_slice(X, 0, 1), m * k, d))
C = network.define("C", relu(unfold(document, WIDTH, STRIDE) * F + beta))
network.require(C.shape[0], STEPS, because="the recurrence takes one step a row of `C`")

h = network.data("h_0", 1, d)
for t in range(1, STEPS + 1):
    c = network.define(f"c_{t}", row_slice(C, t - 1, t))
    h = network.define(f"h_{t}", tanh(columns(c, h) * W_h))
y_hat = network.define(r"\hat{y}", sigmoid(h * W_o))
network.define("L", square(y - y_hat))
