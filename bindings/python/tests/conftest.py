"""Pictures for the tests: the samples of the repository, and what is made of them by code."""

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def samples() -> pathlib.Path:
    return ROOT / "samples"


@pytest.fixture(scope="session")
def face(samples: pathlib.Path) -> bytes:
    """A JPEG with one face."""
    return (samples / "astronaut.jpg").read_bytes()


@pytest.fixture(scope="session")
def command() -> str:
    """The command that the module is compared with, named by FACEVEIL_BIN."""
    path = os.environ.get("FACEVEIL_BIN")
    if not path:
        pytest.skip("FACEVEIL_BIN names no command to compare with")
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, samples: pathlib.Path) -> pathlib.Path:
    """A video of two seconds with one face that moves."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg here")
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    moving = "crop=320:320:'40+2*n':20,format=yuv420p"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-loop", "1", "-t", "2", "-r", "25"]
        + ["-i", samples / "astronaut.jpg", "-vf", moving]
        + ["-c:v", "libx264", "-preset", "veryfast", path],
        check=True,
    )
    return path


@pytest.fixture(scope="session")
def pixels(face: bytes):  # type: ignore[no-untyped-def]
    """The photo as an array of RGB pixels, through a format that the module writes and NumPy can read."""
    numpy = pytest.importorskip("numpy")
    import faceveil

    png = faceveil.Anonymizer(format="png").cover(face, []).data
    return numpy.array(rows_of_png(png), dtype=numpy.uint8)


def rows_of_png(data: bytes):  # type: ignore[no-untyped-def]
    """Pixels of an 8-bit RGB PNG without interlacing."""
    import struct
    import zlib

    import numpy

    at, idat = 8, b""
    width = height = 0
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2)
        if kind == b"IDAT":
            idat += body
        at += 12 + length
    raw = zlib.decompress(idat)
    stride = width * 3
    out = numpy.zeros((height, stride), numpy.int32)
    for y in range(height):
        start = y * (stride + 1)
        kind = raw[start]
        row = numpy.frombuffer(raw, numpy.uint8, stride, start + 1).astype(numpy.int32)
        above = out[y - 1] if y else numpy.zeros(stride, numpy.int32)
        if kind == 0:
            out[y] = row
        elif kind == 1:
            out[y] = numpy.cumsum(row.reshape(-1, 3), axis=0).reshape(-1) % 256
        elif kind == 2:
            out[y] = (row + above) % 256
        else:
            line = out[y]
            for x in range(stride):
                a = int(line[x - 3]) if x >= 3 else 0
                b = int(above[x])
                c = int(above[x - 3]) if x >= 3 else 0
                if kind == 3:
                    guess = (a + b) // 2
                else:
                    p = a + b - c
                    near = [(abs(p - v), i) for i, v in enumerate((a, b, c))]
                    guess = (a, b, c)[min(near)[1]]
                line[x] = (int(row[x]) + guess) % 256
    return out.reshape(height, width, 3)
