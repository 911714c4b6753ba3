"""A folder of files becomes a suite, or every mistake of every file at once."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import SettingsError, SourceError
from harness.scenarios.load import Suite, load_suite, select
from harness.scenarios.schema import scenario_schema
from harness.yaml_source.complaints import signs_of

TABLE = """
examples: [{name: naruto, title: Naruto, id: naruto, limit: 200}, {name: ninja, title: ナルト, id: naruto, limit: 300}]
setup: {customer: "{{ example.id }}"}
turns:
  - say: "How much is {{ example.title }}?"
    expect:
      - {kind: facts, title: "{{ example.id }}", attributes: [price], criterion: right_title}
      - {kind: max_length, characters: "{{ example.limit }}"}
    capture: {first: "products[0].id"}
  - say: "Is {{ captured.first }} in stock?"
    expect: [{kind: contains, any: ["{{ captured.first }}"]}]
"""


def test_an_example_table_becomes_one_scenario_a_row(workshop, write_scenario):
    """Rows share a cluster, take the row's name into their id, and keep the types of their values."""
    workshop.write(write_scenario(TABLE))
    first, second = workshop.load().scenarios
    assert (first.id, second.id) == ("price@naruto", "price@ninja")
    assert first.cluster == second.cluster == "price"
    assert first.turns[0].say == "How much is Naruto?"
    assert second.turns[0].say == "How much is ナルト?"
    assert second.turns[0].expect[1].characters == 300
    assert first.setup == {"customer": "naruto"}
    assert first.turns[1].say == "Is {{ captured.first }} in stock?"
    assert first.fingerprint != second.fingerprint
    assert str(first.source.path) == "a.yaml"
    assert first.source.line == 2


def test_criteria_are_fixed_by_dimensions_lists_and_expectations(workshop, write_scenario):
    """`always` criteria come with their dimension and locale, `when_listed` ones by the scenario or an expectation."""
    workshop.write(
        write_scenario(TABLE),
        write_scenario(id="tone-en", dimensions="[tone, groundedness]", criteria="[empathy]"),
        write_scenario(id="tone-ja", dimensions="[tone]", locale="ja"),
    )
    suite = workshop.load()
    criteria = {scenario.id: scenario.criteria for scenario in suite.scenarios}
    assert criteria["price@naruto"] == ("catalogue_facts", "right_title")
    assert criteria["tone-en"] == ("catalogue_facts", "empathy")
    assert criteria["tone-ja"] == ("polite_form",)
    assert [item.id for item in suite.rubric.criteria_of(suite.scenarios[2])] == ["catalogue_facts", "empathy"]


def test_a_fingerprint_covers_what_is_measured_and_nothing_else(workshop, write_scenario):
    """Words, expectations, criteria, locale and facts count; title, tags, weight, cluster and place do not."""

    def fingerprint(**changes: str) -> str:
        workshop.write(write_scenario(**changes))
        return workshop.load().scenarios[0].fingerprint

    base = fingerprint()
    unmeasured = {"title": "Another title", "tags": "[x]", "weight": "2.5", "cluster": "c", "must_pass": "true", "id": "other"}
    assert fingerprint(**unmeasured) == base
    changed = {
        fingerprint(turns="[{say: hello there}]"),
        fingerprint(turns="[{say: hello, expect: [{kind: no_pii}]}]"),
        fingerprint(turns="[{say: hello, apology_ok: true}]"),
        fingerprint(setup="{customer: C-1}"),
        fingerprint(locale="ja"),
        fingerprint(criteria="[right_title]"),
        fingerprint(own_criteria="[{id: mine, dimension: groundedness, question: Is it mine?}]"),
        fingerprint(facts="[catalogue]"),
    }
    assert len(changed | {base}) == 9
    (workshop.root / "suite/facts/policies.yaml").write_text('as_of: "2026-11-02"\n', encoding="utf-8")
    assert fingerprint() != base


def test_files_are_found_in_all_folders_but_facts_and_hidden_ones(workshop, write_scenario):
    """Folders are by intent, order is by path; editors' and version control's files are no scenarios."""
    workshop.write(write_scenario(id="b"), name="orders/deep/b.yaml")
    workshop.write(write_scenario(id="a"), name="catalogue/a.yml")
    workshop.write_text("not: scenarios", "schema/x.yaml")
    workshop.write_text("not: scenarios", ".git/x.yaml")
    assert [scenario.id for scenario in workshop.load().scenarios] == ["a", "b"]


