"""The front of several workers: one address at which every force can be seen.

`server` answers, and `holders` finds which worker has which force.
"""
