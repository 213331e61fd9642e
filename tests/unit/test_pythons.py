"""Which Pythons are supported, and how one is found."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.pythons import ROOT, find, supported

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_the_versions_that_are_tested_are_those_of_the_classifiers() -> None:
    assert supported() == ("3.11", "3.12", "3.13")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={supported()[0]}"


def test_the_gate_runs_the_unit_tests_with_each_of_them() -> None:
    gate = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "make test" in gate
    assert any("make test-lowest test-pythons" in line for line in gate)
    assert HERE in supported()


@pytest.fixture
def shims(tmp_path: Path) -> Path:
    """A folder of the PATH whose python runs nothing, as pyenv's of a version not chosen."""
    folder = tmp_path / "shims"
    folder.mkdir()
    shim = folder / f"python{HERE}"
    shim.write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    return folder


def installed(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True)
    path.symlink_to(sys.executable)
    return path


def test_a_python_of_the_path_is_found_behind_a_shim_that_runs_nothing(
    tmp_path: Path, shims: Path
) -> None:
    real = installed(tmp_path, f"bin/python{HERE}")
    assert find(HERE, {"PATH": f"{shims}:{real.parent}", "HOME": str(tmp_path)}) == real


def test_the_newest_that_pyenv_installed_is_found_where_the_path_has_none(
    tmp_path: Path, shims: Path
) -> None:
    old = installed(tmp_path, f".pyenv/versions/{HERE}.9/bin/python")
    new = installed(tmp_path, f".pyenv/versions/{HERE}.10/bin/python")
    environ = {"PATH": str(shims), "HOME": str(tmp_path)}
    assert find(HERE, environ) == new
    new.unlink()
    assert find(HERE, environ) == old
    assert find(HERE, {"PYENV_ROOT": str(tmp_path / "elsewhere"), **environ}) is None


def test_a_python_of_another_version_is_none(tmp_path: Path) -> None:
    wrong = installed(tmp_path, "bin/python3.99")
    assert find("3.99", {"PATH": str(wrong.parent), "HOME": str(tmp_path)}) is None


def test_what_is_missing_is_named_in_one_line_with_the_way_to_get_it(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.pythons"],
        cwd=ROOT,
        env={"PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == ""
    missing = [version for version in reversed(supported()) if version != HERE]
    assert told.stderr.splitlines() == [
        f"Missing: Python {version}; the tests with it are left out. Get it: "
        f"apt-get install python{version}-venv, or pyenv install {version}"
        for version in missing
    ]
