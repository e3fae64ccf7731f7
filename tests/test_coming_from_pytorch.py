"""The tables for those who know PyTorch, on the operations page: what a row says is so."""

import inspect
import re
import warnings

import numpy as np
import pytest

import mini_autograd as ma
from notebooks import ROOT, read

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")

CELLS = {cell.id: cell.source for cell in read(ROOT / "notebooks/operations.ipynb").cells}
X = np.array([[0.5, -2.0, 3.0], [1.5, 0.25, -0.75]])


def rows(cell):
    """The code in each column of each row of a table; the head of the table has none."""
    found = [line.split(" | ") for line in CELLS[cell].splitlines() if line.startswith("| ")]
    return [[re.findall("`([^`]+)`", column) for column in row] for row in found if "`" in str(row)]


def same_names():
    """Each name as it stands after `import torch`, or in PyTorch's own use of F, nn and optim."""
    for places, names in rows("pytorch-same"):
        prefix = f"{places[0]}." if places and places[0] != "torch" else ""
        yield from (prefix + name for name in names)


SAME = list(same_names())
ABSENT = [name for names, _ in rows("pytorch-absent") for name in names]


def find(module, name):
    """What a name of the tables stands for, in torch or here; None if there is no such thing."""
    full = re.sub(r"^F\.", "nn.functional.", re.sub(r"^x\.", "Tensor.", name.removesuffix("()")))
    for part in full.split("."):
        module = getattr(module, part, None)
    return module


def scope(module):
    """What a sample may use: two tensors, a leaf w, and ways to see what became of it."""
    x, y = module.tensor(X), module.tensor(abs(X[::-1]) + 0.5)
    w = module.tensor(X / 2, requires_grad=True)

    def gradient(run):
        run()
        return w.grad

    def kept(inner):
        inner.retain_grad()
        (inner * inner).sum().backward()
        return inner.grad

    def moved(optimizer):
        for _ in range(3):
            optimizer.zero_grad()
            (w * w * x).sum().backward()
            optimizer.step()
        return w

    places = dict(m=module, nn=module.nn, F=module.nn.functional, optim=module.optim)
    helpers = dict(gradient=gradient, kept=kept, moved=moved, X=X, inspect=inspect)
    return vars(module) | places | helpers | dict(x=x, y=y, w=w)


def plain(result):
    """A tensor as an array."""
    return result.detach().numpy() if hasattr(result, "detach") else result


