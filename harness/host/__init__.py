"""This machine: terminal, processes, cache, and how people type commands.

console   standard output and errors that never fail
workers   work in several processes
clusters  work on Dask and Ray
cache     the folder of cached files
front     the command that starts another process of the harness, and the command that people type
code      a hash of the files that determine a result
missing   the error for a package that is not installed
units     amounts as text: counts, hours, lists of names
"""
