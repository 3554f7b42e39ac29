"""Frames to text and pictures.

sheet        a table as a value
cells        cells and facts of any table
render       tables as Markdown, LaTeX, CSV and lines of a screen
overall      the table over all data sets, with its sentence
tables       an experiment's tables
looks        colours and lines
panels       the frame around every figure, and its files
figures      curves over GPU-hours, and final boxes
against      each searcher against the reference
shares       performance profiles
aggregates   interquartile means, probability of improvement
ranks        critical differences
view         what a reader asks to see
"""
