"""Real training: the networks, the recipe, the data and the trainer behind a search that ends with a model.

Needs the extra `train` (torch); `import pmfnas` does not load it.
"""
