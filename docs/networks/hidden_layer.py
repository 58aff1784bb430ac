from symgrad import Network, dimensions, relu, square

m, d = dimensions("m d")
network = Network("One hidden layer")
x, y = network.data("x", d, 1), network.data("y", 1, 1)
W, v = network.parameter("W", m, d), network.parameter("v", m, 1)

z = network.define("z", W * x)
h = network.define("h", relu(z))
y_hat = network.define(r"\hat{y}", v.T * h)
network.define("L", square(y_hat - y))
