"""Problem 2: a batch of rows through a ReLU layer and a linear read-out, with the squared error."""

from symgrad import Network, dimensions, relu, square, sum

b = dimensions("b")

network = Network("A ReLU layer with a linear read-out")

x = network.data("x", b, 2, value=[[-2, 1], [3, 5]])
W_E = network.parameter("W^E", 2, 3, value=[[1, 2, -1], [3, -3, 0]])
W_o = network.parameter("W^o", 3, 1, value=[[1], [2], [3]])
y = network.data("y", b, 1, value=[[8], [11]])

z = network.define("z", x * W_E)
h = network.define("h", relu(z))
y_hat = network.define(r"\hat{y}", h * W_o)
L = network.define("L", sum(square(y - y_hat)))
