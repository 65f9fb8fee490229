"""GTFS feeds for the hub: read, check, compile.

``compile_feed`` is the one way in; the dataclasses of ``model`` are what comes out.
"""

from cloud.domains.timetable.gtfs.compile import compile_feed
from cloud.domains.timetable.gtfs.errors import FeedRejected
from cloud.domains.timetable.gtfs.model import CompiledFeed

__all__ = ["CompiledFeed", "FeedRejected", "compile_feed"]
