from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
from harness.errors import TargetError
from tests.demo.conftest import FOLDER

PARENT = f"""
import time
from pathlib import Path
from harness.demo.serve import serving
from harness.demo.shop import ShopPlan
with serving([ShopPlan("blue", Path({str(FOLDER)!r}))]) as urls:
    print(urls[0], flush=True)
    time.sleep(60)
"""


def say(url: str) -> httpx.Response:
    return httpx.post(f"{url}/chat/message", json={"session_id": "s", "message": "How much is Akira?", "seed": 1})


def test_blue_and_green_answer_on_ports_of_their_own_and_are_gone_afterwards() -> None:
    """Each shop states its own build; a cut reply breaks off on the socket; nothing listens when the block has ended."""
    blue, green = ShopPlan("blue", FOLDER), ShopPlan("green", FOLDER, {"dropped-connection": 1.0})
    with serving([blue, green]) as urls:
        assert [httpx.get(f"{url}/version").json()["build"] for url in urls] == [blue.build, green.build]
        assert say(urls[0]).json()["build"] == blue.build
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            say(urls[1])
        assert httpx.get(f"{urls[1]}/health").status_code == 200
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            say(url)


def test_a_shop_that_cannot_open_says_why() -> None:
    """The child's own words reach the error, with the remedy that they hold."""
    with pytest.raises(TargetError, match="no-such-folder"), serving([ShopPlan("blue", FOLDER / "no-such-folder")]):
        pass


def test_the_child_leaves_when_its_parent_is_killed() -> None:
    """SIGKILL leaves no orphan on the port."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().decode().strip()
    assert say(url).status_code == 200
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        try:
            httpx.get(f"{url}/health")
        except httpx.TransportError:
            return
        time.sleep(0.05)
    pytest.fail("the shop still answers five seconds after its parent was killed")
