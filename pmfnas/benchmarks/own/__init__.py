"""A table of one's own: curves that somebody has, as a curve table.

importer      a file of curves becomes a table
options       what the user says of the file
reading       the file as columns of numbers and of codes
layout        which column is what; the exports of Optuna and Syne Tune
archs         columns of choices become archs
trainings     rows become trainings, each with all of its epochs
figures       columns become figures, checked
exporter      a table becomes a file of curves again
space         the space of such a table
"""
