from symgrad import Network, dimensions, squared_norm

n, d = dimensions("n d")
network = Network("Ridge regression")
X, y, lam = network.data("X", n, d), network.data("y", n, 1), network.data(r"\lambda", positive=True)
w = network.parameter("w", d, 1)
network.define("L", squared_norm(X * w - y) + lam * squared_norm(w))
