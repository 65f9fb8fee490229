"""QR pictures: drawn on request and never inside a sale's transaction, because drawing costs more than selling."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def svg(text: str) -> str:
    """The QR of ``text`` as an SVG element (error correction M, 4 modules of quiet zone)."""
    from qrcode.image.svg import SvgPathImage

    return str(_code(text, SvgPathImage).make_image().to_string(encoding="unicode"))


def modules(text: str) -> list[list[bool]]:
    """The same QR as rows of modules, True for black, its quiet zone among them."""
    return [[bool(dark) for dark in row] for row in _code(text, None).get_matrix()]


def _code(text: str, factory: Any) -> Any:
    import qrcode

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4, image_factory=factory)
    code.add_data(text)
    code.make(fit=True)
    return code
