"""The tests of Watchroom."""
