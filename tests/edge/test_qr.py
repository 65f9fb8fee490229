"""QR pictures: drawn so that they read back, and read from what people photograph."""

from __future__ import annotations

import io
import random

import pytest
import qrcode
from PIL import EpsImagePlugin, Image

from edge.kernel import qr
from sync.kernel.errors import Refusal

TEXT = "Y1:" + "6BFOXN*TS0BI$ZD-PHQ7I/9T+*ABZLZPJ" * 5


def picture(kind: str = "PNG", text: str = TEXT, mode: str = "L") -> bytes:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=6)
    code.add_data(text)
    out = io.BytesIO()
    code.make_image().get_image().convert(mode).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_a_picture_of_any_usual_kind_is_read(kind: str) -> None:
    assert qr.read_picture(picture(kind)) == TEXT


def test_a_rotated_noisy_photograph_is_read() -> None:
    image = Image.open(io.BytesIO(picture(mode="RGB"))).rotate(17, expand=True, fillcolor="white").resize((640, 640))
    dice = random.Random(5)
    for _ in range(1_500):
        image.putpixel((dice.randrange(640), dice.randrange(640)), (dice.randrange(256),) * 3)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    assert qr.read_picture(out.getvalue()) == TEXT


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"<svg/>", bytes(5_000)])
def test_what_is_no_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Refusal, match="picture_damaged"):
        qr.read_picture(data)


def test_a_picture_program_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostScript is a programming language: no file of it is handed to an interpreter."""
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: pytest.fail("an interpreter was started"))
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(Refusal, match="picture_damaged"):
        qr.read_picture(script)


def test_a_picture_without_a_code_is_refused_in_words() -> None:
    out = io.BytesIO()
    Image.new("L", (300, 200), 200).save(out, "PNG")
    with pytest.raises(Refusal, match="picture_no_code"):
        qr.read_picture(out.getvalue())


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    with pytest.raises(Refusal, match="picture_size"):
        qr.read_picture(out.getvalue())
    with pytest.raises(Refusal, match="picture_size"):
        qr.read_picture(bytes(qr.MAX_PICTURE_BYTES + 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_damaged_picture_is_read_or_refused_and_never_falls(kind: str) -> None:
    whole, dice = picture(kind), random.Random(7)
    for _ in range(60):
        data = bytearray(whole[: dice.randrange(8, len(whole) + 1)])
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            assert qr.read_picture(bytes(data))
        except Refusal as error:
            assert error.code in ("picture_damaged", "picture_no_code", "picture_size")
