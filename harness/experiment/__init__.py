"""Many runs in one folder.

specs         experiments as data
jobs          runs as data set, searcher and seed
batch         runs an experiment: claims the folder, runs the missing runs
folder        a folder of results: claim, lock, manifest, copy among the references
checksums     checksums of the references, and of the files in a folder of results
data          which table a command runs on, and where tables are cached
data_info     a table in words
own_table     experiments on a table of one's own
exclusions    archs that are left out of an experiment
held_out      trials that a run may see, on data whose runs are scored by the other trials
unfinished    the note on a folder whose runs are not all done
overwriting   checks that no output overwrites an input
"""
