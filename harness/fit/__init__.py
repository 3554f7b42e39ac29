"""How the shipped models were fitted, and how near they come. Nothing here is needed to use them; not in the wheel.

surrogate, size_surrogate, real_finals       one fit each (the first and the last need the extra `fit`: torch)
surrogate_report, real_finals_report         figures on archs that the fit did not use
"""
