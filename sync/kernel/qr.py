"""QR pictures: drawn on request and never inside a sale's transaction, because drawing costs more than selling."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=64)
def svg(text: str) -> str:
    """The QR of ``text`` as an SVG element (error correction M, 4 modules of quiet zone)."""
    import qrcode
    from qrcode.image.svg import SvgPathImage

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4, image_factory=SvgPathImage)
    code.add_data(text)
    code.make(fit=True)
    return str(code.make_image().to_string(encoding="unicode"))
