"""Frames to text and pictures.

sheet, cells, render      a table as a value; Markdown, LaTeX, CSV and lines of a screen
overall, tables           the table over all data sets with its sentence; an experiment's tables
looks, panels             colours and lines; the frame around every figure, and its files
figures, against          curves over GPU-hours and final boxes; each searcher against the reference
shares, aggregates, ranks profiles; interquartile means, probability of improvement; critical differences
view                      what a reader asks to see
"""
