# SPDX-License-Identifier: GPL-3.0-or-later
"""ClassServer: the app in browsers, one process for each viewer; textual-serve with access control and pages of our own.

The pages name nothing outside this server, so they work where the network is cut.
"""

import os
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from luisim.lessons import LESSONS
from tui.progress import is_name
from tui.serve.access import TOKEN, Access
from tui.serve.progress import rows

_HERE = Path(__file__).parent
_LOCAL = ("localhost", "127.0.0.1")
_FPS = "15"  # what a browser on a school's network follows


class _Viewer(AppService):
    """One viewer's app, told who is looking."""

    def __init__(self, *args: Any, pupil: str, folder: Path, **more: Any) -> None:
        super().__init__(*args, **more)
        self._told = {"LUISIM_PUPIL": pupil, "LUISIM_CLASS": str(folder), "TEXTUAL_FPS": _FPS}

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return super()._build_environment(width, height) | self._told

    async def stop(self) -> None:
        """Ask the app to end, and see that it has."""
        await super().stop()
        if self._process is not None:
            await self._process.communicate()


class ClassServer(Server):
    """Serves ``luisim app WORDS``. ``everybody``: to the whole network, else to this machine only."""

    def __init__(self, words: Sequence[str], folder: Path, *, port: int, everybody: bool = False) -> None:
        host = _own_address() if everybody else _LOCAL[0]
        super().__init__(
            shlex.join([sys.executable, "-m", "tui.cli", "app", *words]),
            host="0.0.0.0" if everybody else _LOCAL[1],
            port=port,
            title="luisim",
            public_url=f"http://{host}:{port}",
            templates_path=_HERE / "templates",
        )
        self.folder = folder
        self._sockets: set[web.WebSocketResponse] = set()
        self.access = Access(frozenset(f"{name}:{port}" for name in {host, *_LOCAL}))

    @property
    def link(self) -> str:
        """What pupils open."""
        return f"{self.public_url}/?{TOKEN}={self.access.pupil}"

    @property
    def teacher_link(self) -> str:
        """What the teacher opens."""
        return f"{self.public_url}/teacher?{TOKEN}={self.access.teacher}"

    def initialize_logging(self) -> None:
        """Requests are nobody's news."""

    async def on_startup(self, app: web.Application) -> None:
        """The links are printed by the command."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Every viewer is sent away; their handlers end their apps."""
        for open_ in list(self._sockets):
            await open_.close(code=WSCloseCode.GOING_AWAY)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.access.middleware)
        app.router.add_get("/teacher", self.handle_teacher)
        return app

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page with the terminal; who has not said a name yet is asked for one. Everything on it is this server's."""
        pupil, host = _pupil(request), request.headers["Host"]
        return {
            "pupil": pupil,
            "token": request.query.get(TOKEN, ""),
            "font_size": to_int(request.query.get("fontsize", "16"), 16),
            "websocket": f"ws://{host}/ws?name={pupil}",
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A viewer: starts the app, passes keys to it and its output back, and ends it when the page is closed."""
        socket_ = web.WebSocketResponse(heartbeat=15)
        await socket_.prepare(request)
        self._sockets.add(socket_)
        viewer = _Viewer(
            self.command,
            write_bytes=socket_.send_bytes,
            write_str=socket_.send_str,
            close=socket_.close,
            download_manager=self.download_manager,
            pupil=_pupil(request),
            folder=self.folder,
        )
        await viewer.start(to_int(request.query.get("width", "80"), 80), to_int(request.query.get("height", "24"), 24))
        try:
            await self._process_messages(socket_, viewer)
        except (ValueError, KeyError, IndexError, TypeError, AssertionError):
            await socket_.close()  # no page of ours sends such a message
        finally:
            self._sockets.discard(socket_)
            await viewer.stop()
        return socket_

    @aiohttp_jinja2.template("teacher.html")
    async def handle_teacher(self, request: web.Request) -> dict[str, Any]:
        """Every pupil's progress; the page loads itself anew."""
        return {"rows": rows(self.folder), "lessons": [lesson.slug for lesson in LESSONS], "link": self.link}


def _pupil(request: web.Request) -> str:
    """The name that the viewer has given; empty as long as there is none that can be used."""
    name = request.query.get("name", "").strip()
    return name if is_name(name) else ""


def _own_address() -> str:
    """This machine's address in its network; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address for documentation
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def new_class_folder() -> Path:
    """Where the pupils' progress of a class is kept, unless the teacher names another place."""
    from platformdirs import user_documents_path

    return Path(os.environ.get("LUISIM_CLASS") or user_documents_path() / "luisim" / "class")
