"""The board in a terminal. `board` puts it together; the other modules are its tables."""