BROKEN = """scenarios:
  - id: price
    titel: x
    intent: product_questions
    locale: fr
    weight: no
    must_pass: yes
    dimensions: [groundednes]
    criteria: [right_titel]
    facts: [catalog]
    command: rm -rf /
    turns:
      - say: "{{ captured.x }}"
        timeout_s: 1000
        expect:
          - {kind: containz, any: [a]}
          - {kind: contains, anny: [a]}
          - {kind: matches, pattern: "(a"}
          - {kind: contains, any: ["  "]}
        capture: {x: "a["}
      - say: "{{ captured.x }} {{ captured.y }} {{ example.z }}"
  - id: price
    title: again
    intent: chitchat
    locale: en
    weight: 0
    dimensions: [groundedness, groundedness, tone]
    criteria: [polite_form, empathy, cites_source, cites_source]
    own_criteria: [{id: right_title, dimension: foo, question: What is it?}]
    turns:
      - say: hello
        expect:
          - {kind: facts, title: narutoo}
          - {kind: cites, source: return}
          - {kind: json_schema, schema: {type: objec}}
          - {kind: json_schema, schema: {$ref: "https://example.com/s.json"}}
          - {kind: json_schema, schema: {properties: {a: {pattern: "(?=a)"}}}}
          - {kind: field_equals, path: "lengt(a)", value: 1}
          - {kind: status, any: [200], module: "os:system"}
  - hello
"""
EXPECTED = [
    "2:5: key 'title' is missing",
    "3:5: unknown key 'titel'; did you mean 'title'?",
    "4:13: unknown value 'product_questions'; did you mean 'product_question'?",
    "5:13: unknown value 'fr'; known: en, ja",
    "6:13: has to be a number, not 'no'",
    "7:16: has to be true or false, not 'yes'; write true",
    "8:18: unknown dimension 'groundednes'; did you mean 'groundedness'?",
    "9:16: unknown criterion 'right_titel'; did you mean 'right_title'?",
    "10:13: no fact file 'catalog' in suite/facts; did you mean 'catalogue'?",
    "11:5: unknown key 'command'; known: cluster",
    "13:14: 'captured.x' is captured in turn 1; it can be used in what later turns say and expect",
    "14:20: has to be at most 600, not 1000",
    "16:20: unknown expectation kind 'containz'; did you mean 'contains'?",
    "17:30: unknown key 'anny'; did you mean 'any'?",
    "18:38: not a pattern of RE2",
    "19:36: an empty text stands in every reply",
    "20:22: not a JMESPath: ",
    "21:14: 'example.z' needs a table of 'examples', and this scenario has none",
    "21:14: unknown name 'captured.y'; did you mean 'captured.x'?",
    "22:9: id 'price' stands here again; first at suite/b.yaml:2",
    "26:13: has to be greater than 0, not 0",
    "27:32: 'groundedness' stands here again",
    "28:16: criterion 'polite_form' does not apply to locale 'en'",
    "28:52: 'cites_source' stands here again",
    "29:25: criterion 'right_title' exists already; choose another id",
    "29:49: dimension 'foo' is not among this scenario's dimensions",
    "33:34: unknown catalogue id 'narutoo'; did you mean 'naruto'?",
    "34:35: unknown passage 'return'; did you mean 'returns'?",
    "35:48: not a JSON Schema: 'objec' is not valid",
    "36:48: remote reference 'https://example.com/s.json'",
    "37:68: '(?=a)' is not a pattern of RE2",
    "38:40: unknown JMESPath function 'lengt'; did you mean 'length'?",
    "39:40: unknown key 'module'; known: any, criterion, kind, severity",
    "40:5: has to be a mapping, not 'hello'",
]


