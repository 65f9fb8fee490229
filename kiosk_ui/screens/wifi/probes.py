"""How phones find out whether they are online: each maker has an address of its own, and an answer that it hopes for.

Any other answer (here a redirect) makes the phone show the portal. The addresses are plain http; nobody answers for 443.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Answer:
    """What a phone wants to hear when there is nothing in its way."""

    status: int
    body: bytes = b""
    mimetype: str = "text/plain"


_APPLE: Final = Answer(200, b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>", "text/html")
_NOTHING: Final = Answer(204)
ANSWERS: Final = {
    # iPhone, iPad, Mac
    "/hotspot-detect.html": _APPLE,
    "/library/test/success.html": _APPLE,
    # Android, Huawei, HarmonyOS and most others that are made from Android; ChromeOS
    "/generate_204": _NOTHING,
    "/gen_204": _NOTHING,
    # Windows, new and old
    "/connecttest.txt": Answer(200, b"Microsoft Connect Test"),
    "/ncsi.txt": Answer(200, b"Microsoft NCSI"),
    # Firefox, old and new
    "/success.txt": Answer(200, b"success\n"),
    "/canonical.html": Answer(
        200, b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>', "text/html"
    ),
    # GNOME and its kin
    "/check_network_status.txt": Answer(200, b"NetworkManager is online\n"),
}
HOSTS: Final = frozenset(
    (
        "captive.apple.com",
        "www.apple.com",
        "connectivitycheck.gstatic.com",
        "connectivitycheck.android.com",
        "clients3.google.com",
        "play.googleapis.com",
        "www.google.com",
        "connectivitycheck.platform.hicloud.com",
        "connectivitycheck.cbg-app.huawei.com",
        "www.msftconnecttest.com",
        "ipv6.msftconnecttest.com",
        "www.msftncsi.com",
        "detectportal.firefox.com",
        "nmcheck.gnome.org",
    )
)
"""Names that are never this box's own. Windows opens ``/redirect`` at its own, whatever the probe was answered."""
