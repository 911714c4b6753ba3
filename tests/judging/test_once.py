"""What follows from a value is worked out once for that very value."""

from __future__ import annotations

from harness.judging.once import Once


def test_a_value_is_known_by_itself_and_not_by_what_it_equals() -> None:
    """Asked about the same list again nothing is made anew; an equal list is another one."""
    made: list[list[int]] = []
    size = Once(lambda numbers: made.append(numbers) or len(numbers))
    first, second = [1, 2], [1, 2]
    assert [size(first), size(second), size(first), size(second)] == [2, 2, 2, 2]
    assert len(made) == 2


def test_no_more_values_are_kept_than_allowed() -> None:
    """A stream of new values does not fill the memory: all are forgotten, and the answers stay right."""
    made: list[int] = []
    size = Once(lambda numbers: made.append(1) or len(numbers), most=2)
    values = [[0] * number for number in range(5)]
    assert [size(value) for value in values] == list(range(5))
    assert size(values[0]) == 0
    assert len(made) == 6
