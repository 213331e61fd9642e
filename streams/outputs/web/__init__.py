"""What every web server of Watchroom has, whichever pages it serves.

`guard` is what a request has to pass, `connections` how many there may be, `self_probe` whether the
server still answers, `readiness` how it says that it is ready; `markup`, `plain_pages` and `merged`
are what pages and streams are made of.
"""
