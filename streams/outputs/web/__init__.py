"""What every web server of Watchroom has, whichever pages it serves.

`running` is a server that runs, and only answers those who may ask; `guard` is what a request has
to pass, `connections` how many there may be, `self_probe` whether the server still answers, and
`readiness` how it says that it is ready. `answers`, `markup`, `plain_pages` and `merged` are what
answers, pages and streams are made of.
"""
