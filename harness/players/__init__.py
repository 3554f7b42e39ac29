"""Who plays: `ours` (the registry), `file` (a class in a Python file), `process` (a command), `packages` (the field's).

play           one run of one player, failures included
class_file     a class in a Python file, a searcher or a predictor
example        a working searcher to begin with
checking       the checks of `pmfnas.testing`, explained
child          a child process that is asked and answers, line by line
protocol       the messages of a searcher in another process; docs/reference/protocol.md
space_text     the space as such a process is told of it
environments   the virtual environments of the field's packages
"""
