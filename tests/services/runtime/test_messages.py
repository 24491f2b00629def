"""The contract's shared messages say what the values inside say."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.messages import timestamp


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis adds the zones
def test_a_time_is_told_as_the_library_would(at: datetime) -> None:
    """Before 1970 too, and from any zone; nothing of nothing."""
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        return
    library = Timestamp()
    library.FromDatetime(at)
    assert timestamp(at) == library
    assert timestamp(None) is None
