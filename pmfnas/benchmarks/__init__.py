"""Tabular benchmarks: the curve table, and the packages that fill it from official files, other packages and models.

table            the curve table: memory-mapped columns
series           one of its columns, opened for many short reads
header           its header, `table.json`
tabular          the benchmark that reads a table
seconds          numbers of images, and the price of an epoch and of a validation pass
unpickle         pickles of plain data, read without running code
official         makes a table from the official files
own              makes a table from the user's own curves
anchored         makes a table from published real values, with modelled curves
real_finals      makes a table from the real final values of a package
surrogate        makes a table from the shipped model of the topology space
size_surrogate   makes a table from the shipped model of the size space
"""
