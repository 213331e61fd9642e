"""Explore: any measure of a force over months and years, as a page that is made here.

`asked` reads what an address asks for, `figures` finds it, `page` writes it, and `pages` has the
routes.
"""
