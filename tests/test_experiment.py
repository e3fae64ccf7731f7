"""The shoot-out: seeded, the same on every executor, and the file agrees with it."""

import csv
import itertools
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import shootout
from mini_autograd import experiment, nn, tensor
from mini_autograd.data import digits
from mini_autograd.experiment import STARTS, contest, perceptron, shoot_out

ENTRIES = [("relu", 1, "gain √2", 0.01, 0, 1), ("tanh", 2, "default", 0.01, 1, 1)]


def test_a_contest_is_seeded():
    assert contest(*ENTRIES[0]) == contest(*ENTRIES[0])
    x = np.ones((1, 64))
    for name in shootout.ACTIVATIONS:
        first, again = (perceptron(name, 2, generator=0)(x).tolist() for _ in range(2))
        assert first == again
    assert contest(*ENTRIES[0]) != contest("relu", 1, "gain √2", 0.01, 5, 1)


def test_a_contest_teaches_the_digits():
    chosen, judged = contest("relu", 1, "gain √2", 0.01, seed=0, epochs=5)
    assert 250 < chosen <= 300 and 250 < judged <= 300


def test_a_seed_starts_each_layer_differently():
    model = perceptron("tanh", 3, generator=7)
    assert (model[2].weight.numpy() != model[4].weight.numpy()).all()


@pytest.mark.parametrize("start", STARTS)
def test_a_perceptron_has_the_layers_and_the_start_asked_for(start):
    model = perceptron("tanh", 3, width=32, start=start, generator=np.random.default_rng(0))
    shapes = [layer.weight.shape for layer in model if isinstance(layer, nn.Linear)]
    assert shapes == [(32, 64), (32, 32), (32, 32), (10, 32)]
    # U(±1/√n) has the variance 1 / (3 n).
    gain = {"default": 1 / np.sqrt(3), "gain 1": 1.0, "gain √2": np.sqrt(2)}[start]
    weights = np.concatenate(
        [(w.numpy() * np.sqrt(w.shape[1])).ravel() for w in (layer.weight for layer in model[::2])]
    )
    assert weights.std() == pytest.approx(gain, rel=0.05)
    biases = np.concatenate([layer.bias.numpy() for layer in model[::2]])
    assert biases.any() == (start == "default")


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_results_come_in_order_from_any_executor(pool):
    with pool(2) as executor:
        assert shoot_out(ENTRIES, executor) == [contest(*entry) for entry in ENTRIES]


def test_results_come_from_a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None
    ) as client:
        assert shoot_out(ENTRIES, client.get_executor()) == [contest(*entry) for entry in ENTRIES]


def test_the_file_holds_every_entry_once():
    with shootout.FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == shootout.COLUMNS
    found = [tuple(row[name] for name in shootout.COLUMNS[:-2]) for row in rows]
    asked = itertools.product(
        shootout.ACTIVATIONS, shootout.DEPTHS, STARTS, shootout.RATES, shootout.SEEDS
    )
    assert found == [tuple(map(str, entry)) for entry in asked]
    assert all(0 <= int(row["chosen"]) <= 300 and 0 <= int(row["judged"]) <= 300 for row in rows)


# --- What a contest keeps to ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_contest_learns_from_some_digits_and_is_judged_by_others(monkeypatch, seed):
    """Nothing is trained here, so that the start alone decides which digits are read."""
    rates, lessons = [], []
    monkeypatch.setattr(experiment, "Adam", lambda parameters, lr: rates.append(lr))
    monkeypatch.setattr(experiment, "batches", lambda *x, **how: lessons.append((x, how)) or [])
    found = contest("tanh", 2, "gain 1", 0.03, seed)
    assert rates == [0.03] and len(lessons) == 20

    rng = np.random.default_rng(seed)
    images, labels = digits()
    order = rng.permutation(1797)
    model = perceptron("tanh", 2, start="gain 1", generator=rng)
    right = model(tensor(images[order].reshape(1797, 64))).numpy().argmax(1) == labels[order]
    assert found == (right[:300].sum(), right[300:600].sum())
    for (x, y), how in lessons:
        assert (x == images[order[600:]].reshape(1197, 64)).all()
        assert (y == labels[order[600:]]).all()
        assert how["size"] == 64 and how["generator"].random() == rng.random()


def test_a_model_is_judged_as_it_is_used(monkeypatch):
    """rrelu draws its slopes while it learns, and takes their mean when that is over."""
    monkeypatch.setattr(experiment, "batches", lambda *x, **how: [])
    rng = np.random.default_rng(0)
    images, labels = digits()
    order = rng.permutation(1797)[:300]
    model = perceptron("rrelu", 2, start="gain 1", generator=rng).eval()
    right = model(tensor(images[order].reshape(300, 64))).numpy().argmax(1) == labels[order]
    assert contest("rrelu", 2, "gain 1", 0.01, 0)[0] == right.sum()


def test_layers_are_64_wide_unless_it_is_said_otherwise():
    assert [layer.weight.shape for layer in perceptron("tanh", 1)[::2]] == [(64, 64), (10, 64)]


def test_entries_of_different_lengths_are_refused():
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="shorter"):
        shoot_out([ENTRIES[0], ENTRIES[1][:-1]], executor)
