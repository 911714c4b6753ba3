"""The fake Messages API on a loopback socket, in a thread of this process.

    with serving(FakeMessagesApi(planter, MODES["biased"], scale=scale)) as (api, url):
        ...  # ask url with KEY; then read api.ledger and api.asked

For load tests, where two sides in one process would measure each other, `child` runs it in a process of its own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.fakes.messages_api.api import Asked, FakeMessagesApi
from tests.fakes.messages_api.batches import HeldBatch, described
from tests.fakes.messages_api.temper import Page, Reset
from tests.fakes.messages_api.wire import MAX_BODY, Problem, header_problem, json_of, request_problem

Handler = Callable[[Request], Awaitable[Response]]
_TRANSPORTS: dict[Any, asyncio.Transport] = {}
"""Address of the client → its connection, to be broken."""


class _Protocol(H11Protocol):
    """HTTP whose connections can be found again."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = transport.get_extra_info("peername")
        _TRANSPORTS[self._address] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _TRANSPORTS.pop(self._address, None)
        super().connection_lost(exc)


class _Broken(Response):
    """A response that breaks off: before its head, or in the middle of its body."""

    def __init__(self, content: bytes, when: str) -> None:
        super().__init__(content, media_type="application/json")
        self._when = when

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._when == "middle":
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": bytes(self.body)[: len(self.body) // 2], "more_body": True})
        transport = _TRANSPORTS[tuple(scope["client"])]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await receive()  # until the loss is noticed, so that the server does not try to answer


