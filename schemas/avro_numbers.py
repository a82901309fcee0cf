"""Avro's variable-length numbers, quick where our values are: short lengths and today's microseconds."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

_LENGTHS_BELOW: Final = 4096
_eight_bytes: Final = struct.Struct("<Q").unpack_from
_GROUP: Final = 1 << 14
_TIME_LEAST: Final = 1 << 49
_TIME_MOST: Final = 1 << 56
_LIMIT: Final = 1 << 63
_MOST_BYTES: Final = 10
_EIGHT: Final = 8
_CONTINUES: Final = 0x8080808080808080
_EIGHT_BYTES: Final = 0x0080808080808080
_SEVENS_LOW: Final = 0x007F007F007F007F
_SEVENS_HIGH: Final = 0x7F007F007F007F00
_FOURTEENS_LOW: Final = 0x00003FFF00003FFF
_FOURTEENS_HIGH: Final = 0x3FFF00003FFF0000
_TWENTY_EIGHT: Final = 0x0FFFFFFF


def write_long(value: int) -> bytes:
    """Return a number zigzag-encoded, low seven bits first. Raises ValueError beyond 64 bits, TypeError for no int."""
    z = value << 1 if value >= 0 else ~(value << 1)
    if _TIME_LEAST <= z < _TIME_MOST:
        return _MIDDLE[z & 16383] + _MIDDLE[z >> 14 & 16383] + _MIDDLE[z >> 28 & 16383] + _LAST[z >> 42]
    if not -_LIMIT <= value < _LIMIT:
        raise ValueError("an integer beyond 64 bits")
    return _varint(z)


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at an index, and the index after it.

    Raises IndexError when the bytes end before it does, ValueError when it is longer than 64 bits.
    """
    byte = data[at]
    if byte < 128:  # noqa: PLR2004 - one byte of seven bits
        return byte >> 1 ^ -(byte & 1), at + 1
    if len(data) >= at + _EIGHT:
        (x,) = _eight_bytes(data, at)
        if x & _CONTINUES == _EIGHT_BYTES:  # today's microseconds: squeeze out every eighth bit
            x = x & _SEVENS_LOW | (x & _SEVENS_HIGH) >> 1
            x = x & _FOURTEENS_LOW | (x & _FOURTEENS_HIGH) >> 2
            x = x & _TWENTY_EIGHT | x >> 4 & ~_TWENTY_EIGHT
            return x >> 1 ^ -(x & 1), at + _EIGHT
    z = shift = 0
    for index in range(at, at + _MOST_BYTES):
        byte = data[index]
        z |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the last byte has no high bit
            if z >> 64:
                break
            return z >> 1 ^ -(z & 1), index + 1
        shift += 7
    raise ValueError("a number longer than 64 bits")


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """Return the length that begins at an index, and the index after it. Raises IndexError, ValueError if negative."""
    length, after = read_long(data, at)
    if length < 0:
        raise ValueError("a negative length")
    return length, after


def _varint(z: int) -> bytes:
    out = bytearray()
    while z > 127:  # noqa: PLR2004 - seven bits a byte
        out.append(z & 127 | 128)
        z >>= 7
    out.append(z)
    return bytes(out)


_MIDDLE: Final = tuple(bytes((z & 127 | 128, z >> 7 | 128)) for z in range(_GROUP))
_LAST: Final = tuple(bytes((z & 127 | 128, z >> 7)) for z in range(_GROUP))


class _Lengths(dict[int, bytes]):
    """Knows the short lengths and works out the others."""

    def __missing__(self, length: int) -> bytes:
        return write_long(length)


LENGTHS: Final[Mapping[int, bytes]] = _Lengths((length, _varint(2 * length)) for length in range(_LENGTHS_BELOW))
"""The encoding of every length."""
