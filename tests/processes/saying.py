"""Says what it was told to: for every line that it hears, the next of its arguments, which are hexadecimal bytes."""

import sys

for said in sys.argv[1:]:
    if not sys.stdin.buffer.readline():
        break
    sys.stdout.buffer.write(bytes.fromhex(said))
    sys.stdout.buffer.flush()
else:
    sys.stdin.buffer.readline()
