"""The collector of cyclic garbage, while a checkpoint is read back."""

from __future__ import annotations

import gc

import pytest

from streams.state.garbage import kept_off


def test_nothing_is_collected_until_the_last_of_overlapping_blocks_has_ended() -> None:
    with kept_off():
        with kept_off():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_block_that_fails_lets_the_collector_go_on() -> None:
    with pytest.raises(ValueError, match="torn"), kept_off():
        raise ValueError("torn")
    assert gc.isenabled()
