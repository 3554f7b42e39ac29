"""The numerics of the predictor: Gaussian process, early curves, and the transfer to final scores.

curves      what a learning curve says
rows        what was told, a row per observation of the process
gp          a Gaussian process over archs
paths       joint draws of it
kernel      covariance between archs
triangular  Cholesky factors
arrays      one row more, and the best of many
regression  an online Bayesian linear regression
capacity    what capacity adds: a declared belief, and what the run learnt of it
transfer    from medium to final scores
"""
