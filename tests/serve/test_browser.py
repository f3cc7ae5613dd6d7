# SPDX-License-Identifier: GPL-3.0-or-later
"""The app in a real browser: Chromium without a window, driven over its own debugging protocol."""

import asyncio
import base64
import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from aiohttp.test_utils import TestServer

from tui.serve.server import ClassServer

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Browser:
    """One page. ``asked``: every address that it asked for; ``seen``: the text that came into its terminal."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self.asked: list[str] = []
        self.seen = ""

    async def do(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while (message := await self.receive()).get("id") != number:
            pass
        assert "error" not in message, message
        return message["result"]

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json(timeout=30.0)
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.asked.append(told["url"])
            case "Network.webSocketFrameReceived" if told["response"]["opcode"] == 2:
                text = base64.b64decode(told["response"]["payloadData"]).decode("utf-8", "replace")
                self.seen = _ESCAPES.sub("", self.seen + text)
        return message

    async def until_seen(self, text: str) -> None:
        async with asyncio.timeout(30.0):  # only waited for if something is wrong
            while text not in self.seen:
                await self.receive()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    process = await asyncio.create_subprocess_exec(
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"),
        # large enough for the app whatever fonts there are
        *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1366,768", "about:blank"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        port = ""
        while not port:
            line = (await asyncio.wait_for(process.stderr.readline(), 30.0)).decode()
            assert line, "Chromium did not start"
            found = re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line)
            port = found.group(1) if found else ""
        async with ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        process.kill()
        await process.communicate()


async def test_a_key_typed_in_the_browser_repaints_the_app_and_nothing_else_is_asked(tmp_path: Path, browser: Browser) -> None:
    server = ClassServer(["leak-over-threshold", "--on", "model"], tmp_path, port=8000)
    async with TestServer(await server._make_app()) as running:
        here = f"127.0.0.1:{running.port}"
        object.__setattr__(server.access, "hosts", frozenset({here}))
        await browser.do("Network.enable")
        await browser.do("Page.enable")
        await browser.do("Page.navigate", url=f"http://{here}/?token={server.access.pupil}&name=Ada")
        await browser.until_seen("leak-over-threshold")
        while True:  # the terminal takes keys once it has the focus, without a click
            result = await browser.do("Runtime.evaluate", expression="document.activeElement.className")
            if "xterm" in result["result"].get("value", ""):
                break
            await asyncio.sleep(0.05)
        await browser.do("Input.dispatchKeyEvent", type="keyDown", text="?", key="?")
        await browser.until_seen("One neuron, several times")
        outside = [url for url in browser.asked if urlsplit(url).netloc != here and not url.startswith("data:")]
        assert outside == []
        assert any(url.startswith("ws://") for url in browser.asked)
