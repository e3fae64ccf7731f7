"""The shoot-out: seeded, the same on every executor, and the file agrees with it."""

import csv
import gzip
import itertools
import math
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import shootout
from mini_autograd import experiment, nn, tensor
from mini_autograd.data import digits
from mini_autograd.experiment import STARTS, contest, growth, own_gain, perceptron, shoot_out

ENTRIES = [
    ("relu", 1, "gain √2", 0.01, 0, 0, 1),
    ("tanh", 2, "default", 0.01, 1, 0, 1),
    ("sigmoid", 1, "own gain", 0.01, 2, 0, 1),
]


def test_a_contest_is_seeded():
    assert contest(*ENTRIES[0]) == contest(*ENTRIES[0])
    x = np.ones((1, 64))
    for name in shootout.ACTIVATIONS:
        first, again = (perceptron(name, 2, generator=0)(x).tolist() for _ in range(2))
        assert first == again
    assert contest(*ENTRIES[0]) != contest("relu", 1, "gain √2", 0.01, 5, 0, 1)
    assert contest(*ENTRIES[0]) != contest("relu", 1, "gain √2", 0.01, 0, 1, 1)  # with blocks


def test_a_contest_teaches_the_digits():
    chosen, judged, loss = contest("relu", 1, "gain √2", 0.01, seed=0, epochs=5)
    assert 250 < chosen <= 300 and 250 < judged <= 300 and 0 < loss < 0.5


def test_a_seed_starts_each_layer_differently():
    model = perceptron("tanh", 3, generator=7)
    assert (model[2].weight.numpy() != model[4].weight.numpy()).all()


@pytest.mark.parametrize("start", STARTS)
def test_a_perceptron_has_the_layers_and_the_start_asked_for(start):
    model = perceptron("sigmoid", 3, width=32, start=start, generator=np.random.default_rng(0))
    shapes = [layer.weight.shape for layer in model if isinstance(layer, nn.Linear)]
    assert shapes == [(32, 64), (32, 32), (32, 32), (10, 32)]
    # U(±1/√n) has the variance 1 / (3 n).
    gains = {"default": 1 / np.sqrt(3), "gain 1": 1.0, "gain √2": np.sqrt(2), "own gain": 10.15}
    weights = np.concatenate(
        [(w.numpy() * np.sqrt(w.shape[1])).ravel() for w in (layer.weight for layer in model[::2])]
    )
    assert weights.std() == pytest.approx(gains[start], rel=0.05)
    biases = np.concatenate([layer.bias.numpy() for layer in model[::2]])
    assert biases.any() == (start == "default")


# --- Its own gain ---------------------------------------------------------------------------------

NONE_ENOUGH = {"logsigmoid", "softplus", "squareplus", "smu1"}  # they die out at all gains up to √2


def kept(name, start, depth=40):
    """By what factor a small difference between two signals changes, relative to the signal."""
    factors = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        layers = perceptron(name, depth, start=start, generator=rng).eval()[:-1]
        x = rng.normal(size=(64, 64))
        nudge = 1e-6 * rng.normal(size=x.shape)
        there, beside = layers(tensor(x)).numpy(), layers(tensor(x + nudge)).numpy()
        factors.append(np.linalg.norm(there - beside) / np.linalg.norm(there) / 1e-6)
    return np.exp(np.mean(np.log(factors)))


@pytest.mark.parametrize("name", shootout.ACTIVATIONS)
def test_with_its_own_gain_what_differs_survives_forty_layers(name):
    if name in NONE_ENOUGH:
        assert 1 / 300 < kept(name, "own gain") < 1 / 10
    else:
        assert 1 / 3.2 < kept(name, "own gain") < 3.2


def test_the_gain_that_keeps_the_mean_square_of_a_sigmoid_loses_what_differs(monkeypatch):
    monkeypatch.setitem(STARTS, "keeps the mean square", 1.85)
    assert kept("sigmoid", "keeps the mean square", 20) < 1e-7


JUMPING = {"swish", "gelu", "mish", "hardswish", "smu"}  # they fade below it, and explode above


@pytest.mark.parametrize("name", shootout.ACTIVATIONS)
def test_where_growth_is_1_and_where_it_jumps(name):
    gain = own_gain(name)
    if name in JUMPING:
        assert growth(name, gain - 0.02) < 0.9 and growth(name, gain + 0.02) > 1.04
    else:
        assert growth(name, gain) == pytest.approx(1, abs=0.01)
    assert growth(name, math.sqrt(2)) < 0.99 or name not in NONE_ENOUGH - {"smu1"}


def test_own_gains_that_are_known():
    known = {"identity": 1, "hardtanh": 1, "relu": math.sqrt(2), "prelu": math.sqrt(2 / 1.0625)}
    for name, gain in known.items():
        assert own_gain(name) == round(gain, 2)
    assert 1 < own_gain("tanh") < 1.03  # 1 behind endlessly many layers
    assert math.sqrt(2) < own_gain("softplus") < 1.45
    # The one that keeps signals of size 1, as exercise 38 has it for swish.
    assert own_gain("swish") == 1.68


# --- Path and norm --------------------------------------------------------------------------------


