# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in: tokens, Origin and Host; and what the pages ask of the outside world: nothing."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from luisim.lessons import LESSONS
from tui.progress import Progress, save
from tui.serve.server import ClassServer

Client = TestClient[Request, Application]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[ClassServer, Client]]:
    server = ClassServer(["leak-over-threshold", "--on", "model"], tmp_path, port=8000)
    running = TestServer(await server._make_app())
    async with TestClient(running) as client:
        object.__setattr__(server.access, "hosts", frozenset({f"127.0.0.1:{running.port}"}))
        yield server, client


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong"])
async def test_a_wrong_token_is_refused(served: tuple[ClassServer, Client], query: str) -> None:
    _, client = served
    answer = await client.get(f"/{query}")
    assert answer.status == 403
    assert "token" in await answer.text()


async def test_the_link_opens_and_the_cookie_keeps_it_open(served: tuple[ClassServer, Client]) -> None:
    server, client = served
    first = await client.get(f"/?token={server.access.pupil}")
    assert first.status == 200
    assert "Wie sollen wir dich nennen?" in await first.text()
    assert "HttpOnly" in first.headers["Set-Cookie"]
    assert (await client.get("/?name=Ada")).status == 200


async def test_pupils_do_not_see_the_teachers_page(served: tuple[ClassServer, Client], monkeypatch: pytest.MonkeyPatch) -> None:
    server, client = served
    assert (await client.get(f"/teacher?token={server.access.pupil}")).status == 403
    monkeypatch.setenv("LUISIM_CLASS", str(server.folder))
    progress = Progress("Ada").tried(LESSONS[3].slug, True, {}, datetime(2026, 11, 24, 18, 40))
    save(progress.tried(LESSONS[4].slug, False, {}, datetime(2026, 11, 24, 18, 45)))
    (server.folder / "torn.toml").write_text("[lessons")
    page = await (await client.get(f"/teacher?token={server.access.teacher}")).text()
    assert re.findall(r'<td class="(done|tried)" title="[^"]*">(.)</td>', page) == [("done", "✓"), ("tried", "…")]
    assert "Ada" in page


async def test_another_page_cannot_drive_the_app(served: tuple[ClassServer, Client]) -> None:
    server, client = served
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{(client.port or 0) + 1}"):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect(f"/ws?token={server.access.pupil}", headers={"Origin": origin})
        assert refused.value.status == 403
    with pytest.raises(WSServerHandshakeError):  # no Origin at all is no browser page of ours either
        await client.ws_connect(f"/ws?token={server.access.pupil}")


async def test_a_name_that_only_points_here_is_refused(served: tuple[ClassServer, Client]) -> None:
    server, client = served
    answer = await client.get(f"/?token={server.access.pupil}", headers={"Host": "rebound.example:8000"})
    assert answer.status == 403


async def test_the_pages_name_nothing_outside(served: tuple[ClassServer, Client]) -> None:
    server, client = served
    for path in (f"/?token={server.access.pupil}&name=Ada", f"/teacher?token={server.access.teacher}"):
        page = await (await client.get(path)).text()
        addresses = re.findall(r"""(?:https?|wss?)://([^/"'<?]+)""", page)
        assert set(addresses) <= {f"127.0.0.1:{client.port}", "localhost:8000"}


async def test_keys_reach_the_app_and_its_picture_comes_back(served: tuple[ClassServer, Client]) -> None:
    server, client = served
    origin = f"http://127.0.0.1:{client.port}"
    address = f"/ws?token={server.access.pupil}&name=Ada&width=80&height=24"
    async with client.ws_connect(address, headers={"Origin": origin}) as viewer:
        await until_seen(viewer, "leak-over-threshold")
        await viewer.send_json(["stdin", "?"])
        await until_seen(viewer, "One neuron, several times")
        await viewer.send_json(["nonsense"])


async def until_seen(viewer: ClientWebSocketResponse, text: str) -> None:
    async with asyncio.timeout(30.0):  # only waited for if something is wrong
        seen = ""
        while text not in seen:
            seen = _ESCAPES.sub("", seen + (await viewer.receive_bytes()).decode("utf-8", "replace"))


async def test_the_static_files_are_open(served: tuple[ClassServer, Client]) -> None:
    """They are the same for everybody, and the page needs them before it has a cookie."""
    _, client = served
    async with ClientSession() as session, session.get(client.make_url("/static/js/textual.js")) as script:
        assert script.status == 200


async def test_one_viewer_too_many_is_told_so(served: tuple[ClassServer, Client]) -> None:
    server, client = served
    server._most = 1
    headers = {"Origin": f"http://127.0.0.1:{client.port}"}
    async with client.ws_connect(f"/ws?token={server.access.pupil}&name=Ada", headers=headers):
        answer = await client.get(f"/?token={server.access.pupil}&name=Bea")
        assert answer.status == 503
        assert "This class is full: 1 are here." in await answer.text()
        with pytest.raises(WSServerHandshakeError):
            await client.ws_connect(f"/ws?token={server.access.pupil}&name=Bea", headers=headers)
        assert (await client.get(f"/teacher?token={server.access.teacher}")).status == 200
