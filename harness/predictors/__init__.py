"""The predictor study: how good is a predictor, at what price, and does it know how sure it is?

cells           a cell is one setting: data set, labels, schedule, epochs seen, which archs are judged; grids of them
groups          archs that are one network, which stay on one side of every split
curves          the curves that a cell shows: of a table, or the real ones of the 973 archs that have them
tasks           what a predictor is shown in one split of a cell, what is true, and what it cost
measures        pure functions of truth and prediction: rank, top, error, calibration
candidates     who is in the study, and loading a predictor of the user's
evaluation      `evaluate(factory, cell, split, material) -> Outcome`: one fit, one query, all measures
region          archs that PMF-NAS meets in stages 2 and 3
ceiling         what two trials of the same archs say of each other
study           all candidates x cells x splits, in chunks that are written whole and never computed twice
tables, figures, outputs    what it leaves for people
"""
