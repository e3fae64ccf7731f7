"""The networks of chapter 17: the file agrees with them, and what is missing can be made up."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import deeper


def test_the_file_holds_every_entry_once():
    found = deeper.stored()
    assert [*found] == deeper.entries() and len(found) == len(set(found))
    for chosen, judged, loss in found.values():
        assert 0 <= chosen <= 300 and 0 <= judged <= 300 and loss > 0


@pytest.mark.parametrize(
    "entry",
    [
        ("both", "relu", 20, 0.0, 0.001, 3),
        ("plain", "softplus", 20, 0.0, 0.001, 5),
        ("gated", "silu", 6, 0.0, 0.002, 6),
    ],
)
def test_a_stored_network_is_what_the_cells_of_the_chapter_train(entry):
    chosen, judged, loss = deeper.lesson(*entry)
    then = deeper.stored()[entry]
    # Last digits differ between machines, and in 380 steps they grow.
    assert abs(chosen - then[0]) <= 6 and abs(judged - then[1]) <= 6
    assert loss == pytest.approx(then[2], rel=0.1)


def test_a_run_that_was_stopped_is_taken_up_where_it_stood(tmp_path, monkeypatch):
    file, asked, trained = tmp_path / "deeper.csv", deeper.entries()[:40], []

    def counted(*entry):
        trained.append(entry)
        if len(trained) == 25:
            raise KeyboardInterrupt
        return 250, 251, 0.5

    monkeypatch.setattr(deeper, "lesson", counted)
    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        deeper.run(executor, file, asked)
    assert [*deeper.stored(file)] == asked[:16]  # it is stored every 16
    before = len(trained)
    with ThreadPoolExecutor(1) as executor:
        deeper.run(executor, file, asked)
    assert trained[before:] == asked[16:]
    assert deeper.stored(file) == dict.fromkeys(asked, (250, 251, 0.5))
    deeper.run(executor, file, asked)  # nothing is left to do
    assert [path.name for path in tmp_path.iterdir()] == ["deeper.csv"]
