"""Who we are, request by request: credentials from the environment, a signature, or what a log-in brought.

A log-in's token is shared by all conversations, and asked for anew shortly before it ends or when it was refused.
Where a log-in brings cookies instead, every conversation logs in for itself, because cookies are a session.
A log-in that fails is infrastructure trouble: no message was sent.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from urllib.parse import urlencode

import anyio
import jmespath
from pydantic import JsonValue

from harness.targets.access_file import Login
from harness.targets.body import BrokenError, json_of, quoted, searched, unpacked
from harness.targets.protocol import FailureKind, Owner, TransportFailure
from harness.targets.raw_reply import RawReply
from harness.targets.reply import is_overload
from harness.targets.secrets import Secrets
from harness.targets.signing import Signer, aws_signer
from harness.targets.wire import Wire
from harness.template import render, render_value

EARLY = 0.1
"""Share of a token's life before its end at which it is asked for anew."""
_MAX_TOKEN = 16 * 1024
_NOTHING_HIDDEN = Secrets({})
"""An answer that holds a token is read as it is: the same token may come twice."""
Headers = tuple[tuple[str, str], ...]
Send = Callable[[str, str, Headers, bytes | None], Awaitable[RawReply | TransportFailure]]
"""Method, URL, headers and body → what came back."""


class Access:
    """The credentials of one target.

    Raises:
        SettingsError: a signature is asked for, and cannot be given.
    """

    def __init__(self, wire: Wire, base_url: str) -> None:
        auth = wire.file.auth
        self._wire = wire
        self._base_url = base_url
        self._fixed = self._fixed_headers()
        self._signer: Signer | None = None if auth.aws is None else aws_signer(auth.aws, wire.secrets, wire.file.host)
        key = auth.api_key
        self.query: dict[str, str] = {} if key is None or key.query is None else {key.query: self._filled(key.value)}
        """What every URL carries."""
        self._login = auth.login
        self._token: str | None = None
        self._ends: float = 0.0
        self._turn = anyio.Lock()

    @property
    def logs_in(self) -> bool:
        """True when something has to be asked before a request is admitted."""
        return self._login is not None

    @property
    def by_cookies(self) -> bool:
        """True when every conversation has to log in for itself."""
        return self._login is not None and self._login.token is None

    def headers(self, method: str, url: str, content: bytes | None) -> Headers:
        """Return the headers of one request that need nothing to be asked before."""
        return self._fixed if self._signer is None else (*self._fixed, *self._signer(method, url, content))

    async def token_header(self, send: Send) -> Headers | TransportFailure:
        """Return the header that carries the token, logging in where there is none that holds."""
        if self._login is None or self._login.token is None:
            return ()
        async with self._turn:
            if self._token is None or time.monotonic() > self._ends:
                failure = await self._renew(self._login, send)
                if failure is not None:
                    return failure
            return ((self._login.header, render(self._login.value, {"token": self._token})),)

    async def log_in(self, send: Send) -> TransportFailure | None:
        """Log in for the sake of the cookies; returns what kept it from succeeding."""
        return None if self._login is None else self._refused(await self._asked(self._login, send))

    def refused(self, header: Headers) -> bool:
        """Forget a token that the target refused; returns whether there can be another one."""
        if self._login is None or self._login.token is None:
            return False
        if self._token is not None and header == ((self._login.header, render(self._login.value, {"token": self._token})),):
            self._token = None  # unless another conversation has brought a new one in the meantime
        return True

    async def _renew(self, login: Login, send: Send) -> TransportFailure | None:
        result = await self._asked(login, send)
        failure = self._refused(result)
        if failure is not None or isinstance(result, TransportFailure):
            return failure
        try:
            told = json_of(result.headers, unpacked(result.headers, result.body), _NOTHING_HIDDEN)
        except BrokenError as error:
            return _no_login(self._wire.secrets.conceal_text(str(error)), result)
        token = searched(jmespath.compile(login.token or "@"), told)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not 0 < len(token) <= _MAX_TOKEN:
            return _no_login(f"there is no token at {login.token!r}", result)
        self._wire.secrets.learn(token)
        life = searched(jmespath.compile(login.expires), told) if login.expires else None
        whole = isinstance(life, (int, float)) and not isinstance(life, bool)
        self._ends = time.monotonic() + float(life) * (1 - EARLY) if whole and isinstance(life, (int, float)) else float("inf")
        self._token = token
        return None

    async def _asked(self, login: Login, send: Send) -> RawReply | TransportFailure:
        values = {"env": self._wire.environ}
        url = (login.url or self._base_url) + render(login.path, values)
        headers = tuple((name, render(value, values)) for name, value in login.headers.items())
        if login.form is not None:
            fields = {name: render(value, values) for name, value in login.form.items()}
            return await send("POST", url, (*headers, ("Content-Type", "application/x-www-form-urlencoded")), urlencode(fields).encode())
        body: JsonValue = None if login.body is None else render_value(login.body, values)
        content = None if body is None else json.dumps(body).encode()
        return await send("POST", url, (*headers, *(() if content is None else (("Content-Type", "application/json"),))), content)

    def _refused(self, result: RawReply | TransportFailure) -> TransportFailure | None:
        if isinstance(result, TransportFailure):
            kind = FailureKind.UNREACHABLE if result.owner is Owner.TARGET else result.kind
            return replace(result, kind=kind, owner=Owner.INFRASTRUCTURE, detail=f"the log-in: {result.detail}")
        if 200 <= result.status < 300:
            return None
        detail = f"HTTP {result.status}{quoted(self._wire.secrets.conceal(result.body))}"
        return replace(_no_login(detail, result), kind=FailureKind.OVERLOADED if is_overload(result) else FailureKind.UNREACHABLE)

    def _fixed_headers(self) -> Headers:
        auth, secrets = self._wire.file.auth, self._wire.secrets
        headers: list[tuple[str, str]] = []
        if auth.bearer is not None:
            headers.append(("Authorization", f"Bearer {self._filled(auth.bearer)}"))
        if auth.basic is not None:
            pair = f"{self._filled(auth.basic.user)}:{self._filled(auth.basic.password)}"
            coded = base64.b64encode(pair.encode("utf-8")).decode("ascii")
            secrets.learn(coded)
            headers.append(("Authorization", f"Basic {coded}"))
        if auth.api_key is not None and auth.api_key.header is not None:
            headers.append((auth.api_key.header, self._filled(auth.api_key.value)))
        return tuple(headers)

    def _filled(self, text: str) -> str:
        return render(text, {"env": self._wire.environ})


def _no_login(why: str, raw: RawReply) -> TransportFailure:
    remedy = "correct `auth.login` in the target file, or the credentials that it uses"
    return TransportFailure(
        FailureKind.UNREACHABLE, Owner.INFRASTRUCTURE, f"the log-in: {why}; {remedy}", raw.status, latency_s=raw.latency_s
    )
