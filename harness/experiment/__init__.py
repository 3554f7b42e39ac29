"""Many runs in one folder.

specs         experiments as data
jobs          runs as data set, searcher and seed
batch         runs an experiment: claims the folder, runs what is missing
folder        a folder of results: claim, lock, manifest, copy among the references
data          which table a command runs on, and where tables are cached
data_info     a table in words
exclusions    archs that take no part in an experiment
held_out      trials that a run may see where the others score it
overwriting   keeps outputs off inputs
"""
