"""Real training: the networks, the recipe, the data and the trainer of a search that ends with a trained model.

Needs the extra `train` (torch); `import pmfnas` does not load it.
"""
