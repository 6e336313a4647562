"""Malformed input is refused in one sentence, with exit code 2 and without a trace."""

from faultlab.inputs import refused, requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.config.files import read_run_settings
from equipoise.core.errors import UserError


def test_malformed_requests_are_refused_in_a_sentence(run, tmp_path):
    place = tmp_path / "requests"
    answers = {name: refused(request, place) for name, request in requests(place, run, 63)}
    assert {name: wrong for name, wrong in answers.items() if wrong} == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | VALUES.map(repr).map(str.encode))
def test_any_bytes_are_settings_or_a_sentence(tmp_path, content):
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    words = "."
    try:
        read_run_settings(file)
    except UserError as error:
        words = str(error)
    assert "\n" not in words
    assert words[-1] in ".?"
