"""QR pictures: drawn on request and never inside a sale's transaction, because drawing costs more than selling."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from sync.kernel.errors import Refusal

MAX_PICTURE_BYTES: Final = 8 * 1024 * 1024
_MAX_PIXELS: Final = 40_000_000
# What cameras and browsers make; others (PostScript) would start programs to be read.
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


@lru_cache(maxsize=64)
def svg(text: str) -> str:
    """The QR of ``text`` as an SVG element (error correction M, 4 modules of quiet zone)."""
    import qrcode
    from qrcode.image.svg import SvgPathImage

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4, image_factory=SvgPathImage)
    code.add_data(text)
    code.make(fit=True)
    return str(code.make_image().to_string(encoding="unicode"))


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
