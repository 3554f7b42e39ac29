"""The official NATS-Bench and NAS-Bench-201 files, and their import into a curve table."""

from pmfnas.benchmarks.official.detect import Source, default_root, detect, part_of, preferred
from pmfnas.benchmarks.official.importer import import_official

__all__ = ["Source", "default_root", "detect", "import_official", "part_of", "preferred"]
