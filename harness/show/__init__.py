"""Turns frames into text and pictures.

sheet        the data structure of a table
cells        formats cells and conditions, for any table
render       tables as Markdown, LaTeX, CSV and lines of a screen
overall      the table over all data sets, with its sentence
tables       the tables of an experiment
looks        colours and line styles
panels       layout and files of every figure
figures      curves over GPU-hours, and boxes of final accuracy
against      each searcher beside the reference
shares       performance profiles
aggregates   interquartile means, probability of improvement
ranks        critical differences
view         the reader's choice of searchers and rows
"""
