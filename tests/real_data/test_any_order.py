"""Real data sets, their rows and files in any order: the same board, the same rows counted."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from streams.board.monitor import Monitor, canonical
from streams.config.force import Force, find_force, load_force
from streams.embedded.runner import Account, Embedded
from streams.live import Live
from streams.sources import open_source
from streams.sources.order.play import Play
from streams.sources.order.player import Player
from streams.sources.order.replay_clock import ReplayClock
from streams.sources.stops import Stops

EXAMPLES = Path(__file__).parents[2] / "examples"


def played(
    paths: Iterable[Path], force: Force, mapping: Path | None, periods: list[str]
) -> tuple[bytes, Account]:
    clock = ReplayClock()
    runner = Embedded(Live(Monitor([force]), clock), Stops(), clock)
    with Play(open_source(list(paths), mapping, force), [force]) as play:
        Player(play, runner).play()
    return canonical(runner.live.board(force.id, None, periods)), runner.account()


def shuffled(path: Path, to: Path) -> Path:
    """A copy of a table with its rows below the header in another order."""
    header, *rows = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    random.Random(3).shuffle(rows)
    out = to / path.name.removesuffix(".gz")
    out.write_bytes(b"".join([header, *rows]))
    return out


@pytest.mark.real_data
def test_three_years_of_a_fire_brigade(shared_data: Path, tmp_path: Path) -> None:
    force = load_force(EXAMPLES / "dublin_fire_brigade/force.toml")
    mapping = EXAMPLES / "dublin_fire_brigade/mapping.toml"
    path = shared_data / "data/dublin_fire_brigade/dfb_fire_incidents_2020_2022.csv.gz"
    years = ["2020/21", "2021-12", "2022-Q2"]
    given = played([path], force, mapping, years)
    assert given[1] == Account(rows=35_163, counted=35_163, merged=0, refused=0, excluded=0)
    assert played([shuffled(path, tmp_path)], force, mapping, years) == given


@pytest.mark.real_data
def test_a_month_of_a_call_centre(shared_data: Path, tmp_path: Path) -> None:
    force = load_force(EXAMPLES / "anonymous_bank/force.toml")
    mapping = EXAMPLES / "anonymous_bank/mapping.toml"
    path = shared_data / "data/anonymous_bank_calls/anonymous_bank_1999_02.tsv.gz"
    given = played([path], force, mapping, ["1999-02"])
    assert given[1] == Account(rows=33_344, counted=33_066, merged=0, refused=0, excluded=278)
    assert played([shuffled(path, tmp_path)], force, mapping, ["1999-02"]) == given


@pytest.mark.real_data
def test_six_years_of_street_files(shared_data: Path, tmp_path: Path) -> None:
    force = find_force("city-of-london")
    files = sorted((shared_data / "data/police_uk_city_of_london").glob("*-street.csv.gz"))
    periods = ["2016/17", "2021-03", "2018-Q2"]
    given = played(files, force, None, periods)
    other = [shuffled(path, tmp_path) for path in files]
    random.Random(4).shuffle(other)
    assert played(other, force, None, periods) == given
    assert given[1].refused == 0
