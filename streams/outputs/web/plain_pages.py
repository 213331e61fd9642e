"""The plain pages: `/about`, the front's where nobody serves a force, and the public screen."""

from __future__ import annotations

_HEAD = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
{more}<title>Watchroom</title>
<link rel="icon" href="{assets}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{assets}/wallboard.css">
</head>
<body class="below">
<main id="main">
"""
NOBODY_PAGE = (
    _HEAD.replace("{more}", '<script type="module" src="{assets}/nobody_page.js"></script>\n')
    + """<h1>Watchroom</h1>
<p class="message" role="status">{words}.</p>
<noscript><p><a href="">Look again</a></p></noscript>
</main>
</body>
</html>
"""
)
ABOUT = (
    _HEAD.replace("{more}", "")
    + """<h1>Watchroom</h1>
{content}
<p><a href="/">The wallboard</a></p>
</main>
{warning}
</body>
</html>
"""
)
PUBLIC = (
    _HEAD.replace("{more}", '<script type="module" src="{assets}/public_page.js"></script>\n')
    + """{content}
</main>
</body>
</html>
"""
)
