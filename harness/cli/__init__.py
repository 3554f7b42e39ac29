"""The command line: one file per verb. A verb reads its arguments, calls one room and prints. No room imports this one.

`main` finds the verb and turns errors into one line and an exit code; `table` writes the outputs of any folder again.
"""
