"""What a calibration found is kept for the same question, and is no reason to fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.calibration.alarm_budget import AlarmBudget
from streams.embedded import calibration
from streams.embedded.calibration import Calibrated, CalibrationQuestion
from tests.build import full_disk
from tests.calibration import planned


@pytest.fixture
def question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CalibrationQuestion:
    """One whose answer is made at once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = Calibrated({"hour": 0.5}, 1.0, {})
    monkeypatch.setattr(calibration, "_answer", lambda *_: found)
    return CalibrationQuestion(planned(), AlarmBudget(1.0), 26, 8, 0)


def answered(question: CalibrationQuestion) -> Calibrated:
    return calibration.answer(question, 1, lambda *_: None)


def test_an_answer_is_kept_where_only_its_owner_may_read_it(question: CalibrationQuestion) -> None:
    assert not answered(question).kept
    assert answered(question).kept
    path = question.kept_at()
    assert (f"{path.stat().st_mode & 0o777:o}", f"{path.parent.stat().st_mode & 0o777:o}") == (
        "600",
        "700",
    )


def test_a_damaged_answer_is_set_aside_and_found_anew(
    question: CalibrationQuestion, caplog: pytest.LogCaptureFixture
) -> None:
    answered(question)
    path = question.kept_at()
    path.write_bytes(path.read_bytes()[:20])
    assert not answered(question).kept
    (aside,) = path.parent.glob("*.damaged-*")
    assert f"set aside as {aside.name}, calibrating anew" in caplog.text
    assert answered(question).kept


def test_an_answer_that_a_full_disk_does_not_take_is_given_all_the_same(
    question: CalibrationQuestion, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = calibration._keep

    def keep_on_a_full_disk(path: Path, found: Calibrated) -> None:
        with full_disk():
            keep(path, found)

    monkeypatch.setattr(calibration, "_keep", keep_on_a_full_disk)
    assert answered(question).factors == {"hour": 0.5}
    assert "the result can't be kept for the next time: File too large" in caplog.text
    assert not question.kept_at().exists()
