"""PMF-NAS: predictor, stages, allocator, and the searcher that ties them together.

searcher    the searcher
settings    every constant
allocator   the stage in which the next second is worth most
stages      the three stages
choices     the requests that are possible now, and what each is worth
value       what the answer to a question is worth
proposals   which archs to start
pick        which archs a run recommends
predictor   what an arch will score, and how sure that is
forecast    what a request will tell, as its record states it
ports       the predictor as the searcher asks it
model       the numerics of the predictor
costs       what a segment will cost
ladder      the fidelities of the stages
record      the books of a run
catalogue   what is free to know about the archs
pool        the archs that may be proposed, as features
parts       the parts that another one can take the place of
ablations   what takes the place of a part that is left out
"""
