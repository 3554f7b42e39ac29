"""The official NATS-Bench and NAS-Bench-201 files, and their import into a curve table.

detect        which official files lie at a path
layout        spaces, schedules and names in them
fingerprint   a name for their bytes
stream        arch records out of one big pickle, one at a time
reader        the files as a stream of records
records       records as columns of numbers
shards        the columns of some archs: the unit of an import
importer      the import
"""

from pmfnas.benchmarks.official.detect import Source, default_root, detect, part_of, preferred
from pmfnas.benchmarks.official.importer import import_official

__all__ = ["Source", "default_root", "detect", "import_official", "part_of", "preferred"]