def test_every_mistake_of_every_file_comes_at_once_at_its_place(workshop, write_scenario):
    """Mistakes behind mistakes are told too, and a file that cannot be read hides nothing of the others."""
    workshop.write_text(BROKEN, "b.yaml")
    workshop.write(write_scenario(id="fine"), name="c.yaml")
    workshop.write_text("scenarios: [{id: &x a}]", "d.yaml")
    found = workshop.mistakes()
    ours = [line.removeprefix("suite/b.yaml:") for line in found if line.startswith("suite/b.yaml:")]
    assert [line[: len(expected)] for line, expected in zip(ours, EXPECTED, strict=True)] == EXPECTED
    others = [line for line in found if not line.startswith("suite/b.yaml:")]
    assert "suite/d.yaml:1:18: anchor '&x': anchors are not allowed; write the value out" in others
    assert {line.partition(": ")[0] for line in others} == {"suite/d.yaml:1:18", "suite/d.yaml:1:13"}  # what else lacks there


def test_no_mistake_hides_another_of_its_file_or_expectation(workshop, write_scenario):
    """A number or key that cannot be used is one mistake among others, and one wrong key hides no other check of its expectation."""
    body = """
weight: .inf
title: again
criteria: [right_titel]
turns:
  - say: "{{ captured.x }} {{ 1 + 1 }}"
    expect:
      - {kind: matches, pattern: "(a", severity: sever}
      - {kind: facts, title: narutoo, attributes: [colour]}
"""
    workshop.write(write_scenario(body))
    found = [line.removeprefix("suite/a.yaml:") for line in workshop.mistakes()]
    expected = [
        "7:13: '.inf' is no number",
        "8:5: key 'title' stands here again; first in line 3",
        "9:16: unknown criterion 'right_titel'",
        "11:14: arithmetic is not allowed",
        "11:14: unknown name 'captured'",
        "13:38: not a pattern of RE2",
        "13:54: unknown value 'sever'",
        "14:34: unknown catalogue id 'narutoo'",
        "14:56: unknown value 'colour'",
    ]
    assert [line[: len(start)] for line, start in zip(sorted(found, key=_place), expected, strict=True)] == expected


def _place(line: str) -> tuple[int, int, str]:
    row, column, message = line.split(":", 2)
    return int(row), int(column), message


def test_a_mistake_of_a_key_is_said_of_the_key(workshop, write_scenario):
    """The place is the key's, the key is quoted, and what it has to be is said in words."""
    workshop.write(write_scenario('turns: [{say: hi, capture: {"B b": a}}]'))
    (found,) = workshop.mistakes()
    assert found == (
        "suite/a.yaml:7:33: key 'B b' has to be made of small letters, digits, '_', '.', '-', "
        "beginning with a letter or digit, at most 80 characters"
    )


def test_each_pattern_of_a_name_is_said_in_words():
    """Nobody has to read a regular expression to learn what an id may hold."""
    patterns = set(re.findall(r'"(\^[^"]*)"', json.dumps(scenario_schema())))
    assert len(patterns) == 2
    assert all("letters, digits" in signs_of(pattern) for pattern in patterns)


