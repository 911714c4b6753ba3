"""Files of scores: what is read, and what is refused at which place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.baselines import scores_csv
from harness.baselines.scores_csv import ONLY_DIMENSION, read_scores
from harness.csv_source import MAX_MISTAKES
from harness.errors import SourceError

SOUND = "scenario,repeat,score\na,0,5\na,1,4\nb,0,3\n"


@pytest.fixture
def given(tmp_path: Path):
    """Write the two files and read them."""

    def read(candidate: str | bytes, baseline: str | bytes = SOUND):
        for name, content in (("new.csv", candidate), ("old.csv", baseline)):
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return read_scores(tmp_path / "new.csv", tmp_path / "old.csv")

    return read


@pytest.fixture
def refused(given, tmp_path: Path):
    """The mistakes of the two files, without their folder."""

    def mistakes(*contents: str | bytes) -> list[str]:
        with pytest.raises(SourceError) as caught:
            given(*contents)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return mistakes


def test_a_plain_file_is_read_as_it_is(given):
    """Scenario, repeat and score become a sheet in order of id, with one dimension and nothing known of weight and cluster."""
    sheet, _ = given("repeat,scenario,score\n1,b,3\n0,a,4.5\n0,b,\n")
    assert list(sheet.scenarios) == ["a", "b"]
    assert sheet.scenarios["a"].repeats == {0: {ONLY_DIMENSION: 4.5}}
    assert sheet.scenarios["b"].repeats == {1: {ONLY_DIMENSION: 3.0}, 0: {ONLY_DIMENSION: None}}
    assert (sheet.scenarios["a"].weight, sheet.scenarios["a"].cluster, sheet.labels) == (None, None, (0, 1))


def test_every_column_is_read(given):
    """Dimension, weight and cluster are taken; an empty cluster is the scenario's own."""
    text = "scenario,repeat,score,dimension,weight,cluster\na,0,5,tone,2.5,prices\na,0,1e0,safety,2.5,prices\nb,0,3,tone,1,\n"
    sheet, _ = given(text, text)
    assert sheet.scenarios["a"].repeats == {0: {"tone": 5.0, "safety": 1.0}}
    assert (sheet.scenarios["a"].weight, sheet.scenarios["a"].cluster) == (2.5, "prices")
    assert sheet.scenarios["b"].cluster == "b"
    assert sheet.scenarios["a"].dimensions == {"tone", "safety"}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + SOUND,
        SOUND.replace("\n", "\r\n"),
        SOUND.replace(",", ", "),
        SOUND + "\n\n",
        SOUND.rstrip("\n"),
        SOUND.replace("a,", '"a",'),
    ],
    ids=["BOM", "CRLF", "blanks", "blank lines", "no last line end", "quotes"],
)
def test_spellings_of_one_file_are_the_same(given, text):
    """A byte order mark, other line ends, blanks after commas, blank lines and quotes change nothing."""
    sheet, plain = given(text)
    assert {name: one.repeats for name, one in sheet.scenarios.items()} == {name: one.repeats for name, one in plain.scenarios.items()}


