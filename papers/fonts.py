"""Which font a machine has for Chinese. None comes with the project: it is megabytes, and every system packages one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PACKAGE: Final = "fonts-noto-cjk"
"""What Debian calls the one that is looked for first."""

KNOWN: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",  # Debian, Ubuntu: fonts-noto-cjk
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",  # Arch, Alpine, openEuler
    "/usr/share/fonts/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",  # Fedora
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",  # Debian: fonts-wqy-microhei, a quarter of the size
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",  # Debian: fonts-droid-fallback
)


def find(given: str) -> str:
    """The font's file: ``given`` (a setting) or one of KNOWN; empty where there is none."""
    return next((path for path in ((given,) if given else KNOWN) if Path(path).is_file()), "")
