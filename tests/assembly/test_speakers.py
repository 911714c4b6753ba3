"""Who speaks for users, from settings: chosen, kept out of gates, and put into what is compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from harness.assembly.bench import Bench, assemble
from harness.assembly.cast import Cast
from harness.conversations.speaker import Scripted, ScriptedSpeaker
from harness.errors import SettingsError, SourceError
from harness.package_data import shipped
from harness.settings import Settings
from harness.simulated_users.goal_slots import GoalSlotSpeaker
from harness.simulated_users.model_speaker import ModelSpeaker
from harness.variants.varying import VaryingSpeaker
from tests.fakes.gift_shop import USER, opening_of
from tests.fakes.messages_api.api import KEY
from tests.fakes.threaded_bot import target_file, write_suite

ENVIRON = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}


@pytest.fixture
def assembled(tmp_path: Path) -> Callable[..., Bench]:
    """Assemble a suite of two scripts, one of them varied, and one simulated user, with these settings changed."""
    suite = write_suite(tmp_path / "suite", 2)
    written = json.loads((suite / "ask.yaml").read_text())["scenarios"]
    written[1]["variants"] = ["typos"]
    played = {name: value for name, value in written[0].items() if name != "turns"} | {"id": "gift", "user": dict(USER)}
    (suite / "ask.yaml").write_text(json.dumps({"scenarios": [*written, played]}), encoding="utf-8")
    target = target_file(tmp_path, "http://green.test")

    def build(
        only: tuple[str, ...] = (), *, gated: bool = False, user: dict[str, object] | None = None, environ: dict[str, str] | None = None,
        **changes: object,
    ) -> Bench:  # fmt: skip
        played["user"] |= user or {}
        (suite / "ask.yaml").write_text(json.dumps({"scenarios": [*written, played]}), encoding="utf-8")
        values = {"target": str(target), "suite": suite, "judge": "offline", "cache": tmp_path / "answers", **changes}
        if gated:
            values["against"] = str(target)
        return assemble(Settings(**values), only, environ or {}, gated=gated)

    return build


def speaker_of(bench: Bench, name: str) -> object:
    """Return who speaks in a scenario."""
    scenario = next(one for one in bench.suite.scenarios if one.id == name)
    return bench.speakers.speaker(scenario, opening_of(scenario), 0)


def test_each_scenario_has_the_speaker_that_it_says(assembled) -> None:
    """A script is said, a varied one in its variant, and a simulated user is played by goal slots where nothing else is said; no key is needed."""
    bench = assembled()
    assert isinstance(speaker_of(bench, "ask-00"), ScriptedSpeaker)
    assert isinstance(speaker_of(bench, "ask-01"), VaryingSpeaker)
    assert isinstance(speaker_of(bench, "gift"), GoalSlotSpeaker)
    assert bench.access is None


def test_a_suite_of_scripts_needs_nobody_to_play(assembled) -> None:
    """Nothing of models, tables or contracts is loaded for it, even where a model could play."""
    bench = assembled(("ask-00",), simulator="anthropic")
    assert isinstance(bench.speakers, Scripted)
    assert bench.access is None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def opened_speaker(bench: Bench) -> object:
    async with bench.speakers:
        return speaker_of(bench, "gift")


@pytest.mark.anyio
async def test_claude_plays_through_the_door_of_the_run(assembled) -> None:
    """One access, with the simulator's model in its terms, whoever judges; the door is open while the cast is entered."""
    bench = assembled(simulator="anthropic", environ=ENVIRON)
    assert bench.access.terms.models == ("claude-haiku-5-5",)
    assert isinstance(await opened_speaker(bench), ModelSpeaker)
    both = assembled(simulator="anthropic", judge="anthropic", simulator_model="claude-opus-5-5", environ=ENVIRON)
    assert both.access.terms.models == ("claude-sonnet-5-5", "claude-opus-5-5")
    assert isinstance(both.speakers, Cast)
    with pytest.raises(ValueError, match="before its door was opened"):
        speaker_of(both, "gift")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"simulator": "anthropic"}, "ANTHROPIC_API_KEY is not set"),
        ({"simulator": "anthropic", "judge": "bedrock", "environ": ENVIRON}, "one run asks one service"),
        ({"simulator": "anthropic", "environ": ENVIRON, "budget_usd": Decimal(1)}, "claude-haiku-5-5"),
    ],
)
def test_what_cannot_be_played_is_told_before_anything_is_held(assembled, changes, said) -> None:
    """No key, two services at once, or a budget without a price for the model that plays."""
    with pytest.raises(SettingsError, match=said):
        assembled(**changes)


def test_a_simulated_scenario_does_not_gate_unless_it_says_so(assembled) -> None:
    """It is left out, by name, of a gate; with `gates: true` it is in; a suite of nothing else is refused."""
    left = assembled(gated=True)
    assert ([one.id for one in left.suite.scenarios], left.not_gating) == (["ask-00", "ask-01"], ("gift",))
    assert "gift" in left.deselected
    with pytest.raises(SettingsError, match="gates decide on scripts"):
        assembled(("gift",), gated=True)
    assert "gift" in [one.id for one in assembled().suite.scenarios]
    inside = assembled(gated=True, user={"gates": True})
    assert "gift" in [one.id for one in inside.suite.scenarios]
    assert inside.not_gating == ()


def test_who_plays_makes_another_scenario_of_it(assembled) -> None:
    """What one player held is never compared with what another did; scripts stay comparable."""
    slots, claude = assembled().suite, assembled(simulator="anthropic", environ=ENVIRON).suite
    same = {one.id: one.fingerprint == other.fingerprint for one, other in zip(slots.scenarios, claude.scenarios, strict=True)}
    assert same == {"ask-00": True, "ask-01": True, "gift": False}


def test_committed_lines_that_break_the_contract_are_refused(assembled) -> None:
    """At the place of the scenario, before anything is held."""
    with pytest.raises(SourceError, match=r"ask\.yaml.*user\.opening\.en\.0 speaks as the shop"):
        assembled(user={"opening": {"en": ["How may I assist you today?"], "ja": ["やあ"]}})


def test_the_shipped_users_are_assembled_without_a_word_of_settings(tmp_path: Path) -> None:
    """`--suite scenarios/simulated` is enough: facts are those of the suite around it."""
    values = {"target": str(target_file(tmp_path, "http://green.test")), "suite": shipped("scenarios") / "simulated", "judge": "offline"}
    bench = assemble(Settings(**values), (), {}, gated=False)
    assert sum(one.user is not None for one in bench.suite.scenarios) == 3
