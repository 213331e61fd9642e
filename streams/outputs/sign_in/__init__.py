"""Who asks, and what they may do: sign-in by a proxy's header, by OpenID Connect or by a token.

`settings.py` is what is set; `access.py` finds out who asks; `least.py` says what each path needs;
`pages.py` are the pages; `signed_out.py` keeps whose sign-in has ended.
`without_names.py` is what those see who have not signed in.
"""
