from symgrad import Steps, dimensions, squared_norm, tanh

d, p, T = dimensions("d p T")
network = Steps("A recurrent network", T)
t = network.t
W, U = network.parameter("W", d, d), network.parameter("U", d, p)
x, y, h = network.data_at_each("x", p, 1), network.data_at_each("y", d, 1), network.state("h", d, 1)
network.define(h[t], tanh(W * h[t - 1] + U * x[t]))
network.define("L", network.total(squared_norm(h[t] - y[t])))
