"""The wallboard: pages that a browser keeps open, fed by server-sent events.

`screen` decides what the first screen says (pure), `hub` computes it once for all viewers,
`alert_actions` takes what a person does about an alert, `series` gives the charts one step down,
and `pages` holds the routes. What the browser runs is in `static/`, as it is served: nothing is
built or fetched.
"""
