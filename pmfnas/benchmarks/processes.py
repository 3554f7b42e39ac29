"""Whether the process that left a half-written file is still at work."""

import os


def is_running(pid: int) -> bool:
    """Return whether a process with this id exists; True where that cannot be asked without harm."""
    if os.name != "posix":
        return True  # where signal 0 would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
