import struct

import pytest

from workload.pictures import Picture, read_header

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 400) + bytes(9)
GIF = b"GIF89a" + struct.pack("<HH", 32, 64) + bytes(3)
JPEG = b"".join(
    [
        b"\xff\xd8",
        b"\xff\xe0\x00\x10" + bytes(14),  # an application segment
        b"\xff\xc4\x00\x04\x00\x00",  # Huffman tables share the frame headers' range of markers
        b"\xff\xff\xc2\x00\x11\x08",  # a fill byte, then a progressive frame
        struct.pack(">HH", 300, 200) + bytes(10),
    ]
)
WEBP_LOSSY = b"RIFF\0\0\0\0WEBPVP8 " + bytes(4) + b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 550, 368)
WEBP_LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 385 | 394 << 14) + bytes(8)
WEBP_EXTENDED = b"RIFF\0\0\0\0WEBPVP8X" + bytes(4) + bytes(4) + b"\x8f\x01\x00" + b"\x2b\x01\x00"


@pytest.mark.parametrize(
    ("data", "name", "width", "height"),
    [
        (PNG, "PNG", 640, 400),
        (GIF, "GIF", 32, 64),
        (JPEG, "JPEG", 200, 300),
        (WEBP_LOSSY, "WebP", 550, 368),
        (WEBP_LOSSLESS, "WebP", 386, 395),
        (WEBP_EXTENDED, "WebP", 400, 300),
    ],
)
def test_the_header_tells_format_and_size(data, name, width, height):
    assert read_header(data) == Picture(name, width, height, len(data))


@pytest.mark.parametrize("data", [PNG, GIF, JPEG, WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED])
def test_a_picture_cut_off_anywhere_before_its_size_is_none_and_never_an_error(data):
    whole = read_header(data)
    for length in range(len(data)):
        cut = read_header(data[:length])
        assert cut is None or (cut.width, cut.height) == (whole.width, whole.height)
    assert read_header(data[:9]) is None


@pytest.mark.parametrize("data", [b"", b"plain text", b"<svg/>", b"%PDF-1.7", PNG[:16] + bytes(8), b"\xff\xd8\xff\xe0"])
def test_what_is_not_a_picture_or_has_no_area_is_none(data):
    assert read_header(data) is None


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(1600, 900, "landscape"), (900, 1600, "portrait"), (1000, 1000, "square"), (1000, 1050, "square")],
)
def test_the_shape_allows_a_tenth_for_square(width, height, shape):
    assert Picture("PNG", width, height, 1).shape == shape
