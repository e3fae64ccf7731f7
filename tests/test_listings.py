"""Programs written for PyTorch, run with nothing but their import lines changed: same numbers.

Each listing leaves a list `trace` of numbers. It gets `start`, which loads into a module the state
that PyTorch's own run began with, so that both begin alike.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make oracle")

PYTORCH = "import torch\nfrom torch import nn, optim\n"
OURS = "import mini_autograd as torch\nfrom mini_autograd import nn, optim\n"

TRAIN = """
trace = []
for epoch in range(20):
    optimizer.zero_grad()
    outputs = model(inputs)
    loss = criterion(outputs, targets)
    loss.backward()
    optimizer.step()
    trace.append(loss.item())
trace += [p.detach().numpy() for p in model.parameters()]
"""

TWO_LAYERS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        x = nn.functional.relu(self.fc1(x))
        return self.fc2(x)

model = Net()
start(model)
inputs, targets = torch.tensor(X), torch.tensor(CLASSES)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
"""

IN_A_ROW = """
model = nn.Sequential(
    nn.Linear(4, 8), nn.{activation}(), nn.Linear(8, 8), nn.{activation}(), nn.Linear(8, 1)
)
start(model)
inputs, targets = torch.tensor(X), torch.tensor(Y)
criterion = nn.MSELoss()
optimizer = optim.{optimizer}(model.parameters(), lr=0.01)
"""

CUSTOM_LAYER = """
class Affine(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.matmul(x, self.weight) + self.bias

model = Affine()
start(model)
inputs, targets = torch.tensor(X), torch.tensor((Y > 0) * 1.0)
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.01)
"""

SMU = """
class SMU(nn.Module):
    def __init__(self, alpha=0.25):
        super().__init__()
        self.alpha = alpha
        self.mu = torch.nn.Parameter(torch.tensor({mu}))

    def forward(self, x):
        curved = (1 - self.alpha) * x * torch.erf(self.mu * (1 - self.alpha) * x)
        return ((1 + self.alpha) * x + curved) / 2

model = nn.Sequential(nn.Linear(4, 8), SMU(), nn.Linear(8, 1))
start(model)
inputs, targets = torch.tensor(X), torch.tensor(Y)
criterion = nn.MSELoss()
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
"""

SMU1 = SMU.replace(
    "(1 - self.alpha) * x * torch.erf(self.mu * (1 - self.alpha) * x)",
    "torch.sqrt(torch.square(x - self.alpha * x) + torch.square(self.mu))",
)

GATED = """
class Block(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm = nn.{norm}(width)
        self.up, self.down = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width, bias=False)
        self.glu = nn.GLU()

    def forward(self, x):
        return x + self.down(self.glu(self.up(self.norm(x))))

model = nn.Sequential(Block(4, 6), Block(4, 6), nn.{norm}(4), nn.Linear(4, 1))
start(model)
inputs, targets = torch.tensor(X), torch.tensor(Y)
criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=0.01)
"""

BY_HAND = """
w = torch.tensor(X[0], requires_grad=True)
inputs, targets = torch.tensor(X), torch.tensor(Y)
trace = []
for step in range(10):
    loss = ((torch.tanh(inputs @ w) - targets.reshape(-1)) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    trace.append(loss.item())
trace.append(w.detach().numpy())
"""

INITIALISED = """
model = nn.Sequential(nn.Linear(4, 8), nn.{activation}(), nn.Linear(8, 1))
for layer in model:
    if isinstance(layer, nn.Linear):
        torch.nn.init.{initialiser}
        torch.nn.init.zeros_(layer.bias)
trace = [layer.bias.detach().numpy() for layer in [model[0], model[2]]]
trace += [tuple(p.shape) for p in model.parameters()]
trace += [bool(abs(model[0].weight.detach().numpy()).max() <= {bound})]
"""

LISTINGS = {
    "two layers": TWO_LAYERS + TRAIN,
    "relu": IN_A_ROW.format(activation="ReLU", optimizer="SGD") + TRAIN,
    "sigmoid": IN_A_ROW.format(activation="Sigmoid", optimizer="SGD") + TRAIN,
    "tanh": IN_A_ROW.format(activation="Tanh", optimizer="Adam") + TRAIN,
    "elu": IN_A_ROW.format(activation="ELU", optimizer="Adam") + TRAIN,
    "prelu": IN_A_ROW.format(activation="PReLU", optimizer="Adam") + TRAIN,
    "custom layer": CUSTOM_LAYER + TRAIN,
    "smu": SMU.format(mu="1000000.0") + TRAIN,
    "smu from 1": SMU.format(mu="1.0") + TRAIN,
    "smu1": SMU1.format(mu="0.5") + TRAIN,
    "gated, LayerNorm": GATED.format(norm="LayerNorm") + TRAIN,
    "gated, RMSNorm": GATED.format(norm="RMSNorm") + TRAIN,
    "by hand": BY_HAND,
    "xavier": INITIALISED.format(
        activation="Tanh", initialiser="xavier_uniform_(layer.weight)", bound=(6 / 12) ** 0.5
    ),
    "kaiming": INITIALISED.format(
        activation="ReLU",
        initialiser="kaiming_uniform_(layer.weight, mode='fan_in', nonlinearity='relu')",
        bound=(6 / 4) ** 0.5,
    ),
    "constant": INITIALISED.format(
        activation="ReLU", initialiser="constant_(layer.weight, 0.3)", bound=0.3
    ),
    "normal": INITIALISED.format(
        activation="ReLU", initialiser="normal_(layer.weight, mean=0.0, std=0.02)", bound=0.2
    ),
}


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", LISTINGS)
def test_a_listing_gives_the_same_numbers(name):
    rng = np.random.default_rng(0)
    given = dict(X=rng.normal(size=(16, 4)), Y=rng.normal(size=(16, 1)))
    given["CLASSES"] = rng.integers(0, 3, 16)
    states = []

    def remember(model):
        states.append({name: p.detach().numpy().copy() for name, p in model.named_parameters()})

    theirs, ours = dict(given, start=remember), dict(given)
    exec(PYTORCH + LISTINGS[name], theirs)
    ours["start"] = lambda model: model.load_state_dict(states.pop())
    exec(OURS + LISTINGS[name], ours)
    assert len(ours["trace"]) == len(theirs["trace"])
    for mine, other in zip(ours["trace"], theirs["trace"], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)
