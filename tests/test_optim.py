"""Optimisers, update by update against PyTorch; data sets and mini-batches."""

from functools import partial

import numpy as np
import pytest

from mini_autograd import Tensor, nn, no_grad, optim, tensor
from mini_autograd import data as datasets

RULES = [
    (optim.SGD, dict(lr=0.05)),
    (optim.SGD, dict(lr=0.05, momentum=0.9)),
    (optim.SGD, dict(lr=0.05, momentum=0.9, weight_decay=0.1)),
    (optim.Adam, dict(lr=0.05)),
    (optim.Adam, dict(lr=0.05, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1)),
]


@pytest.mark.parametrize(("rule", "settings"), RULES)
def test_fifty_steps_equal_pytorchs(rule, settings):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make oracle")
    rng = np.random.default_rng(0)
    start, target = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    ours = tensor(start, requires_grad=True)
    theirs = torch.tensor(start, requires_grad=True)
    mine = rule([ours], **settings)
    other = getattr(torch.optim, rule.__name__)([theirs], **settings)
    for _ in range(50):
        for w, optimizer, t in ((ours, mine, target), (theirs, other, torch.tensor(target))):
            optimizer.zero_grad()
            ((w - t) ** 4).mean().backward()
            optimizer.step()
        np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("rule", "settings"), RULES)
def test_a_step_gives_a_new_array_and_leaves_the_gradient(rule, settings):
    w = tensor([[3.0]], requires_grad=True)
    optimizer = rule([w], **settings)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    old, gradient = w.numpy(), w.grad
    optimizer.step()
    assert w.grad is gradient and gradient.tolist() == [[6.0]]
    assert old.tolist() == [[3.0]] and w.tolist() != [[3.0]]
    w.grad = None
    y.backward()  # what the graph saved is still the old value
    assert w.grad.tolist() == [[6.0]]


@pytest.mark.parametrize(("rule", "settings"), RULES)
def test_float32_stays_float32(rule, settings):
    """Not only the parameter, which turns back whatever it is given: all on the way, too."""
    w = tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    optimizer = rule([w], **settings)
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
    kept = [values for values in optimizer.state[0].values() if np.ndim(values)]
    change = optimizer.update(w.data, w.grad.data, optimizer.state[0])
    assert {w.dtype, change.dtype, *(values.dtype for values in kept)} == {np.dtype(np.float32)}


def test_a_parameter_without_a_gradient_stays():
    used, unused = (tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([used, unused], lr=0.1, weight_decay=0.1)
    used.sum().backward()
    optimizer.step()
    assert unused.tolist() == [1.0] and used.tolist() != [1.0]


def test_a_frozen_parameter_may_be_listed_and_stays():
    model = nn.Linear(2, 1)
    model.bias.requires_grad = False
    optimizer = optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    weight, bias = model.weight.tolist(), model.bias.tolist()
    model(tensor([[1.0, 2.0]])).sum().backward()
    optimizer.step()
    assert model.weight.tolist() != weight and model.bias.tolist() == bias
    model.bias.requires_grad = True  # thawed, it moves
    model(tensor([[1.0, 2.0]])).sum().backward()
    optimizer.step()
    assert model.bias.tolist() != bias


def test_settings_are_attributes():
    w = tensor([1.0], requires_grad=True)
    sgd = optim.SGD([w], lr=0.1, momentum=0.2, weight_decay=0.3)
    assert (sgd.lr, sgd.momentum, sgd.weight_decay) == (0.1, 0.2, 0.3)
    adam = optim.Adam([w], lr=0.1, betas=(0.5, 0.6), eps=0.2, weight_decay=0.3)
    assert (adam.lr, adam.betas, adam.eps, adam.weight_decay) == (0.1, (0.5, 0.6), 0.2, 0.3)


def test_a_parameter_that_is_listed_twice_moves_once():
    x = tensor(1.0, requires_grad=True)
    (x * x).backward()
    optim.SGD([x, x], lr=0.1).step()
    assert x.item() == pytest.approx(0.8)


def test_the_update_by_hand_equals_sgd():
    a, b = (tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    for w in (a, b):
        (w * w).sum().backward()
    leaf = a
    with no_grad():
        a -= 0.1 * a.grad
    optim.SGD([b], lr=0.1).step()
    assert a is leaf and a.requires_grad and a.tolist() == b.tolist()


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (lambda w: optim.SGD([]), ValueError, "SGD: there are no parameters"),
        (lambda w: optim.Adam([tensor([1.0])]), ValueError, "Adam: .*: none requires a gradient"),
        (lambda w: optim.SGD([w, w * 2]), TypeError, "SGD: leaf tensors are needed"),
        (lambda w: optim.SGD(w), TypeError, "SGD: a list is needed"),
        (lambda w: optim.SGD(w.numpy()), TypeError, "SGD: leaf tensors are needed"),
        (lambda w: optim.SGD([{"params": [w]}]), TypeError, "SGD: leaf tensors .* none: {'params'"),
        (lambda w: optim.SGD(0.1), TypeError, "SGD: a list is needed"),
        (
            lambda w: optim.SGD(nn.Linear(1, 1)),
            TypeError,
            r"such as model.parameters\(\), not a Lin",
        ),
        (lambda w: optim.SGD(nn.Sequential(nn.Linear(1, 1))), TypeError, r"model.parameters\(\); "),
        (lambda w: optim.SGD([w], lr=-1), ValueError, "SGD: lr must be a number from 0 on, not -1"),
        (lambda w: optim.SGD([w], lr=float("nan")), ValueError, "lr must be a number from 0 on"),
        (lambda w: optim.SGD([w], lr="0.1"), ValueError, "lr must be a number .*, not '0.1'"),
        (lambda w: optim.Adam([w], betas=0.9), ValueError, "betas must be two numbers.*, not 0.9"),
        (lambda w: optim.Adam([w], betas=(0.9,)), ValueError, "betas must be two numbers"),
        (lambda w: optim.Adam([w], betas=("a", 0.9)), ValueError, "betas must be two numbers"),
        (
            lambda w: optim.Adam([w], betas=(0.9, 1.0)),
            ValueError,
            "betas must be two numbers from 0 to below 1",
        ),
        (
            lambda w: optim.Adam([w], weight_decay=-1),
            ValueError,
            "weight_decay must be a number",
        ),
    ],
)
def test_mistakes_are_explained(mistake, kind, words):
    with pytest.raises(kind, match=words):
        mistake(tensor([1.0], requires_grad=True))


