"""The tasks' functions for libraries that differentiate NumPy code; np is their copy of NumPy.

erf is theirs too, for NumPy has none.
"""


def activations(np, erf):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def relu(x):
        return x * (x > 0)  # autograd's rule of maximum turns float32 into float64

    return {
        "sigmoid": sigmoid,
        "relu": relu,
        "elu": lambda x: relu(x) + np.expm1(x - relu(x)),
        "swish": lambda x: x * sigmoid(x),
        "softplus": lambda x: np.logaddexp(x, 0),
        "gelu": lambda x: x * (1 + erf(x / 2**0.5)) / 2,
        "tanh": np.tanh,
    }


def error(np, erf, function, loss):
    """The loss of a perceptron as a function of (parameters, x, target)."""
    f = activations(np, erf)[function]

    def cross_entropy(z, target):
        z = z - np.max(z, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(len(target)), target])

    def mse_loss(z, target):
        return np.mean((z - target) ** 2)

    compare = {"cross_entropy": cross_entropy, "mse_loss": mse_loss}[loss]

    def of(parameters, x, target):
        a = x @ parameters[0].T + parameters[1]
        for i in range(2, len(parameters), 2):
            a = f(a) @ parameters[i].T + parameters[i + 1]
        return compare(a, target)

    return of
