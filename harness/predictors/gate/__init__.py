"""The gate of the predictor: is it still as good as it was when a reference was accepted?

asking       a call, checked: predictor, data, groups and reference
groups       what is measured: the cells, and how many splits of each
measures     which measures are compared, how much worse they may get, and what share of the false alarms each has
measuring    the predictor in every split of every group, over processes
reference    the file of accepted measures: read, checked, and written with a checksum and the reason of every change
verdict      pure functions of two sets of measures per split: losses, tests, what would have been noticed
simulation   false alarms and power, simulated with a predictor's own measures
report       what people read
"""