def test_names_may_hold_commas_lines_and_any_script(given):
    """What is quoted stays whole."""
    sheet, _ = given('scenario,repeat,score\n"a, ""b""\nc",0,5\n在庫,0,4\n')
    assert list(sheet.scenarios) == ['a, "b"\nc', "在庫"]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("a,0,6", "column 'score': '6' is not from 1 to 5; leave the cell empty where there is no score"),
        ("a,0,0.99", "column 'score': '0.99' is not from 1 to 5"),
        ("a,0,nan", "column 'score': 'nan' is no number; write one from 1 to 5, or leave the cell empty"),
        ("a,0,inf", "column 'score': 'inf' is no number"),
        ("a,0,1e999", "column 'score': '1e999' is not from 1 to 5"),
        ("a,0,4_0", "column 'score': '4_0' is no number"),
        ("a,0,４", "column 'score': '４' is no number"),
        ('a,0,"4,5"', "column 'score': '4,5' is no number"),
        ("a,0,None", "column 'score': 'None' is no number"),
        (f"a,0,{'9' * 300}", f"column 'score': '{'9' * 39}…' is not from 1 to 5"),
        ("a,-1,4", "column 'repeat': '-1' is no whole number from 0 on"),
        ("a,1.0,4", "column 'repeat': '1.0' is no whole number"),
        ("a,,4", "column 'repeat': '' is no whole number"),
        (",0,4", "column 'scenario': is empty; every row needs it"),
        (f"{'x' * 201},0,4", "has 201 characters; at most 200 are a name"),
        ("a,0,4,5", "4 cells, but 3 columns; a cell with a comma in it is put in quotes"),
        ("a,0", "2 cells, but 3 columns"),
        ("a, 1 ,4\na,01,4", "column 'score': a second one of scenario 'a', repeat 1; the first stands above"),
        ('"a,0,4', "is not CSV from here on (unexpected end of data)"),
        ('"a"b,0,4', "is not CSV from here on"),
        (f'"{"x" * 140_000}",0,4', "is not CSV from here on (field larger than field limit"),
    ],
    ids=lambda text: text[:24],
)
def test_a_wrong_row_is_refused_at_its_line(refused, row, mistake):
    """Each mistake names file, line and column, and says what would be right."""
    (found,) = refused(f"scenario,repeat,score\nz,0,4\n{row}\n")
    line = 4 if "\n" in row else 3
    assert found.startswith(f"new.csv:{line}: ")
    assert mistake in found


@pytest.mark.parametrize(
    ("header", "mistakes"),
    [
        ("scenario,repeat,score,wieght", ["column 'wieght': unknown; did you mean 'weight'?"]),
        ("scenario,repeat,score,Dimension", ["column 'Dimension': unknown; did you mean 'dimension'?"]),
        ("scenario,repeat,score,zzz", ["column 'zzz': unknown; known: scenario, repeat, score, dimension, weight, cluster"]),
        ("scenario,repeat,score,score", ["column 'score': is there more than once"]),
        ("scenario,dimension", ["column 'repeat': is missing; the first line names", "column 'score': is missing; the first line names"]),
        ("scenario;repeat;score", ["columns are divided by ';'; divide them by commas"]),
        ("scenario\trepeat\tscore", ["columns are divided by '\\t'; divide them by commas"]),
        ("a,0,5", ["column '0': unknown", "column '5': unknown", "column 'a': unknown"]),
    ],
)
def test_a_wrong_header_is_refused(refused, header, mistakes):
    """Unknown, doubled and missing columns are named, with what was meant; rows under them are not read."""
    found = refused(f"{header}\nnonsense\n")
    assert all(line.startswith("new.csv:1: ") for line in found)
    for mistake in mistakes:
        assert any(mistake in line for line in found)


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"", "new.csv: is empty; the first line names the columns"),
        (b"\xef\xbb\xbf \n\n", "new.csv: is empty"),
        (b"scenario,repeat,score\n", "new.csv: holds no score"),
        ("scenario,repeat,score\n在庫,0,4\n".encode("cp932"), "new.csv:2: byte 0x8d is not UTF-8; save the file as UTF-8"),
        (SOUND.encode("utf-16"), "new.csv:1: byte 0xff is not UTF-8"),
    ],
    ids=["nothing", "blanks", "no rows", "Shift JIS", "UTF-16"],
)
def test_a_file_without_scores_is_refused(refused, content, mistake):
    """An empty file, a header alone and another encoding are mistakes, never an empty comparison."""
    (found,) = refused(content)
    assert found.startswith(mistake)


