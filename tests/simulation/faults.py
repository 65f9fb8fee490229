"""Every fault that a run counts, by name: one that is named here and never fires would stand in the result with a zero."""

from __future__ import annotations

from collections import Counter
from typing import Final

LINE: Final = (
    "request_lost", "answer_lost", "request_twice", "request_late", "request_replayed", "request_cut",
    "request_flipped", "answer_cut", "answer_flipped", "answer_old", "delayed", "reordered", "hub_raced", "one_way",
    "outage", "everyone_at_once", "away_30_days",
)  # fmt: skip
MACHINES: Final = (
    "crash_before_commit", "crash_after_commit", "crash_before_commit_hub", "crash_after_commit_hub", "kill_box", "kill_hub",
    "boot_1970", "clock_skew", "clock_back", "hub_clock_skew", "disk_full", "disk_full_as_io_error", "disk_full_hub",
    "disk_full_as_io_error_hub", "disk_write_error", "disk_write_error_hub", "power_cut", "power_cut_hub",
)  # fmt: skip
DISKS: Final = ("restored_box", "copied_disk", "renewed", "re_enrolled", "revoked", "restored_hub", "rotten_row")
TOGETHER: Final = (
    "acted_meanwhile", "interrupted", "newer_event", "newer_operation", "newer_box", "older_box", "newer_hub",
    "older_hub", "new_timetable", "other_vehicle", "vehicle_changed",
)  # fmt: skip
GATEWAY: Final = (
    "gateway_down", "gateway_answer_lost", "gateway_answer_forged", "gateway_callback_late", "gateway_callback_doubled",
    "gateway_callback_lost", "gateway_callback_forged", "gateway_callback_amount", "gateway_paid_other",
    "gateway_paid_closed", "gateway_refund_slow",
)  # fmt: skip
FAULTS: Final = (*LINE, *MACHINES, *DISKS, *TOGETHER, *GATEWAY)


class Fired(Counter[str]):
    """How often each fault really happened."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(FAULTS, 0))

    def __missing__(self, name: str) -> int:
        raise KeyError(f"no fault is called {name}")
