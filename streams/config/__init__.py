"""A force: what its TOML file says, read and checked."""