def test_broken_rubric_and_facts_are_told_with_the_scenarios(workshop, write_scenario):
    """None hides the others."""
    workshop.write(write_scenario(locale="de"))
    workshop.write_text("as_of: yesterday\n", "facts/orders.yaml")
    found = workshop.mistakes("version: x\n")
    assert any(line.startswith("rubric.yaml:1:10: has to be a whole number") for line in found)
    assert any("a.yaml:5:13: unknown value 'de'" in line for line in found)
    assert any(line.startswith("suite/facts/orders.yaml:1:8: has to be a date") for line in found)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("examples: [{title: x}]\nturns: [{say: hi}]", "an example row needs a 'name'"),
        ("examples: [{name: A b}]\nturns: [{say: hi}]", "a row's name has to be made of small letters"),
        ("examples: [{name: a}, {name: a}]\nturns: [{say: hi}]", "7:34: row 'a' stands here again; it is row 1 already"),
        ("examples: [{name: a, x: 1}, {name: b}]\nturns: [{say: hi}]", "7:33: this row lacks 'x'"),
        ("examples: [{name: a, x: '{{ captured.y }}'}]\nturns: [{say: '{{ example.x }}'}]", "looks like a template itself"),
        ("examples: [{name: a, x y: 1}]\nturns: [{say: hi}]", "7:26: key 'x y' has to be made of letters"),
        ("examples: [{name: a, x: 1}]\nturns: [{say: '{{ example.z }}'}]", "unknown name 'example.z'"),
        (
            "examples: [{name: a, x: 1}]\nturns: [{say: '{{ example.x }}', expect: [{kind: cites, source: '{{ example.x }}'}]}]",
            "has to be text, not 1",
        ),
        ("turns: [{say: '{{ 1 + 1 }}'}]", "arithmetic is not allowed"),
        ("turns: [{say: '{% for a in b %}{% endfor %}'}]", "a loop is not allowed"),
        ("turns: [{say: hi, expect: [{kind: matches, pattern: '{{ captured.a }}'}]}]", "unknown name 'captured'"),
        (
            "turns: [{say: hi, capture: {a: x}}, {say: hi, expect: [{kind: matches, pattern: '{{ captured.a }}'}]}]",
            "has to be fixed before",
        ),
        (
            "turns: [{say: hi, capture: {a: x}}, {say: hi, capture: {b: '{{ captured.a }}'}}]",
            "it can be used in what later turns say and expect",
        ),
        ("setup: {a: '{{ captured.a }}'}\nturns: [{say: hi}]", "unknown name 'captured'"),
        ("turns: []", "needs at least one entry"),
        ("turns: [" + "{say: hi}, " * 51 + "]", "at most 50 entries"),
        ("turns: [{say: ''}]", "needs at least one character"),
        ("turns: [{say: hi, timeout_s: 0}]", "has to be greater than 0"),
        ("turns: [{say: hi, expect: [{any: [a]}]}]", "key 'kind' is missing"),
        ("turns: [{say: hi, expect: [{kind: contains}]}]", "needs 'any' or 'all'"),
        ("turns: [{say: hi}]\nweight: 1e999", "is no number"),
        ("turns: [{say: hi}]\nexamples: x", "has to be a list"),
        ("turns: hello", "has to be a list"),
        ("turns: [hello]", "has to be a mapping"),
    ],
)
def test_tables_templates_and_turns_are_checked(workshop, write_scenario, body, words):
    """Each mistake of the language inside one scenario is found at load."""
    workshop.write(write_scenario(body))
    assert words in "\n".join(workshop.mistakes())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("scenarios: []", "1:12: needs at least one entry"),
        ("scenario: []", "1:1: unknown key 'scenario'; did you mean 'scenarios'?"),
        ("[]", "1:1: has to be a mapping"),
        ("scenarios: {}", "1:12: has to be a list"),
    ],
)
def test_the_frame_of_a_file_is_checked(workshop, content, words):
    """A file without its `scenarios` says what it should have."""
    workshop.write_text(content)
    assert words in "\n".join(workshop.mistakes())


def test_a_dimension_without_an_applicable_criterion_is_a_mistake(workshop, write_scenario):
    """What could never be scored is not quietly left out."""
    workshop.write(write_scenario(dimensions="[groundedness, tone]"))
    assert "no criterion of 'tone' applies here" in "\n".join(workshop.mistakes())


def test_a_criterion_needs_its_dimension(workshop, write_scenario):
    """An expectation cannot answer a criterion of a dimension that the scenario does not assess."""
    workshop.write(write_scenario(turns="[{say: hi, expect: [{kind: no_pii, criterion: empathy}]}]"))
    assert "add 'tone' to 'dimensions'" in "\n".join(workshop.mistakes())


def test_an_expectation_may_answer_an_own_criterion(workshop, write_scenario):
    """A scenario's own criteria are known to its expectations."""
    own = "[{id: mine, dimension: tone, question: Is it mine?}]"
    turns = "[{say: hi, expect: [{kind: no_pii, criterion: mine}]}]"
    workshop.write(write_scenario(dimensions="[tone]", own_criteria=own, turns=turns))
    assert workshop.load().scenarios[0].own_criteria[0].id == "mine"


def test_an_empty_or_missing_folder_is_an_error(workshop, tmp_path):
    """A suite of nothing never passes."""
    assert "holds no scenario files" in "\n".join(workshop.mistakes())
    with pytest.raises(SettingsError, match="no such folder of scenarios; name one with --suite"):
        load_suite(tmp_path / "nowhere", tmp_path / "rubric.yaml")


def test_lacking_facts_are_told_once_for_the_default(without_facts, write_scenario):
    """A newcomer without facts reads one message for each lacking file, not one for each scenario."""
    without_facts.write(write_scenario(id="a"), write_scenario(id="b"))
    found = [line for line in without_facts.mistakes() if "no fact file" in line]
    assert len(found) == 3
    assert "scenarios without 'facts' stand on catalogue, policies, orders" in found[0]


