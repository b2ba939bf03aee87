import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
import caching


def test_a_comment_or_a_line_break_keeps_the_digest_and_a_constant_changes_it(tmp_path: Path) -> None:
    said = []
    for n, text in enumerate(("x = f(1,\n      2)  # why\n", "x = f(1, 2)\n", "x = f(1, 3)\n")):
        path = tmp_path / str(n) / "drawing.py"
        path.parent.mkdir()
        path.write_text(text)
        said.append(caching.digest((path,)))
    assert said[0] == said[1] != said[2]


def test_what_a_function_imports_only_when_called_is_reached_and_other_packages_are_not() -> None:
    generator = caching.ROOT / "verify" / "simulation" / "generator.py"
    names = {p.name for p in caching.reached((generator,), "verify.simulation")}
    assert {"generator.py", "dies.py", "layouts.py", "fields.py"} <= names  # dies imports layouts in make_die
    assert "pki.py" not in names and "errors.py" not in names


def test_a_killed_run_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    done: list[int] = []

    def measure(seal: int, _: Path) -> list[dict[str, Any]]:
        done.append(seal)
        return [{"seal": seal, "score": seal / 2}]

    def run(seals: list[int], made_by: str = "a") -> list[dict[str, Any]]:
        return list(caching.gather(measure, seals, cache=tmp_path, name="scores", workers=1, made_by=made_by))

    run([1, 2])
    store = tmp_path / "scores-a.jsonl"
    store.write_bytes(store.read_bytes()[:-10])  # torn while 2 was written
    assert run([1, 2, 3]) == [{"seal": n, "score": n / 2} for n in (1, 2, 3)]
    assert done == [1, 2, 2, 3]
    assert [json.loads(line)["seal"] for line in store.read_text().splitlines()] == [1, 2, 3]
    run([1], made_by="b")
    assert done[-1] == 1
