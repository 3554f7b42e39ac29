"""Networks of the user's own: a class with `choices` and `build`, trained like the cells.

family      the class, checked, and the settings of the recipe among its choices
space       the choices as a space, with parameters and operations counted by torch
plan        one arch of a family
building    a network built, and what must hold of it
counting    parameters, operations and memory of a network
pack        networks that train side by side
"""
