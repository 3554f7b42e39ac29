"""Tabular benchmarks: the curve table, and the packages that fill it from official files, other packages and models.

table            the curve table: memory-mapped columns
header           its header, `table.json`
tabular          a table as a benchmark
seconds          numbers of images, and the price of an epoch and of a validation pass
unpickle         pickles of plain data, read without running code
official         makes a table of the official files
anchored         makes one of published real values, with modelled curves
real_finals      makes one of the real final values of a package
surrogate        makes one of the shipped model of the topology space
size_surrogate   makes one of the shipped model of the size space
"""
