"""Notes every host that a process connects to or looks up, before it can do anything else; for `tests.bench.troubles`."""

import os
import sys

_NOTED = os.environ.get("BENCH_CONNECTIONS")


def _note(line: str) -> None:
    descriptor = os.open(_NOTED, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def _look_on(event: str, arguments: tuple) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        _note(str(address[0] if isinstance(address, tuple) else address))
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        _note(str(arguments[0]))


if _NOTED:
    _note("witness")
    sys.addaudithook(_look_on)
