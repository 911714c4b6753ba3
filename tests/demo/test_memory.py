from __future__ import annotations

from harness.demo.memory import Memory, SessionStore


def test_the_store_forgets_the_session_that_was_silent_longest() -> None:
    """Memory is bounded: beyond its capacity the least recently used session goes, and starts anew."""
    store = SessionStore(capacity=2)
    store.keep("a", Memory(turn=1))
    store.keep("b", Memory(turn=1))
    store.keep("a", Memory(turn=2))
    store.keep("c", Memory(turn=1))
    assert len(store) == 2
    assert store.turns() == {"a": 2, "c": 1}
    assert store.recall("b") == Memory()