def test_a_block_adds_what_its_layer_makes_of_the_norm():
    model = perceptron("tanh", 2, generator=0, blocks=True)
    x = np.random.default_rng(0).normal(size=(5, 64))
    for block in model[:-1]:
        norm = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        after = x + np.tanh(norm @ block.layer.weight.numpy().T + block.layer.bias.numpy())
        np.testing.assert_allclose(block(tensor(x)).numpy(), after, rtol=1e-12)
        x = after
    plain = perceptron("tanh", 2, generator=0)
    pairs = zip(model.parameters(), plain.parameters(), strict=True)
    assert len(model) == 3 and all((p.numpy() == q.numpy()).all() for p, q in pairs)


# --- On executors, and in the file ----------------------------------------------------------------


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_finds_the_same(pool):
    with pool(2) as executor:
        assert dict(shoot_out(ENTRIES, executor)) == {e: contest(*e) for e in ENTRIES}


def test_two_workers_of_a_dask_cluster_find_the_same():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = dict(shoot_out(ENTRIES, client.get_executor()))
    assert found == {e: contest(*e) for e in ENTRIES}


class Now:
    """An executor that computes at once, and lists what it was asked for."""

    def __init__(self):
        self.calls = []

    def submit(self, function, *entry):
        self.calls.append(entry)
        future = Future()
        future.set_result(function(*entry))
        return future


MANY = [("relu", depth, "gain 1", 0.01, 0, 0) for depth in range(12)]


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path, monkeypatch):
    def killed(entries, executor):
        yield from itertools.islice(shoot_out(entries, executor), 4)
        raise KeyboardInterrupt

    monkeypatch.setattr(experiment, "contest", lambda name, depth, *_: (depth, 300 - depth, 1 / 3))
    whole, file = tmp_path / "whole.csv.gz", tmp_path / "shootout.csv.gz"
    shootout.run(reversed(MANY), Now(), whole)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(experiment, "shoot_out", killed)
        shootout.run(MANY, Now(), file)
    assert not file.exists()
    (part,) = tmp_path.glob("*.part")
    kept = set(shootout.stored(part.read_text()))
    part.write_text(part.read_text() + "relu,8,gain 1,0.0")  # the line that it died in
    second, third = Now(), Now()
    shootout.run(MANY, second, file)
    assert len(kept) == 4 and kept.isdisjoint(map(shootout.texts, second.calls))
    assert len(second.calls) == len(MANY) - 4 and not part.exists()
    shootout.run(MANY, third, file)
    assert third.calls == [] and file.read_bytes() == whole.read_bytes()


class FirstOnly(list):
    """An executor that computes one thing, and lists what it was asked for."""

    def submit(self, function, *entry):
        self.append(Future())
        if len(self) == 1:
            self[0].set_result(function(*entry))
        return self[-1]


def test_who_stops_listening_calls_off_what_has_not_begun():
    executor = FirstOnly()
    found = shoot_out([ENTRIES[0], *MANY], executor)
    assert next(found) == (ENTRIES[0], contest(*ENTRIES[0]))
    assert not any(future.cancelled() for future in executor)
    found.close()
    assert all(future.cancelled() for future in executor[1:])


def test_rates_that_read_most_are_trained_with_more_seeds():
    def found(seed):
        chosen = [entry for entry in shootout.entries(seed, rows) if entry[:3] == setting]
        assert {entry[4] for entry in chosen} == {seed}
        return [entry[3] for entry in chosen]

    setting = "swish", 8, "gain 1"
    rows = {shootout.texts(entry): ["100"] for entry in shootout.entries(0, {})}
    assert found(0) == [0.001, 0.002, 0.004, 0.008]
    for rate, right in (("0.002", "101"), ("0.008", "103")):
        rows["swish", "8", "gain 1", rate, "0", "0"] = [right]
    assert found(1) == [0.008, 0.002]
    rows |= {shootout.texts(entry): ["100"] for entry in shootout.entries(1, rows)}
    assert found(2) == [0.008]
    rows["swish", "8", "gain 1", "0.002", "1", "0"] = ["103"]
    assert found(2) == found(7) == [0.002]


def rows_on_file():
    return list(csv.DictReader(gzip.decompress(shootout.FILE.read_bytes()).decode().splitlines()))


def test_the_file_holds_every_entry_once():
    rows = rows_on_file()
    assert list(rows[0]) == shootout.COLUMNS
    found = [tuple(row[name] for name in shootout.COLUMNS[:6]) for row in rows]
    entries = [e for seed in shootout.SEEDS for e in shootout.entries(seed, shootout.read())]
    assert found == [tuple(map(str, entry)) for entry in sorted(entries)]
    assert all(0 <= int(row[kind]) <= 300 for row in rows for kind in ("chosen", "judged"))
    assert all(float(row["loss"]) > 0 for row in rows)


def test_rows_of_the_file_are_found_again():
    """Other processors round differently, which 380 steps make larger."""
    rows = shootout.read()
    entries = [("relu", 2, "own gain", 0.004, 0, 0), ("swish", 2, "default", 0.008, 0, 0)]
    entries.append(("tanh", 8, "gain √2", 0.002, 0, 0))
    for entry in entries:
        chosen, judged, loss = rows[shootout.texts(entry)]
        found = contest(*entry)
        assert abs(found[0] - int(chosen)) <= 9 and abs(found[1] - int(judged)) <= 9
        assert found[2] == pytest.approx(float(loss), rel=0.3)


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
    assert found[:2] == (right[:300].sum(), right[300:600].sum())
    scores = model(tensor(images[order[300:600]].reshape(300, 64)))
    loss = nn.functional.cross_entropy(scores, labels[order[300:600]]).item()
    assert found[2] == pytest.approx(loss, rel=1e-9)
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
