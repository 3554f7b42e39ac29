"""A user's own problem in a Python file: a `pmfnas.Problem`, given on the command line by `--problem`."""

from harness.players.class_file import FromFile, load_module, located
from pmfnas.core.errors import InputError
from pmfnas.problem.problem import Problem

_FLAG, _LOOKS = "--problem", "must look like my_problem.py:problem"


def problem_in_file(text: str) -> tuple[Problem, FromFile]:
    """Return the problem `PATH.py:NAME` and where it is; the file is loaded.

    Raises:
        InputError: `text` has another form, there is no such file, it fails to import, or it has no such problem.
    """
    _, found = located(text, _FLAG, _LOOKS)
    module = load_module(found.path, found.source)
    problem = getattr(module, found.attribute, None)
    if not isinstance(problem, Problem):
        names = [name for name, value in vars(module).items() if isinstance(value, Problem)]
        has = f"it has: {', '.join(names)}" if names else f"write {found.attribute} = pmfnas.Problem(train, space, ...)"
        raise InputError(f"{found.path.name} has no problem {found.attribute}; {has}")
    return problem, found
