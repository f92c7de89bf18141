"""Events as a run has them, for the tests of this folder."""

from __future__ import annotations

from hypothesis import strategies as st

from deployer.core.events import Ended, Event, Intended, Judged, Looked, ProcessSeen, Said, Started, Wrote
from deployer.core.models import ProofMode
from deployer.core.names import AppName, ProcessId, RackName, ReleaseId, ServiceName, ShipId
from deployer.core.proof import Progress
from deployer.core.verdict import Verdict

RACK = RackName("acme/production")
APP = AppName("demo")
SHIP = ShipId("20261124-120000-a1b2c3")
RELEASE = ReleaseId("RABCDEFGHIJ")

STARTED = Started(SHIP, "ship", APP, "ada", "0.1.0")
INTENDED = Intended("releases promote", "RABCDEFGHIJ", RELEASE)
WROTE = Wrote("releases promote", "done", RELEASE)
ENDED = Ended(Verdict.SHIPPED, RELEASE, "RABCDEFGHIJ serves", hints=("nothing",), problems=(("a", "b"),))


def a_look(running: int = 1, *, answers: int = 4, age_s: float = 0.5) -> Looked:
    progress = Progress(ServiceName("web"), ProofMode.IDS, 2, running, running, 0, "")
    row = ProcessSeen(ProcessId("web-1"), ServiceName("web"), RELEASE, "running", is_new=True, answered_s_ago=age_s)
    return Looked("watch", RELEASE, "updating", (progress,), (row,), answers=answers)


_text = st.text(max_size=40)
_release = st.none() | st.just(RELEASE)

kept_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Intended, _text, _text, _release),
    st.builds(Wrote, _text, _text, _release, _text),
    st.builds(Said, _text, _text, st.booleans()),
    st.builds(Judged, _text, _text),
    st.builds(Ended, st.sampled_from(Verdict), _release, _text, hints=st.lists(_text, max_size=2).map(tuple)),
    st.just(STARTED),
)
