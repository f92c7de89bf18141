from __future__ import annotations

from hypothesis import strategies as st

# Events are made of measured times and of counts.
st.register_type_strategy(float, st.floats(min_value=0, max_value=1e9, allow_nan=False))
st.register_type_strategy(int, st.integers(min_value=0, max_value=10_000))
