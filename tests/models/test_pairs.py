import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
import drawing
import pairs

SMALL = next(n for n in range(200) if drawing.design(n).size_mm[0] < 16)  # a name seal: soon drawn


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "kinds_of", lambda seal, hardness=None: ("genuine", "reused"))


@pytest.mark.usefixtures("few")
def test_a_number_is_drawn_the_same_for_ever_and_read_back_as_drawn(tmp_path: Path) -> None:
    first, again = (pairs.rendered(SMALL, tmp_path / name, "clean") for name in "ab")
    read = pairs.rendered(SMALL, tmp_path / "a", "clean")
    for other in (again, read):
        assert [s.digest for s in other.specimens] == [s.digest for s in first.specimens]
        assert {k: i.digest for k, i in other.questioned.items()} == {k: i.digest for k, i in first.questioned.items()}
    assert len({s.digest for s in first.specimens}) == 3
    assert all(s.dpi in (300, 600) for s in first.specimens)


def test_renders_of_another_simulator_are_not_taken_and_a_torn_folder_is_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counting(seal: int) -> dict[str, pairs.Imprint]:
        drawn.append(pairs.drawn_by(seal))
        return {f"specimen-{n}": picture for n, picture in enumerate((blank, blank, blank), 1)}

    blank = pairs.Imprint(pairs.np.full((80, 80, 3), 255, "uint8"), 300.0)
    monkeypatch.setattr(drawing, "specimens", counting)
    monkeypatch.setattr(drawing, "questioned", lambda *_: {"genuine": blank})
    pairs.rendered(SMALL, tmp_path)
    pairs.rendered(SMALL, tmp_path)
    assert len(drawn) == 1
    index = next(tmp_path.glob("renders-*/*/specimens/scales.json"))
    index.unlink()
    pairs.rendered(SMALL, tmp_path)
    monkeypatch.setattr(pairs, "drawn_by", lambda seal: "0123456789ab")
    pairs.rendered(SMALL, tmp_path)
    assert len(drawn) == 3


def test_a_held_out_number_meets_every_mechanism_in_every_hardness_and_each_reproduction_in_one() -> None:
    for seal in range(pairs.HELD_OUT_FROM, pairs.HELD_OUT_FROM + 6):
        asked = [drawing.kinds_of(seal, hardness) for hardness in pairs.HARDNESSES]
        assert all(set(kinds) >= set(drawing.MIX) - {"reused"} for kinds in asked)
        assert sorted(k for kinds in asked for k in kinds if k in pairs.PRINTED) == sorted(pairs.PRINTED)
        assert sum("reused" in kinds for kinds in asked) == 1


def test_no_held_out_number_is_trained_on() -> None:
    assert max(pairs.training_seals(500, 5000)) < pairs.HELD_OUT_FROM
    assert len(set(pairs.training_seals(500, 360))) == 860


@pytest.mark.parametrize(
    ("kind", "word"),
    [("genuine-2", "genuine"), ("reused", "reused"), ("laser", "printed"), ("optical-copy", "near-copy")],
)
def test_a_kind_has_the_reports_word(kind: pairs.Kind, word: str) -> None:
    assert pairs.alternative_of(kind) == word


def test_measures_hang_on_the_function_that_took_them(tmp_path: Path) -> None:
    def one(seal: int, _: Path) -> list[dict[str, int]]:
        return [{"seal": seal, "score": 1}]

    def two(seal: int, _: Path) -> list[dict[str, int]]:
        return [{"seal": seal, "score": 2}]

    scores = [next(pairs.gather(m, [SMALL], cache=tmp_path, name="s", workers=1))["score"] for m in (one, two, one)]
    assert scores == [1, 2, 1]
    assert len(list(tmp_path.iterdir())) == 2


def test_held_out_numbers_are_set_in_faces_of_their_own_where_those_are_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = drawing._held_out_faces.__wrapped__
    monkeypatch.setattr(drawing, "_installed", lambda face: True)
    assert chosen() == drawing.HELD_OUT_FACES
    monkeypatch.setattr(drawing, "_installed", lambda face: face != "kai")
    assert not {"kai", "hei"} & set(chosen()) and {"song", "latin-book"} <= set(chosen())
