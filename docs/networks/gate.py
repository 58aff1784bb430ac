from symgrad import Network, dimensions, hadamard, sigmoid, squared_norm

n, d, k = dimensions("n d k")
network = Network("A gated layer")
X, Y = network.data("X", n, d), network.data("Y", n, k)
W, V = network.parameter("W", d, k), network.parameter("V", d, k)
b = network.parameter("b", 1, k)

G = network.define("G", sigmoid(X * V + b))
H = network.define("H", hadamard(X * W, G))
network.define("L", squared_norm(H - Y) / n)
