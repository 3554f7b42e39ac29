"""Test accuracy is opened here and nowhere else: `oracle` holds it, `scoring` adds it to finished runs.

`ceiling` says which scores are within reach at all; `published` holds the rows of other papers.
"""
