"""Published searchers and learning-free controls, one file each."""