def test_a_file_that_is_not_there_is_named_beside_the_other_ones_mistakes(tmp_path: Path):
    """Both files are read, whatever is wrong with the first."""
    (tmp_path / "old.csv").write_text("scenario,repeat,score\na,0,9\n")
    with pytest.raises(SourceError) as caught:
        read_scores(tmp_path / "new.csv", tmp_path / "old.csv")
    assert [mistake.path.name for mistake in caught.value.mistakes] == ["new.csv", "old.csv"]
    assert "cannot be read (No such file or directory)" in str(caught.value)


def test_a_huge_file_is_refused_unread(refused, given, monkeypatch: pytest.MonkeyPatch):
    """Reading stops at the limit; a file of just that size is read."""
    monkeypatch.setattr(scores_csv, "_SHAPE", replace(scores_csv._SHAPE, max_bytes=len(SOUND)))
    (mistake,) = refused(SOUND + "\n")
    assert mistake.startswith("new.csv: larger than ")
    assert [sheet.labels for sheet in given(SOUND)] == [(0, 1), (0, 1)]


def test_all_mistakes_of_both_files_come_at_once(refused):
    """Nobody has to mend one mistake to see the next."""
    found = refused("scenario,repeat,score\na,x,9\nb,0,4\n,0,\n", "scenario,repeat\n")
    assert [line.split(": ")[0] for line in found] == ["new.csv:2", "new.csv:2", "new.csv:4", "old.csv:1"]


def test_endless_mistakes_are_counted(refused):
    """A file in which everything is wrong shows the first mistakes and how many follow, from which line."""
    found = refused("scenario,repeat,score\n" + "a,0,9\n" * (MAX_MISTAKES + 7))
    assert len(found) == MAX_MISTAKES + 1
    assert found[-1] == f"new.csv:{MAX_MISTAKES + 2}: 7 more mistakes from here on"


@pytest.mark.parametrize(("column", "first", "other"), [("weight", "1", "2"), ("cluster", "x", "y"), ("cluster", "x", "")])
def test_a_scenario_has_one_weight_and_one_cluster(refused, column, first, other):
    """Rows of one scenario that disagree are refused, with the line of the first."""
    (found,) = refused(f"scenario,repeat,score,{column}\na,0,5,{first}\na,1,5,{other}\n")
    assert found.startswith(f"new.csv:3: column '{column}': ")
    assert "in line 2 for the same scenario" in found


@pytest.mark.parametrize("weight", ["0", "-1", "", "heavy", "1e7", "1e-7", "nan"])
def test_a_weight_is_a_positive_number(refused, weight):
    """A weight of nothing, below nothing or beyond all bounds is refused."""
    (found,) = refused(f"scenario,repeat,score,weight\na,0,5,{weight}\n")
    assert found.startswith("new.csv:2: column 'weight': ")
    assert "write a number from 0.000001 to 1,000,000" in found


@pytest.mark.parametrize(("column", "ours", "theirs"), [("weight", "1", "2"), ("cluster", "x", "y")])
def test_both_files_agree_on_weights_and_clusters(refused, given, column, ours, theirs):
    """Files that disagree about a scenario are refused at its first row; where only one has the column, it speaks for both."""
    head = f"scenario,repeat,score,{column}\n"
    (found,) = refused(f"{head}b,0,5,{ours}\na,0,5,{ours}\n", f"{head}a,0,5,{theirs}\n")
    assert found.startswith(f"new.csv:3: column '{column}': ")
    assert "old.csv:2" in found
    sheets = given(f"{head}a,0,5,{ours}\n")
    assert [getattr(sheet.scenarios["a"], column) is None for sheet in sheets] == [False, True]


def test_both_files_score_the_same_dimensions(refused):
    """A dimension, or the whole column, that only one file has is a mistake in the other."""
    text = "scenario,repeat,score,dimension\na,0,5,tone\n"
    (found,) = refused(SOUND, text)
    assert found.startswith("new.csv:1: column 'dimension': is missing, and ")
    (found,) = refused(text + "a,0,5,safety\n", text)
    assert found.startswith("old.csv: column 'dimension': no row says 'safety', which ")
