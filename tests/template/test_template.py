"""Templates put values into text, and can do nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.template import MAX_OUTPUT, TemplateError, check_template, names_used, render, render_known, render_value

VALUES = {"example": {"title": "Naruto", "volumes": 72, "items": ["a", "b"], "empty": None}, "name": "Ann"}
NAMES = {"example.title", "example.volumes", "example.items", "name"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain } text }}", "plain } text }}"),
        ("{{ name }}さん", "Annさん"),
        ("{{ example.title | upper }} / {{ example['title'] | lower }}", "NARUTO / naruto"),
        ("{{ example.items[1] }}", "b"),
        ("{{ ' x ' | trim }}{{ 'a b/c' | urlencode }}", "xa%20b%2Fc"),
        ("{{ example.title | replace('Na', 'Bo') }}", "Boruto"),
        ("{{ example.nothing | default('nothing') }}{{ nobody | default }}", "nothing"),
        ("{{ example.empty }}", "null"),
        ("{{ '{{' }} {# a remark #}stays", "{{ stays"),
        ("two\nlines\n", "two\nlines\n"),
    ],
)
def test_values_are_put_in(text, result):
    """Names, fields, items, constants and the six filters give text."""
    assert render(text, VALUES) == result


def test_a_single_expression_keeps_the_type_of_its_value():
    """A number stays a number where the whole string is one expression, and becomes text beside other text."""
    data = {"n": "{{ example.volumes }}", "list": ["{{ example.items }}", "{{ example.volumes }} vols"], "plain": 1}
    assert render_value(data, VALUES) == {"n": 72, "list": [["a", "b"], "72 vols"], "plain": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ exmaple.title }}", "unknown name 'exmaple'; did you mean 'example'?"),
        ("{{ example.tilte }}", "unknown name 'example.tilte'; did you mean 'example.title'?"),
        ("{{ example }}", "'example' needs a field"),
        ("{{ name.__class__.__mro__ }}", None),
        ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "a call is not allowed"),
        ("{{ name() }}", "a call is not allowed"),
        ("{% for x in name %}{{ x }}{% endfor %}", "a loop is not allowed"),
        ("{% set x = 1 %}", "a statement is not allowed"),
        ("{% include 'x' %}", "a statement is not allowed"),
        ("{% macro m() %}{% endmacro %}", "a macro is not allowed"),
        ("{{ 2 ** 99999999 }}", "arithmetic is not allowed"),
        ("{{ name ~ name }}", "joining with ~ is not allowed"),
        ("{{ name if name }}", "a condition is not allowed"),
        ("{{ name == 1 }}", "a comparison is not allowed"),
        ("{{ name is defined }}", "a test is not allowed"),
        ("{{ [name] }}", "a list is not allowed"),
        ("{{ name[0:2] }}", "a slice is not allowed"),
        ("{{ name | attr('x') }}", "unknown filter 'attr'"),
        ("{{ name | uper }}", "unknown filter 'uper'; did you mean 'upper'?"),
        ("{{ name | replace('a') }}", "takes 2 plain arguments"),
        ("{{ name | replace(*name) }}", "plain arguments"),
        ("{{ name | default(value='x') }}", "plain arguments"),
        ("{{ name", "not a template that can be read"),
        ("{{ }}", "not a template that can be read"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "levels deep"),
        ("{{ name" + "[0]" * 100 + " }}", "levels deep"),
        ("{{ " + "9" * 6000 + " }}", "too long"),
        ("{{ '\\ud800' }}", "half a character"),
        ("{{ name }}" * 2000, "may have 16384 characters"),
    ],
)
def test_everything_else_is_refused_when_it_is_checked(text, words):
    """Whatever is more than a name, a field, an item or a known filter is refused with the reason, before any value is seen."""
    message = check_template(text, NAMES)
    if words is None:
        assert message is None  # fields of a known name are data; there are none to find on it
        with pytest.raises(TemplateError, match="no value"):
            render(text, VALUES)
        return
    assert message is not None
    assert words in message
    if "name '" not in words and "needs a field" not in words:
        with pytest.raises(TemplateError):
            render(text, VALUES)


def test_a_missing_value_is_an_error_and_never_an_empty_text():
    """A name, field or item that is not there stops the rendering and is named."""
    for text in ("{{ nobody }}", "{{ example.nothing }}", "{{ example.items[7] }}", "{{ example.items[true] }}", "{{ nobody | upper }}"):
        with pytest.raises(TemplateError, match="there is no value for"):
            render(text, VALUES)


def test_fields_are_data_and_never_attributes_of_objects():
    """Methods and internals of the values are out of reach, even where a value has such an attribute."""
    for text in ("{{ name.upper }}", "{{ example.keys }}", "{{ example.items.append }}", "{{ name['__class__'] }}"):
        with pytest.raises(TemplateError):
            render(text, VALUES)


@pytest.mark.timeout(20)
def test_output_is_bounded_before_it_is_built():
    """Chained replacements that would multiply to gigabytes are stopped at 64 KiB."""
    bomb = "{{ 'aaaaaaaaaa'" + " | replace('a', 'aaaaaaaaaa')" * 20 + " }}"
    with pytest.raises(TemplateError, match=f"longer than {MAX_OUTPUT}"):
        render(bomb, {})
    with pytest.raises(TemplateError, match="longer than"):
        render("{{ a }}{{ a }}", {"a": "x" * (MAX_OUTPUT // 2 + 1)})


def test_known_expressions_are_rendered_and_later_ones_stay():
    """Example rows are put in at load; what the conversation will capture stays, verbatim."""
    text = "{{ example.title }}: {{ captured.first | lower }} {{ '{{' }}{# why #}"
    assert render_known(text, "example", VALUES) == "Naruto: {{ captured.first | lower }} {{ '{{' }}{# why #}"
    assert render_known(["{{ example.volumes }}", "{{ captured.x }}"], "example", VALUES) == [72, "{{ captured.x }}"]


def test_a_value_cannot_smuggle_a_template_in():
    """A row whose text looks like a template is refused, for a later rendering would obey it."""
    with pytest.raises(TemplateError, match="looks like a template itself"):
        render_known("{{ example.title }}", "example", {"example": {"title": "{{ captured.secret }}"}})


def test_one_expression_belongs_to_one_time():
    """An expression over both a row and a captured value has no time at which it could be rendered."""
    with pytest.raises(TemplateError, match="captured and example at once"):
        render_known("{{ captured.x | default(example.title) }}", "example", VALUES)


def test_names_used_are_dotted_as_far_as_written():
    """The names of a template are what a check of captures needs."""
    assert names_used("{{ captured.a.b }} {{ example['c'] }} {{ x[0].y }} plain") == {"captured.a.b", "example.c", "x"}


def outcome(text, values) -> str | TemplateError:
    try:
        return render(text, values)
    except TemplateError as error:
        return error


@given(st.text(alphabet=st.sampled_from("{}%#|.()[]'\"abx0 ~*-\n\\"), max_size=60))
def test_any_text_renders_or_raises_template_error(text):
    """No text makes the renderer fail in any other way, and what passes the check fails only for lack of a value."""
    result = outcome(text, {"a": "1", "b": [1], "x": {"a": 2}})
    assert isinstance(result, str) or check_template(text, {"a", "b", "x"}) is not None or "no value" in str(result)
