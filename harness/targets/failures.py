"""What kept a response from coming → whose trouble it is, told by how far the request came.

No connection is infrastructure trouble; whatever breaks once there is one is the target's failure, because the
request may have been accepted.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time

from harness.targets.protocol import FailureKind, Owner, TransportFailure

_ABOUT_OURS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
"""Words in the names of TLS alerts that are about the certificate that we show, or do not."""
_OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS})


def failed(kind: FailureKind, detail: str, began: float, owner: Owner = Owner.TARGET, status: int | None = None) -> TransportFailure:
    """Return a failure that began at `began` of `time.perf_counter`."""
    return TransportFailure(kind, owner, detail, status=status, latency_s=time.perf_counter() - began)


def out_of_time(limit_s: float, began: float) -> TransportFailure:
    """Return the failure of an answer that was not whole within its time."""
    return failed(FailureKind.TIMEOUT, f"no whole reply within {limit_s:g} s", began)


def unconnected(error: BaseException, host: str, began: float, reason: str | None = None) -> TransportFailure:
    """Return why there was no connection.

    Args:
        error: what was raised; its text is never repeated, because it may hold credentials.
        host: that was to be reached.
        began: of `time.perf_counter`.
        reason: in words, where it is known better than by the error.
    """
    causes = _causes(error)
    limit = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno in _OWN_LIMITS), None)
    if limit is not None:
        detail = f"our own machine has no connection left ({_reason(limit)}); lower the concurrency"
        return failed(FailureKind.OWN_LIMIT, detail, began, Owner.INFRASTRUCTURE)
    said = reason or next(filter(None, map(_reason, causes)), "no connection")
    return failed(FailureKind.UNREACHABLE, f"{host}: {said}", began, Owner.INFRASTRUCTURE)


def refused_certificate(error: BaseException, host: str, began: float) -> TransportFailure | None:
    """Return the failure of a connection on which the other side would not have our certificate, if that is what it was.

    In TLS 1.3 that is heard only when the answer is read (RFC 8446, 4.4.2.4); it was no answer, and nothing was accepted.
    """
    alerts = (cause.reason or "" for cause in _causes(error) if isinstance(cause, ssl.SSLError))
    alert = next((one for one in alerts if "ALERT" in one and any(word in one for word in _ABOUT_OURS)), None)
    return None if alert is None else unconnected(error, host, began, f"TLS: {alert.rpartition('ALERT_')[2].replace('_', ' ').lower()}")


def overran(limit_s: float, latency_s: float) -> TransportFailure:
    """Return why a conversation was given up in the middle: it has its own time, which is our limit and says nothing about one reply.

    A target that gives no reply is found out by the turn's time, which is never longer.
    """
    detail = f"the conversation was not over within {limit_s:g} s (`conversation_timeout_s`)"
    return TransportFailure(FailureKind.OWN_LIMIT, Owner.INFRASTRUCTURE, detail, latency_s=latency_s)


def cut(began: float) -> TransportFailure:
    """Return the failure of a connection that closed too early."""
    return failed(FailureKind.CUT, "the connection closed before the reply was whole", began)


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it came from, members of groups included, each once: causes may go in circles."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or any(one is other for other in found):
            continue
        found.append(one)
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions)
        waiting.append(one.__cause__ or one.__context__)
    return found


def _reason(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'the handshake failed'}"
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return "the name cannot be resolved"
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else None