def test_a_table_cannot_explode(workshop, write_scenario):
    """Rows times texts are bounded before anything is expanded."""
    rows = ", ".join(f"{{name: r{number}}}" for number in range(500))
    turns = ", ".join(f"{{say: hi, expect: [{{kind: excludes, any: [{', '.join('abcdefgh')}]}}]}}" for _ in range(50))
    workshop.write(write_scenario(f"examples: [{rows}]\nturns: [{turns}]"))
    assert "500 rows of 500 texts each are too many" in "\n".join(workshop.mistakes())


@pytest.fixture
def suite(workshop, write_scenario):
    """Four scenarios: a table of two, a tagged one, and one of another intent."""
    workshop.write(
        write_scenario(TABLE),
        write_scenario(id="price-late", tags="[slow, catalogue]"),
        write_scenario(id="hello", intent="chitchat"),
    )
    return workshop.load()


@pytest.mark.parametrize(
    ("only", "ids"),
    [
        ([], ["price@naruto", "price@ninja", "price-late", "hello"]),
        (["hello"], ["hello"]),
        (["price"], ["price@naruto", "price@ninja"]),
        (["price@ninja"], ["price@ninja"]),
        (["price*"], ["price@naruto", "price@ninja", "price-late"]),
        (["tag:slow"], ["price-late"]),
        (["slow", "chitchat"], ["price-late", "hello"]),
        (["product_question"], ["price@naruto", "price@ninja", "price-late"]),
    ],
)
def test_scenarios_are_selected_by_id_table_glob_tag_and_intent(suite, only, ids):
    """Each word selects what it fits, in the suite's order, and the rest is named as left out."""
    chosen, left_out = select(suite, only)
    assert [scenario.id for scenario in chosen.scenarios] == ids
    assert sorted([*ids, *left_out]) == sorted(scenario.id for scenario in suite.scenarios)
    assert (chosen.fingerprint == suite.fingerprint) == (len(ids) == 4)


def test_a_word_that_selects_nothing_is_an_error(suite):
    """A mistyped selection never becomes an empty or a smaller run."""
    with pytest.raises(SettingsError, match=r"--only helo: .*did you mean 'hello'\?(.|\n)*--only tag:sloww: .*did you mean 'slow'\?"):
        select(suite, ["helo", "price", "tag:sloww"])


def test_the_suite_fingerprint_knows_how_results_are_weighed(workshop, write_scenario):
    """Weight, cluster and must_pass change how the suite decides, so they change its fingerprint."""
    seen = set()
    for changes in ({}, {"weight": "2"}, {"cluster": "c"}, {"must_pass": "true"}):
        workshop.write(write_scenario(**changes))
        seen.add(workshop.load().fingerprint)
    assert len(seen) == 4


def test_sixty_four_scenarios_load(workshop, write_scenario):
    """A suite of usual size is loaded whole, a file for each scenario."""
    turn = "{say: 'hello {{ example.x }}', expect: [{kind: contains, any: [a, b]}, {kind: matches, pattern: 'a+b'}, {kind: field_present, path: 'a.b[0]'}]}"
    for number in range(64):
        workshop.write(
            write_scenario(f"examples: [{{name: one, x: y}}]\nturns: [{turn}, {turn}, {turn}]", id=f"s{number}"), name=f"{number}.yaml"
        )
    assert {one.id for one in workshop.load().scenarios} == {f"s{number}@one" for number in range(64)}


def outcome(workshop) -> Suite | SourceError:
    try:
        return workshop.load()
    except SourceError as error:
        return error


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "x", "contains", "{{ example.a }}", "{{ captured.b }}", "{% if %}", "{{"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "turns", "say", "expect", "kind", "capture", "examples", "name", "setup", "any", "dimensions"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(entries=JSON, turns=JSON, examples=JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_data_in_the_right_syntax_is_a_suite_or_mistakes(workshop, write_scenario, entries, turns, examples):
    """Whatever stands where scenarios, turns and rows should stand, the answer is a SourceError, never another exception."""
    workshop.write_text(f"scenarios: {json.dumps(entries)}", "a.yaml")
    workshop.write(write_scenario(f"turns: {json.dumps(turns)}\nexamples: {json.dumps(examples)}"), name="b.yaml")
    assert isinstance(outcome(workshop), (Suite, SourceError))
