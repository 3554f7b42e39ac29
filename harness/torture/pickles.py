"""Hostile pickles: every known way to call code, to fill the memory, or to exceed the stack.

Each calling pickle would make the file `TRACE` if any of it were run.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

_TEXT_8 = 1 << 62


def calling(trace: str) -> dict[str, bytes]:
    """Return pickles that call code, by how they do it; `trace` is the path of the file that the code would make."""
    command = f"touch {trace}"
    line, short = f"S'{command}'\n".encode(), b"\x8c" + bytes([len(command)]) + command.encode()
    popen = b"csubprocess\nPopen\n"
    stack_global = b"\x80\x04\x8c\x05posix\x8c\x06system\x93"
    dotted = b"\x80\x04\x8c\x0bcollections\x8c\x1eOrderedDict.fromkeys.__class__\x93"
    return {
        "GLOBAL, REDUCE": b"cos\nsystem\n(" + line + b"tR.",
        "STACK_GLOBAL, REDUCE": stack_global + short + b"\x85R.",
        "a dotted STACK_GLOBAL": dotted + short + b"\x85R.",
        "INST": b"(" + line + b"ios\nsystem\n.",
        "OBJ": b"(cos\nsystem\n" + line + b"o.",
        "NEWOBJ": b"\x80\x02" + popen + b"(" + line + b"t\x81.",
        "NEWOBJ_EX": b"\x80\x04" + popen + b"(" + line + b"t}\x92.",
        "BUILD": b"\x80\x02" + popen + b")\x81}b.",
        "BUILD of an allowed name": b"\x80\x02ccollections\nOrderedDict\n)R}U\x09__class__cos\nsystem\nsb.",
        "EXT1": b"\x80\x02\x82\x01" + line + b"\x85R.",
        "EXT2": b"\x80\x02\x83\x01\x01" + line + b"\x85R.",
        "EXT4": b"\x80\x02\x84\x01\x01\x01\x00" + line + b"\x85R.",
        "PERSID": b"Pos.system\n.",
        "BINPERSID": b"\x80\x02" + line + b"Q.",
        "eval": b"\x80\x02cbuiltins\neval\n(" + f'S\'open("{trace}", "w")\'\n'.encode() + b"tR.",
        "eval of Python 2": b"c__builtin__\neval\n(" + f'S\'open("{trace}", "w")\'\n'.encode() + b"tR.",
        "getattr": b"\x80\x02cbuiltins\ngetattr\n(cos\nS'system'\ntR" + line + b"\x85R.",
        "import": b"\x80\x02cbuiltins\n__import__\n(S'os'\ntR.",
        "a call within a memo": b"\x80\x02cos\nsystem\nq\x000h\x00" + line + b"\x85R.",
        "a codec": b"\x80\x02c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.",
        "an object array": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR.",
        "an object scalar": b"\x80\x02cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(U\x02O8tRU\x08"
        + b"a" * 8
        + b"tR.",
        "pickle in a pickle": b"\x80\x02c_pickle\nloads\n(C\x01.tR.",
    }


def exhausting(smoke: bool) -> Mapping[str, Callable[[], bytes]]:
    """Return pickles that ask for more than there is, by what they ask for; each is made when it is needed."""
    n = 200_000 if smoke else 2_000_000
    return MappingProxyType(
        {
            "a memo place of 32 bits": lambda: b"\x80\x02Nr\xff\xff\xff\x7f.",
            "a memo place in words": lambda: b"Np9999999999\n.",
            "a memo place that is not there": lambda: b"\x80\x02h\xff.",
            "a text of 64 bits": lambda: b"\x80\x04\x8d" + struct.pack("<Q", _TEXT_8) + b"x.",
            "bytes of 64 bits": lambda: b"\x80\x04\x8e" + struct.pack("<Q", _TEXT_8) + b"x.",
            "a bytearray of 64 bits": lambda: b"\x80\x05\x96" + struct.pack("<Q", _TEXT_8) + b"x.",
            "a text of 32 bits": lambda: b"\x80\x02X\xff\xff\xff\xff.",
            "a negative length": lambda: b"\x80\x02T\xff\xff\xff\xff.",
            "a number of 2 GB": lambda: b"\x80\x02\x8b\xff\xff\xff\x7f.",
            "a number of many digits": lambda: b"I" + b"9" * n + b"\n.",
            "a long number of many digits": lambda: b"L" + b"9" * n + b"L\n.",
            "a frame of 64 bits": lambda: b"\x80\x04\x95" + struct.pack("<Q", _TEXT_8) + b"N.",
            "lists within lists": lambda: b"\x80\x02" + b"]" * n + b"a" * (n - 1) + b".",
            "tuples within tuples as a key": lambda: b"\x80\x02}N" + b"\x85" * n + b"Ns.",
            "tuples within tuples in a set": lambda: b"\x80\x04\x8f(N" + b"\x85" * n + b"\x90.",
            "dictionaries within dictionaries": lambda: b"\x80\x02" + b"}K\x01" * n + b"N" + b"s" * n + b".",
            "frozen sets within frozen sets": lambda: b"\x80\x04" + b"(" * n + b"N" + b"\x91" * n + b".",
            "marks without end": lambda: b"\x80\x02" + b"(" * n + b".",
            "copies without end": lambda: b"\x80\x02N" + b"2" * n + b".",
            "more popped than pushed": lambda: b"\x80\x02N000000.",
            "itself within itself": lambda: b"\x80\x02]q\x00h\x00a}q\x01h\x00h\x01ss.",
            "a protocol to come": lambda: b"\x80\xffN.",
            "nothing": lambda: b"",
            "a buffer from outside": lambda: b"\x80\x05\x97.",
        }
    )


def bombs(smoke: bool) -> Iterator[tuple[str, bytes]]:
    """Yield pickles that unpack to gigabytes, packed by bz2 as a file of many streams."""
    import bz2

    n_streams = 200 if smoke else 10_000  # a megabyte each
    for name, unit in (("nothing", b"N"), ("marks", b"("), ("empty lists", b"]"), ("zeros", b"\0")):
        stream = bz2.compress(unit * (1 << 20))
        yield f"a bz2 file of {n_streams:,} MB of {name}", bz2.compress(b"\x80\x02") + stream * n_streams
