"""The shoot-out: seeded, the same on every executor, and the file agrees with it."""

import csv
import itertools
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import shootout
from mini_autograd import nn
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
    gain = STARTS[start] or 1 / np.sqrt(3)  # U(±1/√n) has the variance 1 / (3 n)
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
