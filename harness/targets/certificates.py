"""Which certificates are trusted, and which one is shown."""

from __future__ import annotations

import ssl
from pathlib import Path

from harness.errors import SettingsError
from harness.targets.wire import Wire
from harness.template import render


def tls_of(wire: Wire) -> ssl.SSLContext:
    """Return the TLS settings of a target; raises SettingsError for a certificate that cannot be read.

    Plain HTTP gets a context that trusts nothing, which spares reading certificates (and would fail closed).
    """
    tls = wire.file.tls
    login = wire.file.auth.login
    places = (wire.file.url, login.url if login else None, wire.file.proxy)
    secure = any(url is not None and url.startswith("https:") for url in places)
    if not secure:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    import httpx  # noqa: PLC0415 - it knows where certificates are, and is slow to import

    context = httpx.create_ssl_context()
    if tls.ca is not None:
        path = wire.folder / tls.ca
        try:
            context.load_verify_locations(path)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{path}: cannot be used as `tls.ca`: {_reason(error)}") from None
    if tls.certificate is not None:
        _show(context, wire, wire.folder / tls.certificate)
    return context


def _show(context: ssl.SSLContext, wire: Wire, certificate: Path) -> None:
    tls = wire.file.tls
    key = None if tls.key is None else wire.folder / tls.key
    password = "" if tls.key_password is None else render(tls.key_password, {"env": wire.environ})
    try:
        context.load_cert_chain(certificate, key, lambda: password)  # an empty one is wrong; without it OpenSSL would ask at the terminal
    except (OSError, ssl.SSLError) as error:
        named = certificate if key is None else f"{certificate} with {key}"
        raise SettingsError(f"{named}: cannot be used as `tls.certificate`: {_reason(error)}") from None


def _reason(error: OSError | ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"{error.reason or 'not a PEM file'}".replace("_", " ").lower()
    return error.strerror or "cannot be read"
