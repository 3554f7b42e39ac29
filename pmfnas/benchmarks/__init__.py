"""What can be asked for a segment of training: the curve table, and what fills it."""
