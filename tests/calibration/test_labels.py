"""Files of labels: what is read, and what is refused at which place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.calibration.labels import Case, read_labels
from harness.csv_source import MAX_MISTAKES
from harness.errors import SourceError

SHORT = "item,dimension,rater,human,judge\n"
LONG = "item,dimension,rater,human,judge,language,arm,split\n"


@pytest.fixture
def given(tmp_path: Path):
    """Write files of labels and read them."""

    def read(*contents: str | bytes):
        paths = [tmp_path / f"{number}.csv" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_labels(paths)

    return read


@pytest.fixture
def refused(given, tmp_path: Path):
    """The mistakes of files of labels, without their folder."""

    def mistakes(*contents: str | bytes) -> list[str]:
        with pytest.raises(SourceError) as caught:
            given(*contents)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return mistakes


def test_rows_become_one_case_for_each_item_and_dimension(given):
    """Several raters of one thing stand in one case, in order of name, beside the one score of the judge."""
    cases = given(SHORT + "a,tone,bob,3,4.5\na,tone,ann,5,4.5\na,facts,ann,1,\nb,tone,ann,,2\n")
    assert cases == (
        Case("a", "facts", None, (1,), ("ann",)),
        Case("a", "tone", 4.5, (5, 3), ("ann", "bob")),
        Case("b", "tone", 2.0, (), ()),
    )
    assert cases[1].person == 4


def test_every_column_is_read_in_any_order(given):
    """Language, arm and split are taken; the halves have the names that people give them."""
    (case,) = given("split,judge,human,rater,dimension,item,arm,language\nHeld-out,1,0,ann,tone,x,green,JA\n")
    assert (case.language, case.arm, case.split, case.human, case.judge) == ("ja", "green", "test", (0,), 1.0)


def test_what_the_judge_scored_and_nobody_rated_is_kept(given):
    """Such an item needs no rater: the mean of an arm is over it, too."""
    (case,) = given(SHORT + "a,tone,,,4\n")
    assert (case.human, case.judge) == ((), 4.0)


def test_several_files_are_one_table(given, refused):
    """Each rater hands in a file; the same label in two of them is a mistake that names both places."""
    assert given(SHORT + "a,tone,ann,3,4\n", SHORT + "a,tone,bob,2,\n") == (Case("a", "tone", 4.0, (3, 2), ("ann", "bob")),)
    (mistake,) = refused(SHORT + "a,tone,ann,3,4\n", SHORT + "a,tone,ann,2,4\n")
    assert mistake.startswith("1.csv:2: a second row by 'ann' of item 'a', dimension 'tone'; the first is ")
    assert mistake.endswith("0.csv:2")


def test_one_item_in_two_arms_is_two_cases_of_one_unit(given):
    """A prompt that both arms answered: two scores, and no independent evidence."""
    blue, green = given(LONG + "a,tone,ann,3,4,,green,\na,tone,ann,3,2,,blue,\n")
    assert (blue.arm, blue.judge, green.arm, green.judge) == ("blue", 2.0, "green", 4.0)
    assert blue.unit == green.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "0.csv: is empty; the first line names the columns"),
        (SHORT, "0.csv: holds no label: there is nothing below"),
        ("item;dimension;rater;human;judge\n", "0.csv:1: columns are divided by ';'"),
        ("item,dimension,rater,human\na,b,c,1\n", "0.csv:1: column 'judge': is missing"),
        ("item,dimension,rater,human,judge,lang\na,b,c,1,1,en\n", "0.csv:1: column 'lang': unknown; did you mean 'language'?"),
        (SHORT + ",tone,ann,3,4\n", "0.csv:2: column 'item': is empty"),
        (SHORT + "a,,ann,3,4\n", "0.csv:2: column 'dimension': is empty"),
        (SHORT + "a,tone,,3,4\n", "0.csv:2: column 'rater': is empty; say who gave the label"),
        (SHORT + "a,tone,ann,good,4\n", "0.csv:2: column 'human': 'good' is no score from 0 to 10"),
        (SHORT + "a,tone,ann,3.5,4\n", "0.csv:2: column 'human': '3.5' is not a whole number"),
        (SHORT + "a,tone,ann,nan,4\n", "0.csv:2: column 'human': 'nan' is no score from 0 to 10"),
        (SHORT + "a,tone,ann,3,-1\n", "0.csv:2: column 'judge': '-1' is no score from 0 to 10"),
        (SHORT + "a,tone,ann,3,1e99\n", "0.csv:2: column 'judge': '1e99' is no score from 0 to 10"),
        (SHORT + "a,tone,ann,3,４\n", "0.csv:2: column 'judge': '４' is no score from 0 to 10"),
        (SHORT + "a,tone,ann,3,4\na,tone,bob,3,5\n", "0.csv:3: column 'judge': 5, but 4 in "),
        (SHORT + "a,tone,ann,3\n", "0.csv:2: 4 cells, but 5 columns"),
        (SHORT + f"{'a' * 201},tone,ann,3,4\n", "0.csv:2: column 'item': "),
        (LONG + "a,tone,ann,3,4,en,,\na,facts,ann,3,4,ja,,\n", "0.csv:3: column 'language': 'ja', but 'en' in "),
        (LONG + "a,tone,ann,3,4,,,tune\na,tone,bob,3,4,,,test\n", "0.csv:3: column 'split': 'test', but 'tune' in "),
        (LONG + "a,tone,ann,3,4,,green,\na,tone,bob,3,4,,,\n", "0.csv:3: column 'arm': nothing, but 'an arm' in "),
        (LONG + "a,tone,ann,3,4,,,first\n", "0.csv:2: column 'split': 'first' is no half; write tune"),
        (SHORT + "a,tone,ann,0,4\nb,tone,ann,1,2\n", "0.csv:2: dimension 'tone': one side uses 0 and 1 and the other up to 4"),
        (SHORT.encode() + b"a,tone,\xff,3,4\n", "0.csv:2: byte 0xff is not UTF-8"),
        (SHORT + 'a,tone,"ann,3,4\n', "0.csv:2: is not CSV from here on"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(refused, text: str | bytes, expected: str):
    """One mistake, one line: place first, then what, then the remedy."""
    (mistake,) = refused(text)
    assert mistake.startswith(expected)


def test_all_mistakes_of_all_files_come_at_once(refused, tmp_path: Path):
    """Nobody has to mend one mistake to see the next, nor one file to see the other's."""
    found = refused(SHORT + "a,tone,ann,x,y\n,tone,ann,3,4\n", "item\n")
    assert [line.split(": ")[0] for line in found] == ["0.csv:2", "0.csv:2", "0.csv:3", *["1.csv:1"] * 4]