# --- Data -----------------------------------------------------------------------------------------


def test_digits_are_those_of_the_uci_repository():
    images, labels = datasets.digits()
    assert images.shape == (1797, 8, 8) and images.dtype == float
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # Sums over the file, as scikit-learn's copy of it has them.
    assert int(images.sum() * 16) == 561718 and labels[:10].tolist() == list(range(10))


@pytest.mark.parametrize("make", [datasets.two_moons, datasets.spirals])
def test_points_are_seeded_and_balanced(make):
    points, labels = make(200, generator=np.random.default_rng(0))
    again, _ = make(200, generator=np.random.default_rng(0))
    other, _ = make(200, generator=np.random.default_rng(1))
    assert points.shape == (200, 2) and (points == again).all() and (points != other).all()
    assert np.bincount(labels).tolist() == [100, 100]


def test_moons_lie_on_two_half_circles():
    points, labels = datasets.two_moons(500, noise=0.0, generator=np.random.default_rng(0))
    centres = np.array([[0.0, 0.0], [1.0, 0.5]])[labels]
    np.testing.assert_allclose(np.hypot(*(points - centres).T), 1.0)
    assert (points[labels == 0, 1] >= 0).all() and (points[labels == 1, 1] <= 0.5).all()


@pytest.mark.parametrize("make", [datasets.two_moons, datasets.spirals])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_noise_has_the_standard_deviation_asked_for(make, noise):
    rng = partial(np.random.default_rng, 0)
    exact, _ = make(5000, noise=0.0, generator=rng())
    noisy, _ = make(5000, noise=noise, generator=rng())
    # Five standard errors of 10,000 normal draws.
    assert (noisy - exact).std() == pytest.approx(noise, rel=5 / np.sqrt(20_000))
    assert abs((noisy - exact).mean()) < 5 * noise / 100


def test_spirals_have_as_many_arms_as_classes():
    points, labels = datasets.spirals(300, classes=3, noise=0.0, generator=np.random.default_rng(0))
    angle, radius = np.arctan2(points[:, 1], points[:, 0]), np.hypot(*points.T)
    turns = angle / (2 * np.pi) - radius - labels / 3
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-12)


def test_batches_hold_every_row_once_and_together():
    x, y = np.arange(10), np.arange(10) * 2
    found = list(datasets.batches(x, y, size=4, generator=np.random.default_rng(0)))
    assert [len(rows) for rows, _ in found] == [4, 4, 2]
    assert sorted(np.concatenate([rows for rows, _ in found])) == list(x)
    assert all((b == 2 * a).all() for a, b in found)
    assert np.concatenate([rows for rows, _ in found]).tolist() != list(x)


