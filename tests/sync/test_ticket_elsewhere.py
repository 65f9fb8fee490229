"""Anybody can check a ticket without this project: two COSE libraries, a base45 library and a barcode reader."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as Tree
from typing import Any

import cwt
import pytest
import qrcode
import zxingcpp
from base45 import b45decode
from PIL import Image
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message

from edge.kernel import qr
from sync.kernel import certificate, ticket
from sync.kernel.certificate import Certificate
from sync.kernel.keys import Ed25519Signer
from sync.kernel.ticket import Claims, TicketId

NODE = Ed25519Signer(b"the key of node 7, in its box...")
HUB = Ed25519Signer(b"the hub, and nobody else at all.")
CLAIMS = Claims(TicketId(7, 1, 1234), 20_123, 2518, 0, 3, 12, 0, 4_000_000_000)
CARRIED = certificate.issue(Certificate(7, 1, NODE.public, 2500, 3200), HUB)
TEXTS = {"alone": ticket.issue(CLAIMS, NODE), "with certificate": ticket.issue(CLAIMS, NODE, CARRIED)}


def key() -> Any:
    return cwt.COSEKey.new({1: 1, 2: NODE.kid, 3: -8, -1: 6, -2: NODE.public})


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_library_cwt_reads_and_verifies_it(text: str) -> None:
    found = cwt.decode(bytes(b45decode(text[3:])), keys=[key()])
    assert found == {4: 4_000_000_000, 7: bytes.fromhex("00000701000004d2"), -65537: [20_123, 2518, 0, 3, 12, 0]}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_library_pycose_reads_and_verifies_it(text: str) -> None:
    message = Sign1Message.decode(bytes(b45decode(text[3:])))
    message.key = OKPKey(crv=Ed25519, x=NODE.public)
    assert message.verify_signature()
    assert message.payload == ticket.parse(text).signed.payload


def test_both_refuse_a_forged_one() -> None:
    data = bytearray(b45decode(TEXTS["alone"][3:]))
    data[40] ^= 1
    with pytest.raises(cwt.VerifyError):
        cwt.decode(bytes(data), keys=[key()])
    message = Sign1Message.decode(bytes(data))
    message.key = OKPKey(crv=Ed25519, x=NODE.public)
    assert not message.verify_signature()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_barcode_reader_reads_the_drawn_qr(text: str) -> None:
    picture = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=5)
    picture.add_data(text)
    out = io.BytesIO()
    picture.make_image().save(out)
    assert qr.read_picture(out.getvalue()) == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_svg_that_pages_show_reads_back(text: str) -> None:
    """Painted by hand from the path's squares, as a browser would."""
    root = Tree.fromstring(qr.svg(text))  # noqa: S314
    size = round(float(root.attrib["viewBox"].split()[2]))
    image = Image.new("L", (size * 4, size * 4), 255)
    (path,) = [item for item in root.iter() if item.tag.endswith("path")]
    for x, y, width, height in re.findall(r"M([\d.]+),([\d.]+)H([\d.]+)V([\d.]+)", path.attrib["d"]):
        left, top, right, bottom = (round(float(value) * 4) for value in (x, y, width, height))
        image.paste(0, (left, top, right, bottom))
    found = zxingcpp.read_barcodes(image)
    assert [one.text for one in found] == [text]
