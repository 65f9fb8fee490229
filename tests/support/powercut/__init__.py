"""Disks that lose their power: SQLite through a file layer with a volatile write cache, under the unchanged production code.

:class:`PowerDisk` is one folder on such a disk; :func:`plugged_in` makes nodes and hubs of this process open their databases
on it. ``disk.cut_at = n`` pulls the plug at the n-th step from the disk's making (write, truncation, sync, deletion) with
:class:`PowerCut`; :meth:`PowerDisk.reboot` then leaves in the folder what a real disk might have kept.
"""

from __future__ import annotations

from tests.support.powercut.disk import PowerDisk, plugged_in
from tests.support.powercut.medium import Medium, PowerCut, Step

__all__ = ["Medium", "PowerCut", "PowerDisk", "Step", "plugged_in"]
