"""The numerics of the predictor: Gaussian process, early curves, and the transfer to final scores.

curves     what a learning curve says
early      how an early curve corrects what the arch promises
gp         a Gaussian process over archs
kernel     covariance between archs
transfer   from the medium level to final scores
"""