def test_batches_of_tensors_are_tensors():
    ((x,),) = datasets.batches(tensor([1.0, 2.0]), size=5)
    assert isinstance(x, Tensor)


@pytest.mark.parametrize("arguments", [dict(size=0), dict(size=-1)])
def test_batches_refuse_a_size_that_is_none(arguments):
    with pytest.raises(ValueError, match="batches: size"):
        datasets.batches(np.ones(3), **arguments)


def test_batches_refuse_arrays_of_different_lengths():
    with pytest.raises(ValueError, match=r"\[3, 4\] rows"):
        datasets.batches(np.ones(3), np.ones(4), size=2)


# --- All of it ------------------------------------------------------------------------------------


def test_a_network_learns_the_moons():
    rng = np.random.default_rng(0)
    points, labels = datasets.two_moons(200, generator=rng)
    model = nn.Sequential(
        nn.Linear(2, 16, generator=rng), nn.Tanh(), nn.Linear(16, 1, generator=rng)
    )
    loss, optimizer = nn.BCEWithLogitsLoss(), optim.Adam(model.parameters(), lr=0.02)
    for _ in range(10):
        for x, y in datasets.batches(points, labels.astype(float), size=20, generator=rng):
            optimizer.zero_grad()
            loss(model(x), y[:, None]).backward()
            optimizer.step()
    right = (model(tensor(points)).numpy()[:, 0] > 0) == labels
    assert right.mean() > 0.85


# --- Edges ----------------------------------------------------------------------------------------


def test_a_rule_without_an_update_says_so():
    class Rule(optim.Optimizer):
        pass

    w = tensor([1.0], requires_grad=True)
    w.sum().backward()
    with pytest.raises(NotImplementedError, match="^Rule has no update$"):
        Rule([w]).step()


@pytest.mark.parametrize(("make", "usual"), [(datasets.two_moons, 0.1), (datasets.spirals, 0.05)])
def test_noise_is_drawn_for_each_coordinate_after_the_places(make, usual):
    places, _ = make(200, noise=0.0, generator=0)
    for noise, options in [(0.3, dict(noise=0.3)), (usual, {})]:
        rng = np.random.default_rng(0)
        rng.random(200)
        points, _ = make(200, generator=0, **options)
        np.testing.assert_allclose(points - places, rng.normal(0, noise, (200, 2)), atol=1e-12)


def test_moons_are_whole_half_circles():
    points, labels = datasets.two_moons(1000, noise=0.0, generator=0)
    for moon, centre in enumerate([0.0, 1.0]):
        x = points[labels == moon, 0] - centre
        assert x.min() == pytest.approx(-1, abs=1e-3) and x.max() == pytest.approx(1, abs=1e-3)


def test_spirals_start_near_the_centre_and_end_at_1_as_dense_everywhere():
    radius = np.hypot(*datasets.spirals(1000, noise=0.0, generator=0)[0].T)
    assert 0.1 <= radius.min() < 0.12 and 0.999 < radius.max() <= 1
    # The outer half of the disc, beyond a radius of sqrt(0.5), gets half of the points.
    assert (radius**2 > 0.505).mean() == pytest.approx(0.5, abs=0.05)


def test_batches_of_one_row():
    assert [len(x) for (x,) in datasets.batches(np.ones(3), size=1)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("rule", "usual"),
    [
        (optim.SGD, dict(lr=0.001, momentum=0, weight_decay=0)),
        (optim.Adam, dict(lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)),
    ],
)
def test_every_setting_has_its_usual_value_and_none_may_be_negative(rule, usual):
    w = tensor([1.0], requires_grad=True)
    assert {name: getattr(rule([w]), name) for name in usual} == usual
    for name in usual.keys() - {"betas"}:
        with pytest.raises(ValueError, match=f"^{rule.__name__}: {name} must be a number"):
            rule([w], **{name: -0.1})


def test_adam_without_memory_moves_by_lr_in_the_direction_of_the_gradient():
    w = tensor([2.0, -3.0], requires_grad=True)
    optimizer = optim.Adam([w], lr=0.5, betas=(0.0, 0.0))
    for expected in ([1.5, -2.5], [1.0, -2.0]):
        optimizer.zero_grad()
        (w * w).sum().backward()
        optimizer.step()
        assert w.tolist() == pytest.approx(expected)


def test_a_parameter_that_was_added_later_is_not_left_out_without_a_word():
    first, second = (tensor([1.0], requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([first])
    optimizer.params.append(second)
    with pytest.raises(ValueError, match="shorter"):
        optimizer.step()
