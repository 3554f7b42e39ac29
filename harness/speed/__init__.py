"""The verb `speed`: how fast the project is, next to its peers in the same run, and how its times grow.

figure     a measured figure with its goal and its peer
parts      the parts of the measurement, each in a fresh process with one thread of linear algebra
archive    the curve table next to the official package, on generated official files
queries    reading values, one segment at a time and in bulk
events     the loop: seconds per event, and whole experiments
searching  PMF-NAS next to the model-based packages of the field
growth     time and memory against seeds, archs and budget
clusters   the backends of experiments
measuring  all parts, in order
page       the table, the reference and the page in the documents
"""