# How a name is tried where name(x), or for a class name()(x), will not do.
SAMPLES = {
    "tensor": "tensor(X)",
    "zeros": "zeros(2, 3)",
    "ones": "ones((2, 3))",
    "arange": "arange(1, 7, 2)",
    "linspace": "linspace(0, 1, 5)",
    "rand": "rand(2, 3).shape",
    "randn": "randn(2, 3).shape",
    "matmul": "matmul(x, y.T)",
    "where": "where(x > y, x, y)",
    "pow": "pow(y, x)",
    "sqrt": "sqrt(y)",
    "log": "log(y)",
    "log1p": "log1p(y)",
    "var": "var(x, 1)",
    "reshape": "reshape(x, (3, 2))",
    "transpose": "transpose(x, 0, 1)",
    "broadcast_to": "broadcast_to(x, (4, 2, 3))",
    "softmax": "softmax(x, 1)",
    "log_softmax": "log_softmax(x, 1)",
    "logsumexp": "logsumexp(x, 1, True)",
    "no_grad()": "no_grad()(lambda: (w * x).requires_grad)()",
    "x.backward()": "gradient(lambda: (w * x).sum().backward())",
    "x.grad": "gradient(lambda: (w * x).backward(ones_like(x)))",
    "x.requires_grad": "w.requires_grad and (w * x).requires_grad",
    "x.requires_grad_()": "(x * 1.0).requires_grad_().requires_grad",
    "x.retain_grad()": "kept(w * x)",
    "x.is_leaf": "[w.is_leaf, (w * x).is_leaf]",
    "x.detach()": "(w * x).detach().requires_grad",
    "x.item()": "x[0, 1].item()",
    "x.reshape()": "x.reshape(3, -1)",
    "x.transpose()": "x.transpose(-1, 0)",
    "x.sum()": "x.sum((0, 1), True)",
    "x.mean()": "x.mean(1)",
    "x.var()": "x.var(0, correction=0)",
    "F.linear": "F.linear(x, y, x[:, 0])",
    "F.prelu": "F.prelu(x, y[0])",
    "F.softmax": "F.softmax(x, -1)",
    "F.log_softmax": "F.log_softmax(x, -1)",
    "F.glu": "F.glu(x, 0)",
    "F.layer_norm": "F.layer_norm(x, (3,), y[0], y[1], 0.1)",
    "F.rms_norm": "F.rms_norm(x, (2, 3), y)",
    "F.mse_loss": "F.mse_loss(x, y)",
    "F.binary_cross_entropy_with_logits": "F.binary_cross_entropy_with_logits(x, y / 4)",
    "nn.Module": "nn.Module().train(False).training",
    "nn.Parameter": "nn.Parameter(x)",
    "nn.Sequential": "nn.Sequential(nn.Tanh(), nn.ReLU())(x)",
    "nn.RReLU": "nn.RReLU(0.1, 0.3).eval()(x)",
    "nn.Softmax": "nn.Softmax(1)(x)",
    "nn.LogSoftmax": "nn.LogSoftmax(1)(x)",
    "nn.GLU": "nn.GLU(0)(x)",
    "nn.LayerNorm": "nn.LayerNorm(3)(x)",
    "nn.RMSNorm": "nn.RMSNorm((2, 3))(x)",
    "nn.MSELoss": "nn.MSELoss()(x, y)",
    "nn.BCEWithLogitsLoss": "nn.BCEWithLogitsLoss()(x, y / 4)",
    "nn.CrossEntropyLoss": "nn.CrossEntropyLoss()(x, tensor([2, 0]))",
    "nn.init.constant_": "nn.init.constant_(w.detach(), 0.3)",
    "nn.init.calculate_gain": "[nn.init.calculate_gain(n) for n in ('relu', 'leaky_relu', 'tanh')]",
    "optim.Adam": "moved(optim.Adam([w], 0.1, (0.8, 0.9), 1e-6, 0.01))",
}
PAIRS = "add sub mul div hypot maximum minimum eq ne lt le gt ge"
SAMPLES |= {name: f"{name}(x, y)" for name in PAIRS.split()}
# Both draw their own numbers, and 120,000 of them have the same mean and deviation.
DRAWN = {
    "nn.init.uniform_": "nn.init.uniform_(zeros(300, 400), -1, 3)",
    "nn.init.normal_": "nn.init.normal_(zeros(300, 400), 2, 0.5)",
    "nn.init.xavier_uniform_": "nn.init.xavier_uniform_(zeros(300, 400), 2.0)",
    "nn.init.xavier_normal_": "nn.init.xavier_normal_(zeros(300, 400))",
    "nn.init.kaiming_uniform_": "nn.init.kaiming_uniform_(zeros(300, 400))",
    "nn.init.kaiming_normal_": "nn.init.kaiming_normal_(zeros(300, 400), 0, 'fan_out', 'relu')",
}


def sample(name):
    calls = {name: name if name.startswith("x.") else f"{name}(x)"}
    calls |= {name: f"{name}()(x)"} if re.match(r"nn\.[A-Z]", name) else {}
    return (calls | SAMPLES)[name]


def test_every_sample_belongs_to_a_name():
    assert SAMPLES.keys() | DRAWN.keys() <= set(SAME)


