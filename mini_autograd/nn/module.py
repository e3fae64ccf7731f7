"""Modules: objects that hold parameters and compute with them."""

import math
import os
from collections import deque
from pathlib import Path

import numpy as np

from mini_autograd.engine import Tensor
from mini_autograd.nn.functional.affine import linear


class Parameter(Tensor):
    """A tensor that is learned: it requires a gradient, and the module that holds it lists it."""

    __slots__ = ()

    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad=requires_grad)


def _within(container):
    """What a container holds; nothing, if it is none."""
    if isinstance(container, dict):
        return [*container.keys(), *container.values()]
    if isinstance(container, np.ndarray):
        return container.ravel().tolist() if container.dtype == object else []
    return list(container) if isinstance(container, (list, tuple, set, frozenset, deque)) else []


class Module:
    """Parameters and other modules, held as attributes, and a forward that computes with them.

    A subclass calls super().__init__() first, then assigns its parts. Calling the module calls its
    forward. Its parameters are found under the names of their attributes, joined by dots.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = Parameter([2.0])
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(Tensor([3.0])).tolist()
    [6.0]
    """

    def __init__(self):
        self.training = True

    def __setattr__(self, name, value):
        if isinstance(value, (Parameter, Module)):
            self._refuse_part(name, value)
        elif isinstance(value, Tensor) and value.is_leaf and value.requires_grad:
            raise TypeError(f"{name}: only a Parameter is learned; write nn.Parameter(...)")
        if isinstance(vars(self).get(name), Parameter) and not isinstance(value, Parameter | None):
            raise TypeError(f"{name} is a parameter: assign another, or move it under no_grad()")
        super().__setattr__(name, value)

    def _refuse_part(self, name, part):
        if "training" not in vars(self):
            raise AttributeError(f"{name}: call super().__init__() before assigning parts")
        if not name or "." in name:
            raise AttributeError(f"{name!r} cannot name a part: dots join the names of parts")
        if isinstance(part, Module) and self in part.modules():
            raise ValueError(f"{name}: a module cannot hold itself, nor one that holds it")

    def __call__(self, *inputs, **options):
        return self.forward(*inputs, **options)

    def forward(self, *inputs):
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    # What it holds.
    def _parts(self, kind):
        return [(name, part) for name, part in vars(self).items() if isinstance(part, kind)]

    def named_modules(self, prefix=""):
        """(name, module) of this module and, names joined by dots, of all within it."""
        self._refuse_hidden_parts()
        yield prefix, self
        for name, part in self._parts(Module):
            yield from part.named_modules(f"{prefix}.{name}" if prefix else name)

    def _refuse_hidden_parts(self):
        for name, held in vars(self).items():
            waiting, seen = [] if isinstance(held, (Parameter, Module)) else [held], set()
            for one in waiting:  # the list grows while it is walked
                if isinstance(one, (Parameter, Module)):
                    kind = type(held).__name__
                    raise TypeError(f"{name}: parts in a {kind} are not found; use nn.Sequential")
                if id(one) not in seen:
                    seen.add(id(one))
                    waiting += _within(one)

    def modules(self):
        return iter(dict.fromkeys(module for _, module in self.named_modules()))

    def named_parameters(self):
        """(name, parameter) of each parameter; one that two modules share has two names."""
        for prefix, module in self.named_modules():
            for name, parameter in module._parts(Parameter):
                yield f"{prefix}.{name}" if prefix else name, parameter

    def parameters(self):
        """Each parameter once, in the order in which they were assigned."""
        return iter(dict.fromkeys(parameter for _, parameter in self.named_parameters()))

    # What changes it.
    def train(self, mode=True):
        """Switch to training, or with False to evaluation: what is random may behave otherwise."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        return self.train(False)

    def to(self, dtype):
        """Turn parameters and their gradients into numbers of this dtype, such as numpy.float32."""
        if np.dtype(dtype).kind != "f":
            raise TypeError(f"to: parameters are floating-point numbers, not {np.dtype(dtype)}")
        for parameter in self.parameters():
            parameter._data = Tensor(parameter, dtype=dtype)._data
            if parameter.grad is not None:
                parameter.grad = Tensor(parameter.grad, dtype=dtype)
        return self

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self):
        """{name: values} of all parameters. It stays as it is when the parameters move on."""
        return {name: parameter.detach() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state):
        """Give every parameter the values that state holds under its name; all of them, or none.

        Raises: ValueError if state lacks a name, has one too many, or holds another shape;
        TypeError for numbers that do not fit.
        """
        parameters = dict(self.named_parameters())
        if odd := sorted(parameters.keys() ^ state.keys()):
            raise ValueError(f"load_state_dict: only the module or only the state has {odd}")
        values = {name: Tensor(state[name]) for name in parameters}
        for name, parameter in parameters.items():
            if values[name].shape != parameter.shape:
                raise ValueError(
                    f"load_state_dict: {name} has shape {parameter.shape}, not {values[name].shape}"
                )
            if not np.can_cast(values[name].dtype, parameter.dtype, "same_kind"):
                dtypes = f"{parameter.dtype}, not {values[name].dtype}"
                raise TypeError(f"load_state_dict: {name} has numbers of {dtypes}")
        for name, parameter in parameters.items():
            parameter.data = values[name]

    def extra_repr(self):
        """What stands between the brackets when the module is printed."""
        return ""

    def __repr__(self):
        parts = "".join(f"\n({name}): {part!r}" for name, part in self._parts(Module))
        indented = parts.replace("\n", "\n  ")
        end = "\n" if parts else ""
        return f"{type(self).__name__}({self.extra_repr()}{indented}{end})"


class Sequential(Module):
    """Modules in a row: each computes with what the one before it returned.

    >>> Sequential(Linear(2, 3), Linear(3, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Linear(in_features=3, out_features=1, bias=True)
    )
    """

    def __init__(self, *modules):
        super().__init__()
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(f"Sequential: argument {i} is no module: {module!r}")
            setattr(self, str(i), module)

    def forward(self, x):
        for module in self:
            x = module(x)
        return x

    def __iter__(self):
        return (part for _, part in self._parts(Module))

    def __len__(self):
        return len(self._parts(Module))

    def __getitem__(self, index):
        found = list(self)[index]
        return Sequential(*found) if isinstance(index, slice) else found


class Linear(Module):
    """A layer of neurons: x @ weight.T + bias, on the last axis of x.

    x: (..., in_features); the result is (..., out_features). weight: (out_features, in_features).
    It starts as PyTorch's: weight and bias uniform between -1/sqrt(in_features) and
    1/sqrt(in_features), drawn by generator, a numpy.random.Generator.
    Raises: ValueError if a number of features is not positive.

    >>> Linear(3, 2)(Tensor([[1.0, 2.0, 3.0]])).shape
    (1, 2)
    """

    def __init__(self, in_features, out_features, bias=True, generator=None):
        super().__init__()
        if in_features < 1 or out_features < 1:
            raise ValueError(
                f"Linear: no layer has {in_features} inputs and {out_features} outputs"
            )
        uniform = np.random.default_rng(generator).uniform
        bound = 1 / math.sqrt(in_features)
        self.in_features, self.out_features = in_features, out_features
        size = (out_features, in_features)
        self.weight = Parameter(uniform(-bound, bound, size))
        self.bias = Parameter(uniform(-bound, bound, out_features)) if bias else None

    def forward(self, x):
        return linear(x, self.weight, self.bias)

    def extra_repr(self):
        features = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{features}, bias={self.bias is not None}"


def save(state, path):
    """Write a dictionary of tensors, such as model.state_dict(), to a file, as NumPy's .npz.

    Arrays and numbers will do, too; load() returns tensors. The file is whole or it is not there:
    an earlier one of that name is replaced at the end, whoever else saves under it meanwhile.
    Raises: TypeError for a state that holds anything else, ValueError for names that NumPy does not
    keep. An earlier file then stays.
    """
    if not (isinstance(state, dict) and all(isinstance(name, str) for name in state)):
        form = "a dictionary from names to tensors is needed, such as model.state_dict()"
        raise TypeError(f"save: {form}, not {state!r}")
    if taken := sorted({"file", "allow_pickle"} & state.keys()):
        raise ValueError(f"save: NumPy keeps the names {taken} for itself; choose others")
    arrays = {}
    for name, values in state.items():
        try:
            arrays[name] = Tensor(values).numpy()
        except (TypeError, ValueError):
            other = f"{name!r} is of type {type(values).__name__}"
            raise TypeError(f"save: tensors, arrays and numbers can be saved; {other}") from None
    path = Path(path).resolve()  # where a link leads to
    unfinished = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    try:
        with unfinished.open("xb") as file:
            np.savez(file, **arrays)
        if load(unfinished).keys() != arrays.keys():
            raise ValueError(f"save: NumPy does not keep all of the names {list(arrays)}")
        if path.exists():
            unfinished.chmod(path.stat().st_mode)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path):
    """Read the dictionary of tensors that save() wrote, or any .npz file of numbers.

    Nothing in a file is executed. Raises: ValueError if it is damaged, or something else.
    """
    with open(path, "rb") as opened:
        try:
            with np.load(opened, allow_pickle=False) as file:
                # In full, as an array "a" lies in the archive as "a.npy".
                return {name: Tensor(file[f"{name}.npy"]) for name in file.files}
        except Exception as error:  # a damaged archive fails in many ways
            why = f"{path} is not a whole file that save() wrote: {error}"
            raise ValueError(f"load: {why}") from error
