"""Where a function needs a tensor and gets something else: it works, or says so by its name."""

import inspect

import numpy as np
import pytest

import mini_autograd as ma
import mini_autograd.nn.functional as F
from mini_autograd import Tensor, engine
from mini_autograd.nn import init

FUNCTIONS = {
    name: function
    for name, function in {**vars(ma), **vars(F), **vars(init), "backward": engine.backward}.items()
    if inspect.isfunction(function) and not name.startswith("_")
}
# These need no tensor: a path, a function, a name.
for other in "load", "save", "primitive", "calculate_gain":
    del FUNCTIONS[other]

# What else must be given, by the name of the parameter; all others get a tensor.
GIVEN = dict(normalized_shape=2, shape=(2,), dim=0, dim0=0, dim1=0, end=3, steps=3, val=0.0)
# NumPy takes anything for a condition: None and {} are false.
GIVEN |= dict(condition=True)
# A function that is another in a single call lets that one complain.
SPEAKER = dict(gelu="normal_gate", hardsigmoid="hardtanh", relu6="hardtanh", selu="elu")
SPEAKER |= dict(silu="swish") | {name: "init" for name in FUNCTIONS if hasattr(init, name)}

BAD = {"list": [1.0, 2.0], "None": None, "text": "a", "dictionary": {}}


def places():
    """Every function with every parameter that is to be a tensor, or a size."""
    for name, function in FUNCTIONS.items():
        for of, parameter in inspect.signature(function).parameters.items():
            tensor_like = parameter.default is parameter.empty and of not in {*GIVEN, "options"}
            if tensor_like or of in {"weight", "bias"}:
                yield name, of


def called(name, of, bad):
    """The numbers that come of the function with bad in the place of this parameter."""
    arguments, parameters = [], inspect.signature(FUNCTIONS[name]).parameters
    for parameter in parameters.values():
        if parameter.name == of:
            arguments.append(bad)
        elif parameter.default is parameter.empty and parameter.kind < parameter.VAR_KEYWORD:
            arguments.append(GIVEN.get(parameter.name, Tensor([1.0, 2.0], requires_grad=True)))
        elif parameter.kind == parameter.POSITIONAL_OR_KEYWORD:
            arguments.append(parameter.default)
    result = FUNCTIONS[name](*arguments)
    return result.numpy() if isinstance(result, Tensor) else np.asarray(result)


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name, of", [*places()])
def test_it_works_as_with_an_array_or_says_who_cannot_do_with_it(name, of, kind):
    try:
        found = called(name, of, BAD[kind])
    except (TypeError, ValueError) as error:
        speaker = SPEAKER.get(name, name)
        assert str(error).startswith((f"{speaker}(", f"{speaker}: ")), error
    else:
        assert found.dtype.kind in "fib"
        if kind == "list":
            assert found.tolist() == called(name, of, np.array(BAD[kind])).tolist()


@pytest.mark.parametrize("f", [ma.mean, ma.var, F.prelu, F.glu], ids=lambda f: f.__name__)
def test_it_says_what_came_and_what_is_needed(f):
    rest = [np.array([0.25])] if f is F.prelu else []
    with pytest.raises(TypeError, match="^\\w+: a tensor, an array or numbers are needed, not"):
        f({"a": "b" * 1000}, *rest)
    with pytest.raises(TypeError, match=r"^\w+: a tensor, .* not \['x', 'y'\]$"):
        f(["x", "y"], *rest)