def test_endless_mistakes_are_counted(refused):
    """A file in which everything is wrong shows the first mistakes and how many follow."""
    found = refused(SHORT + "a,tone,ann,x,4\n" * (MAX_MISTAKES + 3))
    assert found[-1] == f"0.csv:{MAX_MISTAKES + 2}: 3 more mistakes from here on"


def test_too_many_labels_are_refused(refused, monkeypatch: pytest.MonkeyPatch):
    """Reading stops at the limit over all files together."""
    monkeypatch.setattr("harness.calibration.labels.MAX_LABELS", 3)
    rows = [f"{name},tone,ann,3,4\n" for name in "abcd"]
    (mistake,) = refused(SHORT + "".join(rows[:2]), SHORT + "".join(rows[2:]))
    assert mistake == "1.csv:3: more than 3 labels; calibrate on a sample of them"


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    """A missing file is a mistake with its path, not a traceback."""
    with pytest.raises(SourceError, match=r"gone\.csv: cannot be read \(No such file or directory\)"):
        read_labels([tmp_path / "gone.csv"])


def test_a_spreadsheets_byte_order_mark_and_line_ends_are_taken(given):
    """What a spreadsheet or the form exports is read as it is, Japanese names included."""
    (case,) = given("\ufeff" + SHORT.replace("\n", "\r\n") + 'a,tone,"花子, 山田",3,4\r\n')
    assert case.raters == ("花子, 山田",)
