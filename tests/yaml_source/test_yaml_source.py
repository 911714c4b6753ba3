"""YAML files become plain data with places, or mistakes with places, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from harness.errors import SourceError
from harness.frozen import FrozenModel
from harness.yaml_source.document import Document, read_partly, read_yaml, validated

REMARK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def mistakes_of(folder: Path, content: str | bytes) -> list[str]:
    with pytest.raises(SourceError) as raised:
        read_yaml(written(folder, content))
    return [f"{mistake.line}:{mistake.column}: {mistake.message}" for mistake in raised.value.mistakes]


def test_scalars_follow_the_core_schema_of_yaml_1_2(tmp_path):
    """What YAML 1.1 would turn into booleans, sexagesimals or dates stays text; the rest becomes what it looks like."""
    content = "a: [no, yes, on, 12:30, 2026-11-01, 1_000, ~, null, '', true, FALSE, -3, +4, 0x1F, 0o17, 1.5, .5, 1e3, '7', 1.2.3]"
    expected = [
        "no",
        "yes",
        "on",
        "12:30",
        "2026-11-01",
        "1_000",
        None,
        None,
        "",
        True,
        False,
        -3,
        4,
        31,
        15,
        1.5,
        0.5,
        1000.0,
        "7",
        "1.2.3",
    ]
    data = read_yaml(written(tmp_path, content)).data["a"]
    assert data == expected
    assert [type(item) for item in data] == [type(item) for item in expected]


def test_keys_are_the_text_that_stands_there(tmp_path):
    """A number or a word like `true` as a key stays text, as JSON needs it."""
    assert read_yaml(written(tmp_path, "5: a\ntrue: b\n2026-11-01: c\n")).data == {"5": "a", "true": "b", "2026-11-01": "c"}


def test_every_value_and_key_has_its_place(tmp_path):
    """Places are lines and columns from 1, of values and of keys."""
    document = read_yaml(written(tmp_path, "a: 1\nlist:\n  - x\n  - {k: v}\n"))
    assert document.data == {"a": 1, "list": ["x", {"k": "v"}]}
    assert document.places[("list", 1, "k")] == (4, 9)
    assert document.key_places[("list", 1, "k")] == (4, 6)
    assert document.places[("list", 0)] == (3, 5)
    assert document.place_of(("list", 1, "k", "deeper", 3)) == (4, 9)


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path):
    """Files saved by Windows editors are read like any other."""
    assert read_yaml(written(tmp_path, b"\xef\xbb\xbfa: 1\n")).data == {"a": 1}


def test_all_mistakes_that_syntax_allows_come_at_once(tmp_path):
    """Repeated keys, anchors, aliases, tags and odd numbers are reported together, each at its place."""
    found = mistakes_of(tmp_path, "a: 1\na: 2\nb: &x [1]\nc: *x\nd: !!python/name:os.system x\ne: .inf\nf: 007\n? [k]\n: v\n")
    assert [place.split(" ")[0] for place in found] == ["2:1:", "3:4:", "4:4:", "5:4:", "6:4:", "7:4:", "8:3:"]
    text = "\n".join(found)
    for words in (
        "key 'a' stands here again; first in line 1",
        "anchor '&x'",
        "alias '*x'",
        "tag '",
        "'.inf' is no number",
        "'007' would lose",
        "a key has",
    ):
        assert words in text


def test_what_can_be_read_beside_mistakes_is_validated_too(tmp_path):
    """A repeated key and an impossible number stand among the other mistakes, and neither is told twice."""
    with pytest.raises(SourceError) as raised:
        validated(read_partly(written(tmp_path, "ratio: .nan\nratio: 3\nparts: [{colour: abc, count: x}]\n")), Outer)
    found = [f"{mistake.line}:{mistake.column}" for mistake in raised.value.mistakes]
    assert sorted(found) == ["1:8", "2:1", "3:30"]


def test_a_value_of_a_repeated_key_is_left_out_whatever_it_is(tmp_path):
    """The first value counts; lists and mappings of the second one are read for their own mistakes only."""
    document = read_partly(written(tmp_path, 'a: {b: 1}\na: {c: [1, {d: .inf}]}\n"\\0" : 3\n'))
    assert document.data == {"a": {"b": 1}, "\0": 3}
    assert [mistake.line for mistake in document.mistakes] == [2, 2]


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ("a: [1, 2\nb: 3\n", "2:", "YAML syntax"),
        ("a:\n\t- 1\n", "2:1", "tab"),
        ("a: 1\n---\nb: 2\n", "2:1", "second document"),
        ("", "1:1", "empty"),
        ("# only a comment\n", "1:1", "empty"),
        (b"a: 1\nb: caf\xe9\n", "2:7", "not UTF-8: byte 0xe9 at position 11"),
        ("a: \x07\n", "1:1", "character"),
        ("a: 1e999\n", "1:4", "no number"),
        (f"a: {'9' * 5000}\n", "1:4", "no number"),
        ('a: "\\ud800"\n', "1:", "Unicode"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path, content, place, words):
    """Each way for a file to be unreadable gives one sentence at the right place."""
    found = mistakes_of(tmp_path, content)
    assert found[0].startswith(place)
    assert words in found[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[" * 100_000, "levels deep"),
        ("{a: " * 100_000, "levels deep"),
        ("- " * 100_000, "levels deep"),
        ("? " * 100_000, "levels deep"),
        ("- 1\n" * 100_001, "more than 100,000 values"),
        (
            "a: &a [x]\n" + "".join(f"{k}: &{k} [{', '.join([f'*{p}'] * 9)}]\n" for p, k in zip("abcdefgh", "bcdefghi", strict=True)),
            "alias",
        ),
        ("k: " + "x" * 2_000_000, "the limit is 1,048,576"),
    ],
)
@pytest.mark.timeout(20)
def test_bombs_are_refused_before_they_burst(tmp_path, content, words):
    """Nesting, floods of values, alias bombs and large files end in a sentence, and stop nobody."""
    assert words in "\n".join(mistakes_of(tmp_path, content))


def test_a_huge_file_is_not_read_into_memory(tmp_path):
    """The size is known before reading: a sparse file of 50 MB is refused at once."""
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    with pytest.raises(SourceError, match=r"huge\.yaml:1:1: is 52,428,800 bytes long"):
        read_yaml(path)


def test_only_regular_files_are_opened(tmp_path):
    """A folder, a missing file or a device gives a sentence instead of a hang."""
    for path, words in (
        (tmp_path, "not a regular file"),
        (tmp_path / "none.yaml", "No such file"),
        (Path("/dev/zero"), "not a regular file"),
    ):
        with pytest.raises(SourceError, match=words):
            read_yaml(path)


def test_paths_are_shown_relative_to_the_working_directory(tmp_path, monkeypatch):
    """A message can be clicked where the command was typed."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text("a: &x 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"^sub/a\.yaml:1:4: anchor"):
        read_yaml(tmp_path / "sub" / "a.yaml")


