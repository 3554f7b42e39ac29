"""What several searchers are made of.

brackets         rungs and their sizes: successive halving, Hyperband
climbing         an arch's way up the ladder of fidelities
racing           a race of archs from rung to rung
evaluations      evaluations at one fidelity, with a plain record
incumbents       who would be returned now, by validation
drawing          archs drawn at random, and changed in one place
categorical_kde  kernel density over choices, of TPE and BOHB
settings         checks of a searcher's settings
"""
