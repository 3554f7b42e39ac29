"""The in-run part of the gate: figures of the engine's own predictor, taken while it searches.

engines     PMF-NAS whole and damaged on purpose
script      a course: which archs a search trains, by rules that no predictor influences
course      a search that follows the script, and what its predictor said of fixed archs meanwhile
figures     the figures of a course and of a search, as pure functions
measures    the compared measures, each with its margin and its share of the false alarms
measuring   an engine in every course and every search, over processes
simulation  false alarms, and the share of the runs in which each damage is noticed
"""
