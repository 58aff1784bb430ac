from symgrad import Steps, dimensions, relu, square, sum

n, L = dimensions("n L")
network = Steps("A stack of equal layers", L, t="l")
layer = network.t
W, b, h = network.parameter_at_each("W^{(l)}", n, n), network.parameter_at_each("b^{(l)}", n, 1), network.state("h^{(l)}", n, 1)
x, y = network.data("x", n, 1), network.data("y", n, 1)
network.define(h[0], x)
network.define(h[layer], relu(W[layer] * h[layer - 1] + b[layer]))
network.define("J", sum(square(h[L] - y)) / L)