def outcome(path: Path) -> Document | SourceError:
    try:
        return read_yaml(path)
    except SourceError as error:
        return error


@given(content=st.binary(max_size=400))
@REMARK
def test_any_bytes_are_a_document_or_mistakes(tmp_path, content):
    """Whatever the bytes, reading ends in a Document or in a SourceError, never in another exception."""
    assert isinstance(outcome(written(tmp_path, content)), (Document, SourceError))


@given(content=st.text(alphabet=st.sampled_from("ab01:-?,[]{}&*!|>'\"%@`#\\ \n\t.~é進\U0001f600\ud7ff"), max_size=120))
@REMARK
def test_any_text_of_yaml_signs_is_a_document_or_mistakes(tmp_path, content):
    """The same for texts that are nearly YAML, and every place lies within the file."""
    result = outcome(written(tmp_path, content))
    for mistake in result.mistakes if isinstance(result, SourceError) else ():
        assert 1 <= mistake.line <= content.count("\n") + 2
        assert mistake.column >= 1


class Inner(FrozenModel):
    """A part of a file."""

    colour: str = Field(min_length=2, max_length=5)
    count: int = Field(1, ge=1, le=9)


class Outer(FrozenModel):
    """A file."""

    parts: tuple[Inner, ...] = Field(min_length=1)
    flag: bool = False
    ratio: float = Field(1.0, gt=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("parts: [{color: ab}]", "1:10: unknown key 'color'; did you mean 'colour'?"),
        ("parts: [{color: ab}]", "1:9: key 'colour' is missing"),
        ("parts: [{colour: 3}]", "1:18: has to be text, not 3"),
        ("parts: [{colour: a}]", "1:18: needs at least 2 characters"),
        ("parts: [{colour: abcdef}]", "1:18: may have at most 5 characters"),
        ("parts: [{colour: abc, count: 10}]", "1:30: has to be at most 9, not 10"),
        ("parts: [{colour: abc, count: 1.0}]", "1:30: has to be a whole number, not 1.0"),
        ("parts: []", "1:8: needs at least one entry"),
        ("parts: x", "1:8: has to be a list, not 'x'"),
        ("parts: [x]", "1:9: has to be a mapping, not 'x'"),
        ("parts: [{colour: abc}]\nflag: no", "2:7: has to be true or false, not 'no'; write false"),
        ("parts: [{colour: abc}]\nratio: 0", "2:8: has to be greater than 0, not 0"),
        ("parts: [{colour: abc}]\nratio: 'x'", "2:8: has to be a number, not 'x'"),
        ("[1]", "1:1: has to be a mapping, not a list"),
    ],
)
def test_a_model_complains_in_plain_words_at_the_place(tmp_path, content, message):
    """Every complaint of the model is one sentence at the value or key that is wrong."""
    with pytest.raises(SourceError) as raised:
        validated(read_yaml(written(tmp_path, content)), Outer)
    assert message in [f"{mistake.line}:{mistake.column}: {mistake.message}" for mistake in raised.value.mistakes]


def test_a_good_file_becomes_its_model(tmp_path):
    """A whole number may stand for a float, and nothing else is converted."""
    outer = validated(read_yaml(written(tmp_path, "parts: [{colour: abc, count: 2}]\nratio: 2")), Outer)
    assert outer == Outer(parts=(Inner(colour="abc", count=2),), ratio=2.0)


@pytest.mark.timeout(20)
def test_a_flood_of_mistakes_is_cut_short(tmp_path):
    """Fifteen thousand wrong keys give the first hundred messages, without a long search for near words."""
    content = "parts: [{colour: abc}]\n" + "".join(f"key{number}: 1\n" for number in range(15_000))
    with pytest.raises(SourceError) as raised:
        validated(read_yaml(written(tmp_path, content)), Outer)
    assert len(raised.value.mistakes) == 100
