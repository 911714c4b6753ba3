"""The cookies of one conversation, by which load balancers keep it on one machine; the standard library's rules, as httpx has them.

Most targets set none, so the library's jar, which is slow to import, comes with the first cookie.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message
from typing import TYPE_CHECKING
from urllib.request import Request

if TYPE_CHECKING:
    from http.cookiejar import CookieJar


class _Told:
    """A response, as far as a cookie jar looks at it."""

    def __init__(self, cookies: Sequence[str]) -> None:
        self._message = Message()
        for cookie in cookies:
            self._message["Set-Cookie"] = cookie

    def info(self) -> Message:
        """Return the headers that set cookies."""
        return self._message


class Cookies:
    """What a target set, and gets back."""

    def __init__(self) -> None:
        self._jar: CookieJar | None = None

    def __bool__(self) -> bool:
        return self._jar is not None and len(self._jar) > 0

    @property
    def pairs(self) -> str:
        """All of them, as one header says them."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar or ())

    def take(self, url: str, cookies: Sequence[str]) -> None:
        """Keep what the `Set-Cookie` headers of a response say."""
        from http.cookiejar import CookieJar  # noqa: PLC0415 - as the module says

        if self._jar is None:
            self._jar = CookieJar()
        self._jar.extract_cookies(_Told(cookies), Request(url))  # type: ignore[arg-type]  # noqa: S310 - the jar asks no more; nothing is opened

    def header(self, url: str) -> str | None:
        """Return what goes with a request to a URL; None for nothing."""
        if self._jar is None:
            return None
        request = Request(url)  # noqa: S310 - nothing is opened
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def clear(self) -> None:
        """Drop all of them."""
        self._jar = None
