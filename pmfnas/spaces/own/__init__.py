"""A space of your own.

choices       the space
choice        one of its choices, checked
options       what a choice can be: categorical, ordinal, integers, grids
described     the space as a JSON object
named_arch    an arch by the names of its choices
"""
