"""The built wheel is complete: it runs away from the checkout, with all the data that it needs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.servers.process import PATIENCE

pytestmark = pytest.mark.servers  # it builds a package, which takes longer than a unit test may
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True, timeout=120 * PATIENCE)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder / "site")
    return folder / "site"


def watchroom(site: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *words],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120 * PATIENCE,
        check=True,
    ).stdout


def test_the_wheel_has_the_three_packages_and_nothing_else(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert top == {"streams", "detectors", "grafana"}
    assert all((unpacked / name / "py.typed").is_file() for name in top)


def test_the_forces_ship(unpacked: Path) -> None:
    assert "warwickshire" in watchroom(unpacked, "force", "list")


def test_the_sample_ships_and_is_counted(unpacked: Path) -> None:
    sample = "streams/samples/2022-01-warwickshire-street.csv.gz"
    out = watchroom(unpacked, "run", sample, "--force", "warwickshire")
    assert "rows in = 3,724: 3,724 counted" in out


def test_the_runbooks_ship_and_are_the_pages_that_are_served(unpacked: Path) -> None:
    show = "from streams.outputs.runbooks.pages import folder, names; print(folder(), *names())"
    folder, *names = subprocess.run(
        [sys.executable, "-c", show],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        timeout=60 * PATIENCE,
        check=True,
    ).stdout.split()
    assert folder == str(unpacked / "streams" / "outputs" / "runbooks" / "files")
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert {*names, "README"} == pages
