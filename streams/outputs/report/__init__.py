"""The performance summary of a force: the document that it publishes, written from state.

`layout` says which indicators are in it and in which order (`layout.toml` beside it, or another
file), `comments` what analysts wrote, `model` what a report holds, `figures` reads it, `sentences`
says it in words, `build` puts all together, and `page` writes it as one HTML file.
"""
