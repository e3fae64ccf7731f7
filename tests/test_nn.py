"""Modules: what they find, save and refuse; activation modules against their functions."""

import copy
import inspect
import os
import pickle
import stat
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import mini_autograd
from mini_autograd import Tensor, load, nn, save, tensor
from mini_autograd.gradcheck import gradcheck
from mini_autograd.nn import functional as F


def network(seed=0):
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(3, 5, generator=rng),
        nn.Swish(),
        nn.Sequential(nn.PReLU(5), nn.Linear(5, 2, bias=False, generator=rng)),
    )


class Forgetful(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


class Scaled(nn.Module):
    """Two layers that share their weight, and a number of its own."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
        self.second.weight = self.first.weight
        self.scale = nn.Parameter(2.0)

    def forward(self, x):
        return self.scale * self.second(self.first(x))


# --- What a module finds --------------------------------------------------------------------------


def test_parameters_are_named_by_their_path_in_order():
    names = [name for name, _ in network().named_parameters()]
    assert names == ["0.weight", "0.bias", "1.beta", "2.0.weight", "2.1.weight"]
    assert [p.shape for p in network().parameters()] == [(5, 3), (5,), (), (5,), (2, 5)]


def test_own_parameters_come_before_those_of_parts_and_a_shared_one_once():
    model = Scaled()
    assert next(name for name, _ in model.named_parameters()) == "scale"
    assert len(list(model.named_parameters())) == 5
    assert len(list(model.parameters())) == 4


def test_a_shared_parameter_gets_both_gradients():
    model = Scaled()
    gradcheck(lambda w: model.scale * F.linear(F.linear(tensor([[1.0, 2.0]]), w), w), np.eye(2))
    model(tensor([[1.0, 2.0]])).sum().backward()
    both = model.first.weight.grad.numpy().copy()
    x, w = np.array([[1.0, 2.0]]), model.first.weight.numpy()
    hidden = x @ w.T + model.first.bias.numpy()
    g = np.full((1, 2), 2.0)
    np.testing.assert_allclose(both, g.T @ hidden + (g @ w).T @ x)


def test_training_and_evaluation_reach_every_module():
    model = nn.Sequential(nn.Sequential(nn.RReLU(generator=np.random.default_rng(0))))
    x = -np.ones(1000)
    drawn = model(tensor(x)).numpy()
    assert len(np.unique(drawn)) > 900 and drawn.min() >= -1 / 3 and drawn.max() <= -1 / 8
    assert model.eval() is model
    np.testing.assert_allclose(model(tensor(x)).numpy(), -(1 / 8 + 1 / 3) / 2)
    assert len(np.unique(model.train()(tensor(x)).numpy())) > 900


def test_zero_grad_forgets_every_gradient():
    model = network()
    model(tensor(np.ones((4, 3)))).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_to_turns_every_parameter_and_the_result_into_float32():
    model = network().to(np.float32)
    y = model(tensor(np.ones((4, 3), np.float32)))
    assert y.dtype == np.float32
    y.sum().backward()
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_to_turns_the_gradients_too_as_in_pytorch():
    model = network()
    model(tensor(np.ones((4, 3)))).sum().backward()
    before = [p.grad.numpy() for p in model.parameters()]
    model.to(np.float32)
    after = [p.grad for p in model.parameters()]
    assert {g.dtype for g in after} == {np.dtype(np.float32)}
    for g, b in zip(after, before, strict=True):
        np.testing.assert_array_equal(g.numpy(), b.astype(np.float32))
    model(tensor(np.ones((4, 3), np.float32))).sum().backward()  # adds to what is there
    for p, b in zip(model.parameters(), before, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), 2 * b, rtol=1e-5)


def test_a_call_passes_on_named_arguments():
    class Shifted(nn.Module):
        def forward(self, x, shift=0.0):
            return x + shift

    assert Shifted()(tensor([1.0]), shift=2.0).tolist() == [3.0]
    with pytest.raises(TypeError, match="unexpected keyword argument 'shfit'"):
        Shifted()(tensor([1.0]), shfit=2.0)


def test_it_prints_its_parts_as_pytorch_does():
    assert repr(network()) == (
        "Sequential(\n"
        "  (0): Linear(in_features=3, out_features=5, bias=True)\n"
        "  (1): Swish(beta=1.0)\n"
        "  (2): Sequential(\n"
        "    (0): PReLU(num_parameters=5)\n"
        "    (1): Linear(in_features=5, out_features=2, bias=False)\n"
        "  )\n"
        ")"
    )


def test_sequential_is_a_sequence():
    model = network()
    assert len(model) == 3 and list(model)[1] is model[1] and model[-1] is model[2]
    assert isinstance(model[:2], nn.Sequential) and model[:2][0] is model[0]


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_computes_the_same_and_shares_nothing(twin):
    model, x = network(), tensor(np.ones((1, 3)))
    other = twin(model)
    assert other(x).tolist() == model(x).tolist()
    other[0].weight.data = np.zeros((5, 3))
    assert other(x).tolist() != model(x).tolist()


def with_parts(parts):
    """A module with one more attribute."""
    model = network()
    model.parts = parts
    return model


# --- What it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (Forgetful, AttributeError, r"layer: call super\(\).__init__\(\) before"),
        (
            lambda: setattr(Scaled(), "scale", tensor(1.0)),
            TypeError,
            "scale is a parameter: assign",
        ),
        (lambda: nn.Sequential(nn.ReLU(), F.relu), TypeError, "argument 1 is no module"),
        (lambda: nn.Module()(1.0), NotImplementedError, "Module has no forward"),
        (lambda: nn.Linear(0, 3), ValueError, "no layer has 0 inputs and 3 outputs"),
        (lambda: nn.ReLU().to(int), TypeError, "to: parameters are floating-point"),
        (lambda: F.linear(np.ones((4, 1)), np.ones((1, 1)), np.ones(3)), ValueError, "a bias of"),
        (lambda: network()(tensor(np.ones((2, 4)))), ValueError, r"linear\(shape \(2, 4\)"),
        (lambda: network()(tensor([[1, 2, 3]])), TypeError, "float32 or float64 is needed"),
        (lambda: nn.Parameter([1, 2]), TypeError, "write 1.0 for 1"),
        (lambda: nn.ELU(beta=1.0), TypeError, "ELU takes alpha=1.0: .*'beta'"),
        (lambda: nn.ReLU(1.0), TypeError, "ReLU takes no arguments"),
        (lambda: nn.activation("relu7"), ValueError, "'relu7' is none of celu, elu, .* tanh"),
    ],
)
def test_mistakes_are_explained(mistake, kind, words):
    with pytest.raises(kind, match=words):
        mistake()


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ([nn.ReLU()], "list"),
        ((1, nn.Parameter(1.0)), "tuple"),
        ({"a": nn.ReLU()}, "dict"),
        ({nn.ReLU()}, "set"),
        ([[nn.ReLU()]], "list"),
        ([1, ["a", {"b": (nn.Parameter(1.0),)}]], "list"),
        ({"a": [nn.ReLU()]}, "dict"),
        ({nn.Parameter(1.0): "a"}, "dict"),
        (deque([nn.ReLU()]), "deque"),
        (frozenset([nn.ReLU()]), "frozenset"),
        (np.array([[1, nn.ReLU()]], object), "ndarray"),
    ],
)
def test_parts_that_would_not_be_found_are_refused(parts, kind):
    for use in nn.Module.train, nn.Module.state_dict, lambda model: list(model.parameters()):
        with pytest.raises(TypeError, match=f"parts: parts in a {kind} are not .* nn.Sequential"):
            use(with_parts(parts))


def test_lists_without_parts_are_nobodys_business():
    itself = [1.0, "ab"]
    itself.append(itself)
    arrays = np.ones(3), np.array([1, None])
    for held in itself, [[tensor(1.0)]], {"a": {"b": 1}}, (), "text", deque([1]), *arrays:
        assert len(list(with_parts(held).parameters())) == 5


@pytest.mark.parametrize("name", ["", "a.b", "."])
@pytest.mark.parametrize("part", [nn.Parameter(1.0), nn.ReLU()])
def test_a_name_that_a_state_could_not_tell_apart_is_refused(name, part):
    with pytest.raises(AttributeError, match="cannot name a part: dots join"):
        setattr(nn.Module(), name, part)


def test_a_module_within_itself_is_refused_where_it_is_assigned():
    outer, inner = nn.Module(), nn.Module()
    outer.middle = nn.Sequential(inner)
    for inside in inner, outer:
        with pytest.raises(ValueError, match="loop: a module cannot hold itself"):
            inside.loop = outer
    outer.again = inner  # shared, and no circle
    assert len(list(outer.modules())) == 3


def test_a_tensor_to_be_learned_must_be_a_parameter():
    layer = nn.Linear(2, 3, bias=False)
    with pytest.raises(TypeError, match=r"bias: only a Parameter is learned; write nn.Parameter"):
        layer.bias = tensor(np.zeros(3), requires_grad=True)
    layer.bias = nn.Parameter(np.zeros(3))
    layer.mask, layer.last = tensor(np.ones(3)), layer(tensor(np.ones(2)))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


# --- Saving ---------------------------------------------------------------------------------------


def test_a_state_survives_the_file_to_the_last_bit(tmp_path):
    model, other = network(0), network(1)
    save(model.state_dict(), tmp_path / "model.npz")
    other.load_state_dict(load(tmp_path / "model.npz"))
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.numpy().tobytes() == q.numpy().tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_a_state_stays_when_the_parameters_move_on():
    model = network()
    before = model.state_dict()
    values = before["0.weight"].numpy().copy()
    optimizer = mini_autograd.optim.SGD(model.parameters(), lr=1.0)
    model(tensor(np.ones((4, 3)))).sum().backward()
    optimizer.step()
    assert (model[0].weight.numpy() != values).any()
    assert (before["0.weight"].numpy() == values).all()


def test_loading_keeps_the_dtype_and_the_parameter():
    model = network().to(np.float32)
    weight = model[0].weight
    model.load_state_dict(network(1).state_dict())
    assert model[0].weight is weight and weight.dtype == np.float32 and weight.requires_grad


def changed(**entries):
    return network(1).state_dict() | {name.replace("_", "."): v for name, v in entries.items()}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, r"only the module or only the state has \['0.bias'"),
        (changed(extra=tensor(1.0)), r"\['extra'\]"),
        (
            changed(**{"2_1_weight": np.ones((5, 2))}),
            r"2.1.weight has shape \(2, 5\), not \(5, 2\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state, words):
    model = network()
    before = {name: values.tolist() for name, values in model.state_dict().items()}
    with pytest.raises(ValueError, match=words):
        model.load_state_dict(state)
    assert before == {name: values.tolist() for name, values in model.state_dict().items()}


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ({"model": {"w": tensor(1.0)}, "epoch": 3}, TypeError, "'model' is of type dict"),
        ({"epoch": 3, "name": "best"}, TypeError, "'name' is of type str"),
        ({"a": 1j}, TypeError, "'a' is of type complex"),
        ({"a": object()}, TypeError, "'a' is of type object"),
        ({"a": None}, TypeError, "'a' is of type NoneType"),
        ({"a": [[1], [1, 2]]}, TypeError, "'a' is of type list"),
        ({"layer": nn.Linear(1, 1)}, TypeError, "'layer' is of type Linear"),
        ({1: tensor(1.0)}, TypeError, r"names to tensors is needed.*, not {1: tensor"),
        (nn.Linear(1, 1), TypeError, r"such as model.state_dict\(\), not Linear"),
        ({"allow_pickle": tensor(1.0)}, ValueError, r"NumPy keeps the names \['allow_pickle'\]"),
        ({"file": tensor(1.0)}, ValueError, r"NumPy keeps the names \['file'\]"),
        ({"a\0b": 1.0, "a": 2.0}, ValueError, "NumPy does not keep all of the names"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, state, kind, words):
    path = tmp_path / "model.npz"
    before = whole(path)
    with pytest.raises(kind, match=words):
        save(state, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"a": nn.Parameter([1.0, 2.0]), "b": nn.Parameter(1.0) * 2.0, "c": tensor([1, 2])},
        {"a": np.ones((0, 2), np.float32), "b": 3, "c": 0.1, "d": True, "e": [1.0, 2.0]},
        {"a": 1.0, "a.npy": 2.0, "a.npy.npy": 3.0, "": 4.0, "b/c": 5.0, "名": 6.0},
    ],
)
def test_what_is_saved_is_loaded(tmp_path, state):
    save(state, tmp_path / "model.npz")
    found = load(tmp_path / "model.npz")
    want = {name: Tensor(values) for name, values in state.items()}
    assert found.keys() == want.keys()
    for name, values in found.items():
        assert values.dtype == want[name].dtype and values.tolist() == want[name].tolist()


def save_repeatedly(path, value):
    """Save a state of 20,000 equal numbers, again and again."""
    for _ in range(20):
        save({"a": np.full(10_000, value), "b": np.full(10_000, value)}, path)


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open is not replaced")
def test_whoever_else_saves_meanwhile_the_file_is_whole(tmp_path, pool):
    path = tmp_path / "model.npz"
    save({"a": 0.0, "b": 0.0}, path)
    with pool(4) as executor:
        savers = [executor.submit(save_repeatedly, path, float(i)) for i in range(4)]
        while not all(saver.done() for saver in savers):
            found = load(path)
            assert len(np.unique([found[name].numpy() for name in "ab"])) == 1
        assert [saver.result() for saver in savers] == 4 * [None]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions of Unix")
def test_a_saved_file_has_the_permissions_and_the_place_that_writing_would_leave(tmp_path):
    path, link, plain = (tmp_path / name for name in ("model.npz", "link.npz", "plain"))
    plain.touch()
    save({}, path)
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    link.symlink_to(path)
    save({"a": 1.0}, link)
    assert link.is_symlink() and load(path)["a"].item() == 1.0
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_failure_while_writing_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    before = whole(path)
    monkeypatch.setattr(np, "savez", lambda file, **arrays: file.write(b"PK") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save({"a": 1.0}, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def whole(path):
    save(network().state_dict(), path)
    return path.read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(whole(path)[:-200]),
        lambda path: path.write_bytes(whole(path)[:400]),
        lambda path: path.write_bytes(whole(path).replace(b"NUMPY", b"NUMPI")),
        lambda path: path.write_bytes(whole(path)[:-3] + b"\1\0\0"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("weights"),
        lambda path: path.write_bytes(pickle.dumps({"0.weight": 1})),
        lambda path: np.save(path.open("wb"), np.ones(3)),
        lambda path: np.savez(path.open("wb"), a=np.array(["x"])),
        lambda path: np.savez(path.open("wb"), a=np.array([{}], object)),
    ],
    ids="cut start wrong directory empty text pickle npy strings objects".split(),
)
def test_a_damaged_or_foreign_file_is_refused(tmp_path, damage):
    path = tmp_path / "model.npz"
    damage(path)
    with pytest.raises(ValueError, match="load: .*model.npz is not a whole file that save"):
        load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.npz"):
        load(tmp_path / "none.npz")


# --- Linear ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (0, 3)])
def test_linear_is_a_product_and_a_sum_on_the_last_axis(shape):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=shape), rng.normal(size=(2, 3)), rng.normal(size=2)
    np.testing.assert_allclose(F.linear(x, w, b), x @ w.T + b)
    np.testing.assert_allclose(F.linear(x, w), x @ w.T)
    if x.size:
        gradcheck(F.linear, x, w, b)
        mini_autograd_gradgradcheck(F.linear, x, w, b)


def test_linear_of_no_features_is_the_bias():
    x, w, b = (tensor(np.ones(shape), requires_grad=True) for shape in [(4, 3, 0), (2, 0), 2])
    y = F.linear(x, w, b)
    y.backward(np.ones((4, 3, 2)))
    assert y.shape == (4, 3, 2) and (x.grad.shape, w.grad.shape) == (x.shape, w.shape)
    assert b.grad.tolist() == [12.0, 12.0]


def mini_autograd_gradgradcheck(*arguments):
    from mini_autograd.gradcheck import gradgradcheck

    gradgradcheck(*arguments)


def test_linear_starts_as_pytorchs_does():
    layer = nn.Linear(400, 300, generator=np.random.default_rng(0))
    for values in (layer.weight.numpy(), layer.bias.numpy()):
        assert abs(values).max() <= 0.05
    # The variance of U(-b, b) is b**2 / 3; 120,000 draws give it to within one per cent.
    assert layer.weight.numpy().var() == pytest.approx(0.05**2 / 3, rel=0.01)
    assert abs(layer.weight.numpy().mean()) < 0.0005
    again = nn.Linear(400, 300, generator=np.random.default_rng(0))
    assert (again.weight.numpy() == layer.weight.numpy()).all()


# --- Activation modules ---------------------------------------------------------------------------

OPTIONS = {"softmax": {"dim": 0}, "log_softmax": {"dim": 0}, "prelu": {"weight": np.array([0.25])}}
NAMES = "identity " + " ".join(
    name
    for name, f in vars(F).items()
    if callable(f)
    and name not in "erf erfc glu linear logsumexp".split()
    and "norm" not in name
    and "loss" not in name
    and "entropy" not in name
)


@pytest.mark.parametrize("name", NAMES.split())
def test_every_activation_has_a_module_of_its_name(name):
    options = OPTIONS.get(name, {}) if name != "prelu" else {}
    module = nn.activation(name, **options).eval()
    x = np.linspace(-3, 3, 13)
    want = x if name == "identity" else getattr(F, name)(x, **OPTIONS.get(name, {}))
    np.testing.assert_array_equal(module(tensor(x)).numpy(), want)
    assert type(module).__name__.lower() == name.replace("_", "")
    assert getattr(nn, type(module).__name__) is type(module) and type(module).__doc__


@pytest.mark.parametrize("kind", [nn.Swish, nn.SMU, nn.SMU1, nn.PReLU])
def test_what_a_module_learns_gets_a_gradient(kind):
    module = kind()
    module(tensor(np.array([-1.0, 2.0]))).sum().backward()
    (learned,) = module.parameters()
    assert learned.grad is not None and learned.grad.numpy().all()


def test_options_are_attributes_as_in_pytorch():
    assert nn.LeakyReLU(0.2).negative_slope == 0.2
    assert nn.activation("elu", alpha=0.5).alpha == 0.5
    assert nn.SMU(alpha=0.1).alpha == 0.1 and nn.SMU(mu=3).mu.item() == 3
    assert nn.PReLU().weight.tolist() == [0.25]
    assert nn.PReLU(3, init=0.5).weight.tolist() == [0.5, 0.5, 0.5]


def test_losses_are_modules():
    x, target = tensor([[1.0, 2.0], [3.0, 1.0]]), [0, 1]
    assert nn.CrossEntropyLoss()(x, target).item() == F.cross_entropy(x, target).item()
    assert nn.CrossEntropyLoss(reduction="none")(x, target).shape == (2,)
    ones = np.ones((2, 2))
    assert nn.MSELoss()(x, ones).item() == F.mse_loss(x, ones).item()
    loss = F.binary_cross_entropy_with_logits(x, ones)
    assert nn.BCEWithLogitsLoss()(x, ones).item() == loss.item()


def test_every_module_has_a_docstring_and_goes_by_its_own_name():
    for name, kind in vars(nn).items():
        if inspect.isclass(kind) and issubclass(kind, (nn.Module, Tensor)):
            assert kind.__doc__ and kind.__name__ == name


# --- Norms and the gated unit ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", [4, (4,), [3, 4]])
def test_norms_are_modules_that_learn(shape):
    rng = np.random.default_rng(0)
    x, size = tensor(rng.normal(size=(2, 3, 4))), (shape,) if shape == 4 else tuple(shape)
    w, b = rng.normal(size=size), rng.normal(size=size)
    layer, rms = nn.LayerNorm(shape, eps=0.1), nn.RMSNorm(shape, eps=0.1)
    assert {n: p.tolist() for n, p in layer.named_parameters()} == {
        "weight": np.ones(size).tolist(),
        "bias": np.zeros(size).tolist(),
    }
    assert [name for name, _ in rms.named_parameters()] == ["weight"]
    layer.load_state_dict({"weight": w, "bias": b})
    rms.load_state_dict({"weight": w})
    assert layer(x).tolist() == F.layer_norm(x, shape, w, b, 0.1).tolist()
    assert rms(x).tolist() == F.rms_norm(x, shape, w, 0.1).tolist()
    assert layer.normalized_shape == rms.normalized_shape == size


def test_norms_need_not_learn():
    x = tensor([[1.0, 2.0, 4.0]])
    layer, rms = (kind(3, elementwise_affine=False, eps=0.0) for kind in (nn.LayerNorm, nn.RMSNorm))
    assert not [*layer.parameters(), *rms.parameters()]
    assert layer(x).tolist() == F.layer_norm(x, 3, eps=0.0).tolist()
    assert rms(x).tolist() == F.rms_norm(x, 3, eps=0.0).tolist()
    assert list(nn.LayerNorm(3, bias=False).state_dict()) == ["weight"]


def test_norms_start_with_the_eps_of_pytorch():
    x = tensor([1e-8, 2e-8, -1e-8])
    assert nn.LayerNorm(3)(x).tolist() == F.layer_norm(x, 3, eps=1e-5).tolist()
    assert nn.RMSNorm(3)(x).tolist() == F.rms_norm(x, 3, eps=2.0**-52).tolist()


def test_glu_is_a_module_but_none_that_can_be_exchanged():
    x = tensor(np.arange(8.0).reshape(4, 2))
    assert nn.GLU()(x).tolist() == F.glu(x).tolist()
    assert nn.GLU(0)(x).tolist() == F.glu(x, dim=0).tolist()
    with pytest.raises(ValueError, match="'glu' is none of"):
        nn.activation("glu")


def test_norms_and_the_gated_unit_print_as_in_pytorch():
    parts = nn.LayerNorm(3), nn.LayerNorm((2, 3), bias=False), nn.RMSNorm(3), nn.GLU(0)
    assert [repr(part) for part in parts] == [
        "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)",
        "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=False)",
        "RMSNorm((3,), eps=None, elementwise_affine=True)",
        "GLU(dim=0)",
    ]


# --- Options of the activation modules ------------------------------------------------------------


def test_bounds_and_starts_are_those_that_were_given():
    x = tensor([-2.0, 4.0])
    assert nn.RReLU(0.5, 0.7).eval()(x).tolist() == pytest.approx([-1.2, 4.0])
    assert nn.PReLU(init=0.5)(x).tolist() == [-1.0, 4.0]
    assert nn.PReLU(3, init=0.1).weight.tolist() == [0.1, 0.1, 0.1]


def test_docstrings_say_what_is_learned():
    assert nn.SMU.__doc__ == "smu as a module that learns mu: see nn.functional.smu."
    assert nn.ELU.__doc__ == "elu as a module: see nn.functional.elu."


def test_a_state_whose_numbers_do_not_fit_changes_nothing():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter([1.0])
            self.b = nn.Parameter([1, 2], requires_grad=False)

    model = Two()
    with pytest.raises(TypeError, match="load_state_dict: b has numbers of int64, not float64"):
        model.load_state_dict({"a": [5.0], "b": [1.5, 2.5]})
    assert model.a.tolist() == [1.0]


def test_the_signature_of_an_activation_module_names_what_it_takes():
    assert str(inspect.signature(nn.ELU)) == "(alpha=1.0)"
    assert str(inspect.signature(nn.ReLU)) == "()"
    assert str(inspect.signature(nn.MSELoss)) == "(reduction='mean')"
    with pytest.raises(TypeError, match=r"^LeakyReLU takes negative_slope=0.01: "):
        nn.LeakyReLU(slope=0.1)


class Harmful:
    """Something that does harm when it is unpickled."""

    harm = []

    def __reduce__(self):
        return self.harm.append, ("done",)


def test_load_unpickles_nothing(tmp_path):
    np.savez(tmp_path / "model.npz", a=np.array([Harmful()], dtype=object))
    with pytest.raises(ValueError, match="load: "):
        load(tmp_path / "model.npz")
    assert Harmful.harm == []


def test_a_bias_starts_on_both_sides_of_0():
    bias = nn.Linear(4, 200, generator=0).bias.numpy()
    assert bias.min() < -0.4 and bias.max() > 0.4


def test_the_mode_is_true_or_false():
    model = nn.Sequential(nn.RReLU())
    assert model.eval()[0].training is False and model.train()[0].training is True


def test_to_names_the_dtype_that_it_refuses():
    with pytest.raises(TypeError, match="to: .*, not int64"):
        nn.Linear(1, 1).to(np.int64)
