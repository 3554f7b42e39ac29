"""The writers of the harness: those of `pmfnas.files`."""

from pmfnas.files import remove_abandoned, write_bytes, write_text

__all__ = ["remove_abandoned", "write_bytes", "write_text"]
