"""This machine and the person at it.

console   standard output and errors that never fail
workers   work in several processes
cache     the folder of cached files
front     the front doors: how the harness is started, and how people type it
code      a hash of the files that decide a result
missing   the error for a package that is not installed
units     amounts as text: counts, hours, lists of names
"""
