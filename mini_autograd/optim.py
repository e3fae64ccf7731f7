"""Optimisers: they move parameters against their gradients.

A step gives each parameter a new array, so that what a graph has saved stays valid, and leaves
.grad alone. A parameter whose .grad is None, such as a frozen one, stays where it is.
"""

from numbers import Real

import numpy as np

from mini_autograd.engine import Tensor


class Optimizer:
    """What all optimisers share: the parameters, zero_grad(), and a loop over the gradients.

    A subclass says in `update` by how much one parameter moves. Its settings become attributes.
    Raises: TypeError for what is no list of leaf tensors; ValueError if none of them requires a
    gradient, or for a setting that is no number from 0 on.
    """

    def __init__(self, params, **settings):
        name = type(self).__name__
        if isinstance(params, Tensor) or not hasattr(params, "__iter__"):
            kind = type(params).__name__
            raise TypeError(f"{name}: a list is needed, such as model.parameters(), not a {kind}")
        params = list(params)
        for p in params:
            if not (isinstance(p, Tensor) and p.is_leaf):
                wanted = "leaf tensors are needed, such as model.parameters()"
                raise TypeError(f"{name}: {wanted}; this is none: {p!r}")
        if not any(p.requires_grad for p in params):
            raise ValueError(f"{name}: there are no parameters to move: none requires a gradient")
        for setting, value in settings.items():
            if not (isinstance(value, Real) and value >= 0):
                raise ValueError(f"{name}: {setting} must be a number from 0 on, not {value!r}")
        vars(self).update(settings)
        self.params = list(dict.fromkeys(params))  # one that is listed twice moves once
        self.state = [{} for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        for p, state in zip(self.params, self.state, strict=True):
            if p.grad is not None:
                values = p.data
                p.data = values - self.update(values, p.grad.data, state)

    def update(self, p, g, state):
        """How far the values p move, downhill from the gradient g; state is theirs to keep."""
        raise NotImplementedError(f"{type(self).__name__} has no update")


class SGD(Optimizer):
    """Stochastic gradient descent: p moves by -lr * v, where v = momentum * v + g.

    weight_decay adds weight_decay * p to the gradient g. v starts as the first g.
    Raises: as Optimizer.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SGD([w], lr=0.25).step()
    >>> w.tolist()
    [0.5, 1.0]
    """

    def __init__(self, params, lr=0.001, momentum=0.0, weight_decay=0.0):
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay)

    def update(self, p, g, state):
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum:
            g = state["v"] = self.momentum * state["v"] + g if state else g
        return self.lr * g


class Adam(Optimizer):
    """Adam: p moves by -lr * m / (sqrt(v) + eps), with m and v running means of g and g**2.

    The means forget at the rates betas; both start at 0, which is corrected for. weight_decay adds
    weight_decay * p to the gradient g.
    Raises: as Optimizer; ValueError if betas are not two numbers from 0 to below 1.
    Reference: Kingma, Ba (2015), arXiv:1412.6980.

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> Adam([w], lr=0.25).step()
    >>> [round(x, 4) for x in w.tolist()]
    [0.75, 1.75]
    """

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr=lr, eps=eps, weight_decay=weight_decay)
        is_pair = isinstance(betas, (tuple, list)) and len(betas) == 2
        if not (is_pair and all(isinstance(beta, Real) and 0 <= beta < 1 for beta in betas)):
            raise ValueError(f"Adam: betas must be two numbers from 0 to below 1, not {betas!r}")
        self.betas = betas

    def update(self, p, g, state):
        if self.weight_decay:
            g = g + self.weight_decay * p
        beta1, beta2 = self.betas
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        v = state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g * g
        return self.lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + self.eps)
