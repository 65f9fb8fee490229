"""QR pictures: drawn by :mod:`sync.kernel.qr`, read here from what people photograph."""

from __future__ import annotations

import io
from typing import Final

from sync.kernel.errors import Refusal
from sync.kernel.qr import svg

__all__ = ["read_picture", "svg"]

MAX_PICTURE_BYTES: Final = 8 * 1024 * 1024
_MAX_PIXELS: Final = 40_000_000
# What cameras and browsers make; others (PostScript) would start programs to be read.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def read_picture(data: bytes) -> str:
    """The text of the QR in a photograph. Raises :class:`Refusal`: ``picture_size``, ``picture_damaged``, ``picture_no_code``."""
    if len(data) > MAX_PICTURE_BYTES:
        raise Refusal("picture_size", status=413, field="picture")
    import zxingcpp
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise Refusal("picture_size", status=413, field="picture")
            image = opened.convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Refusal("picture_damaged", status=422, field="picture") from None
    for found in zxingcpp.read_barcodes(image):
        if found.text:
            return str(found.text)
    raise Refusal("picture_no_code", status=422, field="picture")
