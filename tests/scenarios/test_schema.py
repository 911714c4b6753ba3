"""The editors' schema is the language: committed, fresh, and no stricter than the loader."""

import json
from pathlib import Path

import jsonschema
import pytest

from harness.scenarios.load import scenario_files
from harness.scenarios.schema import SCHEMA_NAME, editor_header, scenario_schema, schema_text
from harness.yaml_source.document import read_yaml

SUITE = Path(__file__).parents[2] / "scenarios"
VALIDATOR = jsonschema.Draft202012Validator(scenario_schema())


def test_the_committed_schema_is_fresh():
    """`harness scenarios schema` writes exactly the committed file."""
    assert (SUITE / SCHEMA_NAME).read_text(encoding="utf-8") == schema_text()
    assert json.loads(schema_text()) == scenario_schema()


def test_the_schema_is_a_schema():
    """Editors can read it."""
    jsonschema.Draft202012Validator.check_schema(scenario_schema())


@pytest.mark.parametrize("path", scenario_files(SUITE), ids=lambda path: path.stem)
def test_shipped_scenarios_fit_it_and_name_it(path):
    """Every shipped file is clean in an editor, templates included, and its first line makes the editor look."""
    assert [error.message for error in VALIDATOR.iter_errors(read_yaml(path).data)] == []
    assert path.read_text(encoding="utf-8").splitlines()[0] == editor_header(path, SUITE)


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"turns": [{"say": "hi", "timeout_s": "{{ example.t }}"}]}, True),
        ({"turns": [{"say": "hi", "expect": [{"kind": "facts", "title": "{{ example.id }}"}]}]}, True),
        ({"turns": [{"say": "hi", "expect": [{"kind": "contains", "any": "{{ example.names }}"}]}]}, True),
        ({"turns": [{"say": "hi", "expect": [{"kind": "facts", "title": "Not An Id"}]}]}, False),
        ({"turns": [{"say": "hi", "expect": [{"kind": "containz", "any": ["a"]}]}]}, False),
        ({"turns": [{"say": "hi", "timeout_s": "soon"}]}, False),
        ({"turns": []}, False),
        ({"command": "x"}, False),
        ({"locale": "{{ example.locale }}"}, False),
    ],
)
def test_it_knows_where_templates_may_stand(change, fits):
    """Templates are welcome in turns, and everything that the loader refuses by type is refused here too."""
    scenario = {"id": "a", "title": "A", "intent": "chitchat", "locale": "en", "dimensions": ["tone"], "turns": [{"say": "hi"}]} | change
    assert VALIDATOR.is_valid({"scenarios": [scenario]}) == fits


def test_the_header_leads_from_any_folder(tmp_path):
    """The path to the schema is relative to the file."""
    assert editor_header(tmp_path / "a/b/c.yaml", tmp_path) == "# yaml-language-server: $schema=../../scenario.schema.json"
