"""The numerics of the predictor: Gaussian process, early curves, and the transfer to final scores."""
