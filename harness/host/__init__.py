"""This machine and the person at it: `console`, `workers` (processes), `cache`, `front` (the front door), `units`.

`units` reads and writes amounts: counts, hours, lists of names.
"""
