"""A real headless Chromium, driven over its debugging pipe: no port, no driver, no package."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
_START = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
for number, one in enumerate(pipes, start=3):
    os.dup2(one, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The browser's pipes are its files 3 and 4, whatever ours are."""
_PATIENCE_S = 60.0


class Page:
    """One tab."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        """What the console said: errors of scripts, and violations of the content security policy."""
        self.dialogs: list[str] = []
        """Kinds of the dialogs that were opened; each was accepted."""
        self.requests: list[str] = []
        """Every address that was asked for."""

    def begin(self, downloads: Path) -> None:
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")
        self._call("Browser.setDownloadBehavior", browser=True, behavior="allow", downloadPath=str(downloads))

    def open(self, address: str, width: int = 1280, height: int = 860, *, dark: bool = False) -> None:
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page; raises AssertionError where it throws."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"never came true: {condition}"
            time.sleep(0.02)

    def key(self, key: str) -> None:
        text = {"text": key} if len(key) == 1 else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _send(self, method: str, parameters: dict[str, Any], *, browser: bool = False) -> int:
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None and not browser:
            asked["sessionId"] = self._session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        return self._number

    def _call(self, method: str, *, browser: bool = False, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, parameters, browser=browser)
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self._note(answer)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._from, 1 << 20)
            assert more, "the browser ended"
            self._rest += more
        one, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(one)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        method, told = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(told["type"])
            self._send("Page.handleJavaScriptDialog", {"accept": True})


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start the browser with a profile of its own in `folder`, where downloads go too; it is gone at the end."""
    to_browser, ours_from = os.pipe()
    ours, from_browser = os.pipe()
    words = [str(PROGRAM), *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    log = (folder / "browser.log").open("wb")
    starter = [sys.executable, "-c", _START, str(to_browser), str(from_browser)]
    process = subprocess.Popen([*starter, *words], pass_fds=(to_browser, from_browser), stdout=log, stderr=log)
    os.close(to_browser)
    os.close(from_browser)
    try:
        page = Page(ours_from, ours)
        page.begin(folder)
        yield page
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE_S)
        for descriptor in (ours_from, ours):
            os.close(descriptor)
        log.close()
