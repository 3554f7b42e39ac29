"""The gate of the predictors: are they still as good as they were when a reference was accepted?

asking       a call, checked: predictor, data, groups and reference
inrun        the engine's own predictor, measured in its searches
groups       the cells that are measured, and the number of splits of each
measures     the compared measures, each with its margin and its share of the false alarms
measuring    the predictor in every split of every group, over processes
reference    the file of accepted measures: read, checked, and written with a checksum and the reason of every change
verdict      pure functions of two sets of measures per split: losses, tests, detectable losses
simulation   false alarms and power, simulated with a predictor's own measures
report       tables and sentences for people
"""
