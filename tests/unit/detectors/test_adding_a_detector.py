"""The detector of CONTRIBUTING.md passes what every detector passes, and has a name everywhere."""

from pathlib import Path

from tests.adding import examples

CONTRACT = "tests/unit/detectors/test_detector_contract.py"
NAMES = "tests/unit/detectors/test_public_names.py"


def test_the_example_is_a_detector_like_any_other(tmp_path: Path) -> None:
    tree = examples()["A detector"].make(tmp_path)
    said = tree.run(
        *("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", CONTRACT, NAMES),
        *("-k", "Record or counts.record or registry or exports or table"),
    )
    assert " passed" in said
    assert tree.run("-m", "streams.cli", "detect", "Record").endswith("\n  need=12\n")
    table = tmp_path / "months.csv"
    table.write_text("month,count\n" + "".join(f"{n},{n % 12}\n" for n in range(20)) + "20,12\n")
    found = tree.run("-m", "streams.cli", "detect", "Record", str(table))
    assert found.startswith("20  count 12  ALARM")
