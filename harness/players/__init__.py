"""The players: our searchers, classes in files, commands, and the field's packages.

ours           the registry of our searchers
file           a searcher given on the command line: a class in a file, or a command
process        a searcher in a process of its own
packages       the field's packages, and our implementation of the same method
class_file     a class in a Python file, a searcher or a predictor
problem_file   a problem of the user's in a Python file
example        a working searcher as a starting point
checking       the checks of `pmfnas.testing`, explained
child          a child process that answers each line with a line
protocol       the messages of a searcher in another process; docs/reference/protocol.md
space_text     the description of a space for a searcher in another process
environments   the virtual environments of the field's packages
"""
