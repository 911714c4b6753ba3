"""What a reply has to name, and must not."""

from __future__ import annotations

import pytest

from harness.expectations.finding import FindingOutcome
from harness.expectations.naming import check_contains, check_excludes, check_matches
from harness.scenarios.model import Contains, Excludes, Matches

MET, UNMET = FindingOutcome.MET, FindingOutcome.UNMET


@pytest.mark.parametrize(
    ("text", "wanted", "outcome"),
    [
        ("『ナルト』です。", {"any": ("Naruto",)}, MET),
        ("Shingeki no Kyojin!", {"all": ("進撃の巨人",)}, MET),
        ("Attack on Titan Colossal Edition", {"all": ("Attack on Titan: Colossal Edition",)}, MET),
        ("１４日以内", {"all": ("14日",)}, MET),
        ("within 14 days", {"any": ("14 days", "two weeks")}, MET),
        ("within 140 days", {"any": ("14",)}, UNMET),
        ("A and B", {"all": ("A", "B", "C")}, UNMET),
        ("A", {"any": ("B",), "all": ("A",)}, UNMET),
        ("banana", {"any": ("Nana",)}, UNMET),
        ("Welcome to Narutopia", {"any": ("Naruto",)}, UNMET),
        ("Naruto's first volume", {"any": ("Naruto",)}, MET),
        ("Attack-on-Titania", {"any": ("Attack on Titan",)}, UNMET),
        ("AttackOnTitan", {"any": ("Attack on Titan",)}, MET),
        ("three sorcerers", {"any": ("sorcerer",)}, UNMET),
        ("14days", {"any": ("14",)}, MET),
        ("返金いたします", {"any": ("返金",)}, MET),
        ("the Titan", {"any": ("Attack on Titan",)}, UNMET),
        ("", {"any": ("x",)}, UNMET),
    ],
)
def test_names_are_found_in_any_writing(read, text, wanted, outcome):
    """Width, kana and case do not matter, a title counts under any of its names, and numbers are whole."""
    assert check_contains(Contains(kind="contains", **wanted), read(text)).outcome is outcome


@pytest.mark.parametrize(
    ("text", "unwanted", "outcome"),
    [
        ("How about ワンピース?", ("One Piece",), UNMET),
        ("How about Attack on Titan: Colossal Edition?", ("Attack on Titan",), MET),
        ("How about Naruto?", ("One Piece", "Bleach"), MET),
        ("ace DIES at the end", ("Ace dies",), UNMET),
        ("Ace diesel", ("Ace dies",), MET),
        ("Narutopia", ("Naruto",), MET),
        ("全品無料です", ("無料",), UNMET),
        ("Eiichiro Oda", ("Oda Eiichiro",), MET),
        ("Oda Eiichiro", ("Oda Eiichiro",), UNMET),
    ],
)
def test_excluded_names_are_really_excluded(read, text, unwanted, outcome):
    """What may not be named fails the reply when it is, under any name; a longer title is another title."""
    assert check_excludes(Excludes(kind="excludes", any=unwanted), read(text)).outcome is outcome


def test_contains_and_excludes_are_opposites(read):
    """Negation really inverts: for one text, exactly one of the two is met."""
    for text in ("Naruto is here", "nothing is here"):
        outcomes = {
            check_contains(Contains(kind="contains", any=("Naruto",)), read(text)).outcome,
            check_excludes(Excludes(kind="excludes", any=("Naruto",)), read(text)).outcome,
        }
        assert outcomes == {MET, UNMET}


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("text", ["It is RATED １６+.", "It is not."])
def test_absent_inverts_a_pattern(read, absent, text):
    """A pattern is searched in the folded text; `absent` turns the outcome round and changes nothing else."""
    found = "16" in read(text).folded
    checked = check_matches(Matches(kind="matches", pattern=r"rated \d+\+", absent=absent), read(text))
    assert (checked.outcome is MET) is (found is not absent)


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("text", ["It is rated 16+.", "It is not."])
def test_the_evidence_of_a_pattern_quotes_first_and_says_in_words_what_was_looked_for(read, absent, text):
    """The quote leads, the criterion's question follows, and a long pattern is cut."""
    pattern = r"rated \d+\+|suitable for (children|teens|adults|everybody) of all ages"
    checked = check_matches(Matches(kind="matches", pattern=pattern, absent=absent), read(text), "Does the reply state the age rating?")
    assert checked.evidence.startswith(f'"{text}"')
    assert '"Does the reply state the age rating?"' in checked.evidence
    assert "everybody" not in checked.evidence


@pytest.mark.timeout(20)
def test_an_exploding_pattern_does_not_explode(read):
    """RE2 takes linear time where backtracking would take for ever."""
    assert check_matches(Matches(kind="matches", pattern="^(a+)+$"), read("a" * 60_000 + "!")).outcome is UNMET
