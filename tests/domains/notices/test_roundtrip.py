"""What is announced goes there and comes back the same."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.domains.notices.operations import Notice
from tests.golden.strategies import of


@settings(max_examples=30)
@given(st.data())
def test_a_notice_comes_down_and_reads_the_same(data: st.DataObject) -> None:
    said = data.draw(of(Notice))
    assert Notice.from_bytes(said.to_bytes()) == said
