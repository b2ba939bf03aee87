import csv
from pathlib import Path

from verify.cli.pairs import NEEDED
from verify.imprints.examiner import picture_imprint
from verify.simulation.pairs import write_pairs


def test_a_table_of_pairs_is_the_same_for_a_seed_and_names_pictures_that_are_there(tmp_path: Path) -> None:
    first, again = (write_pairs(tmp_path / name, seals=1, seed=3, genuine=1, mechanisms=("re-set",)) for name in "ab")
    assert first.read_bytes() == again.read_bytes()
    with first.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["label"], r["set"], r["questioned_seal"]) for r in rows] == [
        ("same", "clean", "seal-01"),
        ("re-set", "clean", "seal-01-re-set"),
    ]
    for row in rows:
        assert set(NEEDED) <= row.keys()
        for name in (row["questioned"], row["reference"]):
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert picture_imprint((tmp_path / "a" / row["questioned"]).read_bytes(), None).dpi == float(
            row["questioned_dpi"]
        )
