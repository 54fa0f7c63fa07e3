"""Files with one kind of metadata each, made by programs and by hand that are not ours."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

WIDTH, HEIGHT = 48, 32
RIGHTS = "кошка 猫 ü"
XMP = (
    "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "
    "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:exif='http://ns.adobe.com/exif/1.0/' "
    "xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/' xmlns:mine='http://example.org/mine/' "
    f"tiff:Orientation='6' tiff:ImageWidth='{WIDTH}' tiff:ImageLength='{HEIGHT}' photoshop:City='{RIGHTS}'>"
    f"<exif:PixelXDimension>{WIDTH}</exif:PixelXDimension><mine:Thing>of nobody's knowledge</mine:Thing>"
    "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
).encode()
IPTC = b"\x1c\x02\x05\0\x05title\x1c\x02\x78\0\x09a caption"
MAKER_NOTE = b"OURMAKER\0" + bytes(range(1, 120))
FOCAL = 4000


def pixels(channels=3):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    planes = [60 + 2 * x + (c + 1) * y for c in range(channels)]
    return np.stack(planes, axis=2).clip(0, 255).astype(np.uint8)


def thumbnail():
    file = io.BytesIO()
    Image.fromarray(255 - pixels()).resize((24, 16)).save(file, "JPEG")
    return file.getvalue()


def traces():
    """What of the thumbnail is in no other JPEG: the end of its pixels."""
    return thumbnail()[-80:-20]


def camera(orientation=1):
    """An EXIF block with a place, a maker's note, an unknown tag, sizes in pixels, and a thumbnail."""
    exif = Image.Exif()
    exif[256], exif[257], exif[271], exif[274], exif[33432] = WIDTH, HEIGHT, "A maker", orientation, "A right"
    inner = exif.get_ifd(0x8769)
    inner |= {37500: MAKER_NOTE, 40962: WIDTH, 40963: HEIGHT, 34855: 400, 0xFDE8: "An owner"}
    focal = TiffImagePlugin.IFDRational(FOCAL)
    inner |= {41486: focal, 41487: focal, 37396: (10, 20, 4, 6)}
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.0)
    block = bytearray(exif.tobytes())
    start, small = len(block) - 6, thumbnail()
    order = {b"II": "<", b"MM": ">"}[bytes(block[6:8])]
    (main,) = struct.unpack_from(order + "I", block, 10)
    (count,) = struct.unpack_from(order + "H", block, 6 + main)
    struct.pack_into(order + "I", block, 6 + main + 2 + 12 * count, start)
    rows = [(259, 3, 1, 6 << 16 if order == ">" else 6), (513, 4, 1, start + 2 + 36 + 4), (514, 4, 1, len(small))]
    block += (
        struct.pack(order + "H", 3) + b"".join(struct.pack(order + "HHII", *row) for row in rows) + bytes(4) + small
    )
    return bytes(block)


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def resource(number, content):
    head = b"8BIM" + struct.pack(">H", number) + b"\0\0" + struct.pack(">I", len(content))
    return head + content + bytes(len(content) % 2)


def photoshop():
    """IPTC, a path, and a thumbnail of the picture as it was."""
    small = resource(0x040C, bytes(28) + thumbnail())
    return b"Photoshop 3.0\0" + resource(0x0404, IPTC) + resource(2000, b"a path") + small


def jpeg(path, *segments, **options):
    file = io.BytesIO()
    Image.fromarray(pixels()).save(file, "JPEG", quality=95, subsampling=0, **options)
    content = file.getvalue()
    behind = 4 + int.from_bytes(content[4:6], "big")  # JFIF's own
    path.write_bytes(content[:behind] + b"".join(segments) + content[behind:])


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(path, *chunks, behind=(), levels=None):
    """A PNG of 8 or 16 bits with chunks before its pixels, and behind them."""
    levels = pixels() if levels is None else levels
    height, width, channels = levels.shape
    rows = levels.astype(levels.dtype.newbyteorder(">")).tobytes()
    row = len(rows) // height
    raw = b"".join(b"\0" + rows[i * row : (i + 1) * row] for i in range(height))
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", width, height, 8 * levels.dtype.itemsize, kind, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*c) for c in chunks)
    path.write_bytes(
        content + chunk(b"IDAT", zlib.compress(raw)) + b"".join(chunk(*c) for c in behind) + chunk(b"IEND", b"")
    )


def chunks_of(path):
    """The chunks of a PNG file but for its pixels, in their order."""
    content, place, found = path.read_bytes(), 8, []
    while place < len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        body = content[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", content, place + 8 + length)[0]
        found += [(kind, body)] if kind != b"IDAT" else [(kind, b"")]
        place += 12 + length
    return list(dict.fromkeys(found))


def tiff(path, levels=None, **options):
    levels = pixels() if levels is None else levels
    options = {"photometric": "rgb" if levels.ndim == 3 and levels.shape[2] == 3 else "minisblack", **options}
    tifffile.imwrite(path, levels, **{"metadata": None, **options})


def stack():
    return np.stack([pixels(1)[:, :, 0] // (n + 1) for n in range(3)])


def text(words="A text"):
    info = PngInfo()
    info.add_text("Comment", words)
    return info
