"""Ways out: each reads a `streams.live.Live` from a thread of its own and changes nothing."""
