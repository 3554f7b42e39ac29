"""Parts that several searchers share.

brackets          rungs and their sizes: successive halving, Hyperband
climbing          training an arch from rung to rung of a ladder
racing            brackets of archs that climb a ladder
evaluations       training at one fidelity, and the value of an outcome
incumbents        the ranking of observed archs by validation
sampling          random archs, and archs with one position changed
categorical_kde   kernel density over choices, for BOHB
checks            checks of a searcher's settings
"""