@pytest.fixture
def double_precision():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@needs_torch
@pytest.mark.parametrize("name", SAME)
def test_the_same_name_gives_the_same_numbers(double_precision, name):
    assert find(torch, name) is not None and find(ma, name) is not None
    if name in DRAWN:
        theirs, ours = (plain(eval(DRAWN[name], scope(module))) for module in (torch, ma))
        tolerance = 0.02 * theirs.std()
        assert abs(ours.mean() - theirs.mean()) < tolerance > abs(ours.std() - theirs.std())
    else:
        theirs, ours = (np.array(plain(eval(sample(name), scope(m)))) for m in (torch, ma))
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


# Code in the left column: a program, what it leaves in r in PyTorch, and what here.
OTHERWISE = {
    "float32": ("r = str(tensor(1.0).dtype)", "torch.float32", "float64"),
    "v, i = x.max(dim=1)": ("v, i = x.max(dim=1); r = i.tolist()", [2, 0], 1.5),
    "x[0] = 1": ("x[0] = 1; r = x[0, 0].item()", 1.0, TypeError),
    "a += b": ("a = b = x * 1.0; a += 1; r = b[0, 0].item()", 1.5, 0.5),
    "x.numpy()": ("x.numpy()[:] = 9; r = x[0, 0].item()", 9.0, ValueError),
    "x.data": ("r = type(x.data) is type(x)", True, False),
    "retain_graph=True": (
        "y = (w + 1).sum(); y.backward(); y.backward(); r = w.grad[0, 0].item()",
        2.0,
        RuntimeError,
    ),
    "torch.manual_seed(0)": ("r = tuple(rand(2, generator=0).shape)", TypeError, (2,)),
    "nn.Linear(n, m, bias, device, dtype)": (
        "r = list(inspect.signature(nn.Linear).parameters)[3]",
        "device",
        "generator",
    ),
    "F.softplus(x, beta, threshold)": ("r = F.softplus(tensor(22.0)).item() > 22.0", False, True),
    "F.silu": ("r = tuple(F.swish(x, 2.0).shape)", AttributeError, (2, 3)),
    "F.softmax(x)": ("r = tuple(F.softmax(x).shape)", (2, 3), TypeError),
    "F.mse_loss": ("r = F.mse_loss(x, x[:1]).ndim", 0, ValueError),
    "F.relu": ("r = F.relu(tensor([1, -2])).tolist()", [1, 0], TypeError),
    "F.cross_entropy(x, target, weight)": (
        "r = tuple(F.cross_entropy(x, tensor([0, 1]), 'none').shape)",
        TypeError,
        (2,),
    ),
    "optim.SGD(params, lr, momentum, dampening)": (
        "r = list(inspect.signature(optim.SGD).parameters)[3]",
        "dampening",
        "weight_decay",
    ),
    "model.state_dict()": (
        "model = nn.PReLU(); state = model.state_dict(); model(-ones(2)).sum().backward();"
        "optim.SGD(model.parameters(), 1.0).step(); r = state['weight'].item() == 0.25",
        False,
        True,
    ),
}


def outcome(program, module):
    names = scope(module)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where PyTorch warns of its guess
            exec(program, names)
    except Exception as error:
        return type(error)
    return names["r"]


@needs_torch
@pytest.mark.parametrize("code", OTHERWISE)
def test_what_is_otherwise_is_otherwise(code):
    assert code in [code for codes, _ in rows("pytorch-otherwise") for code in codes]
    program, theirs, ours = OTHERWISE[code]
    assert outcome(program, torch) == theirs
    assert outcome(program, ma) == ours


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_not_here_is_not_here(name):
    assert find(ma, name) is None
    assert torch is None or find(torch, name) is not None


@needs_torch
def test_an_update_under_no_grad_reaches_every_name_as_in_pytorch():
    program = "with no_grad():\n    a = x * 1.0\n    b = a\n    a -= 1\nr = (b - x)[0, 0].item()"
    assert outcome(program, torch) == outcome(program, ma) == -1.0
