"""What a picture's first bytes say about it. The bytes decide, never the file's name or its declared type."""

import struct
from dataclasses import dataclass

FORMATS = ("PNG", "JPEG", "GIF", "WebP")


@dataclass(frozen=True)
class Picture:
    """Width and height are pixels as stored: a camera's note that a JPEG is to be turned is not followed."""

    format: str
    width: int
    height: int
    bytes: int

    @property
    def shape(self) -> str:
        if self.width * 10 > self.height * 11:
            return "landscape"
        return "portrait" if self.height * 10 > self.width * 11 else "square"


def read_header(data: bytes) -> Picture | None:
    """The picture in `data`, or None when it is in none of FORMATS, cut off before its size, or has no area."""
    for name, read_size in _READERS.items():
        size = read_size(data)
        if size is not None and min(size) > 0:
            return Picture(name, *size, bytes=len(data))
    return None


def _png(data: bytes) -> tuple[int, int] | None:
    """https://www.w3.org/TR/png-3/#11IHDR"""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return struct.unpack(">II", data[16:24])


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Walk the segments to the first frame header (SOF0-SOF15 without DHT, JPG, DAC): ITU-T T.81, B.2.2."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte before the marker
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _gif(data: bytes) -> tuple[int, int] | None:
    """https://www.w3.org/Graphics/GIF/spec-gif89a.txt, section 18"""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 10:
        return None
    return struct.unpack("<HH", data[6:10])


def _webp(data: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container: lossy, lossless or extended."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if data[12:16] == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if data[12:16] == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


_READERS = dict(zip(FORMATS, (_png, _jpeg, _gif, _webp), strict=True))