class _App:
    """The API's paths."""

    def __init__(self, api: FakeMessagesApi) -> None:
        self._api = api
        self._ids = itertools.count(1)

    def starlette(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/v1/messages", self._checked(self._create), methods=["POST"]),
            Route("/v1/messages/count_tokens", self._checked(self._count), methods=["POST"]),
            Route("/v1/messages/batches", self._checked(self._begin), methods=["POST"]),
            Route("/v1/messages/batches", self._checked(self._list), methods=["GET"]),
            Route("/v1/messages/batches/{id}", self._checked(self._look), methods=["GET"]),
            Route("/v1/messages/batches/{id}/results", self._checked(self._results), methods=["GET"]),
            Route("/v1/messages/batches/{id}/cancel", self._checked(self._cancel), methods=["POST"]),
            Route("/model/{model}/invoke", self._invoke, methods=["POST"]),
            Route("/_fake/ledger", self._ledger, methods=["GET"]),
            Route("/{path:path}", self._nothing, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
        return Starlette(routes=routes)

    def _checked(self, handler: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            await self._note(request)
            problem = header_problem(request.headers, self._api.keys)
            return await handler(request) if problem is None else self._refuse(problem)

        return handle

    async def _note(self, request: Request) -> None:
        body = json_of(await request.body())
        self._api.asked.append(Asked(request.method, request.url.path, dict(request.headers), body, self._api.now_s))

    async def _create(self, request: Request) -> Response:
        return await self._answer(json_of(await request.body()), len(await request.body()))

    async def _invoke(self, request: Request) -> Response:
        """Answer as Bedrock does: the model stands in the path, the version in the body."""
        await self._note(request)
        body = json_of(await request.body())
        if not isinstance(body, dict) or "model" in body or "anthropic_version" not in body:
            return self._refuse(Problem(400, "anthropic_version: Field required"))
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._api.keys:
            return self._refuse(Problem(403, "The security token included in the request is invalid."))
        return await self._answer({**body, "model": request.path_params["model"]}, 0)

    async def _answer(self, body: Any, size: int) -> Response:
        api = self._api
        problem = Problem(413, "Request exceeds the maximum size") if size > MAX_BODY else request_problem(body, api.models)
        if problem is not None:
            return self._refuse(problem)
        api.calls += 1
        api.at_once += 1
        api.most_at_once = max(api.most_at_once, api.at_once)
        try:
            fault = api.temper.faults(api.calls) if api.temper.faults else None
            if isinstance(fault, Problem):
                return self._refuse(fault)
            if isinstance(fault, Page):
                return Response(fault.content, fault.status, media_type=fault.content_type)
            if isinstance(fault, Reset) and fault.when == "before":
                return _Broken(b"", fault.when)
            request_id = self._request_id()
            message, bill = await api.message(body, request_id)
            api.ledger.bills.append(dataclasses.replace(bill, delivered=fault is None))
            response = JSONResponse(message, headers={"request-id": request_id})
            return response if fault is None else _Broken(bytes(response.body), "middle")
        finally:
            api.at_once -= 1

    async def _count(self, request: Request) -> Response:
        body = json_of(await request.body())
        problem = request_problem(body, self._api.models, counting=True)
        return self._refuse(problem) if problem else self._reply({"input_tokens": self._api.count(body)})

    async def _begin(self, request: Request) -> Response:
        return self._described(request, self._api.batches.create(json_of(await request.body()), self._api.now_s))

    async def _list(self, request: Request) -> Response:
        found = self._api.batches.newest()[: int(request.query_params.get("limit", "20"))]
        url = str(request.base_url).rstrip("/")
        return self._reply({"data": [described(one, url) for one in found], "has_more": False, "first_id": None, "last_id": None})

    async def _look(self, request: Request) -> Response:
        batch = self._api.batches.find(request.path_params["id"])
        if isinstance(batch, HeldBatch):
            self._api.batches.look(batch, self._api.temper.batches, self._api.now_s, self._api.batch_result)
        return self._described(request, batch)

    async def _cancel(self, request: Request) -> Response:
        batch = self._api.batches.find(request.path_params["id"])
        if isinstance(batch, HeldBatch) and batch.lines is None:
            batch.canceling = True
        return self._described(request, batch)

    async def _results(self, request: Request) -> Response:
        batch = self._api.batches.find(request.path_params["id"])
        if isinstance(batch, Problem):
            return self._refuse(batch)
        if batch.lines is None:
            return self._refuse(Problem(404, "The results of this batch are not available yet"))
        text = "\n".join(batch.lines) + ("" if self._api.temper.batches.torn else "\n")
        if self._api.temper.batches.cut:
            return _Broken(text.encode(), "middle")
        return Response(text, media_type="application/x-jsonl", headers={"request-id": self._request_id()})

    async def _ledger(self, _: Request) -> Response:
        return JSONResponse([dataclasses.asdict(bill) for bill in self._api.ledger.bills])

    async def _nothing(self, request: Request) -> Response:
        await self._note(request)
        return self._refuse(Problem(404, f"Not found: {request.url.path}"))

    def _described(self, request: Request, batch: HeldBatch | Problem) -> Response:
        if isinstance(batch, Problem):
            return self._refuse(batch)
        return self._reply(described(batch, str(request.base_url).rstrip("/")))

    def _reply(self, data: Any) -> Response:
        return JSONResponse(data, headers={"request-id": self._request_id()})

    def _refuse(self, problem: Problem) -> Response:
        request_id = self._request_id()
        return JSONResponse(problem.body(request_id), problem.status, headers={"request-id": request_id, **problem.headers})

    def _request_id(self) -> str:
        return f"req_{next(self._ids):06}"


def application(api: FakeMessagesApi) -> Starlette:
    """Return the fake as an application, for a server of one's own."""
    return _App(api).starlette()


def server_of(api: FakeMessagesApi) -> QuietServer:
    """Return a server for the fake that leaves signals alone."""
    config = uvicorn.Config(application(api), http=_Protocol, ws="none", lifespan="off", log_level="critical", access_log=False,
                            timeout_graceful_shutdown=1)  # fmt: skip
    return QuietServer(config)


class QuietServer(uvicorn.Server):
    """A server that leaves signals alone, and ends at once when it is told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        self._waiting = (asyncio.get_running_loop(), asyncio.Event())
        if not self.should_exit:
            await self._waiting[1].wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for sock in sockets or []:
            sock.close()

    def stop(self) -> None:
        """End; answers under way are not waited for. May be called from any thread."""
        self.should_exit = True
        if self._waiting is not None:
            loop, event = self._waiting
            loop.call_soon_threadsafe(event.set)


def listener() -> socket.socket:
    """Return a socket that listens on a free port of loopback; it names TCP, so that answers are not delayed (Nagle)."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(512)
    return listening


@contextmanager
def serving(api: FakeMessagesApi | None = None) -> Generator[tuple[FakeMessagesApi, str]]:
    """Serve a fake in a thread until the block ends; yields it with its base URL."""
    held = api or FakeMessagesApi()
    server = server_of(held)
    with listener() as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        try:
            yield held, f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.stop()
            thread.join(timeout=10)
