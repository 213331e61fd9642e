"""What is wrong with an installation, found from outside, each with the command that mends it.

A check is a file: a function that finds out how things are, and a pure one that judges them. Checks
change nothing, and none stops the others: what can't be found out is said as such.
"""
