"""The writers of the harness: those of `pmfnas.files`."""

from pmfnas.files import abandoned, remove_abandoned, write_bytes, write_text

__all__ = ["abandoned", "remove_abandoned", "write_bytes", "write_text"]
