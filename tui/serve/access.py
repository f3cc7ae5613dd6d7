# SPDX-License-Identifier: GPL-3.0-or-later
"""Access: who may see the app in a browser. A token in the URL, and requests only from pages that this server handed out.

Without the second, any page that is open in the same browser could type into an app on this machine.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

TOKEN, COOKIE = "token", "luisim-token"
_OPEN = "/static/"  # fonts and the terminal's script, the same for everybody

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Access:
    """``pupil`` opens the app, ``teacher`` the class's page as well. ``hosts``: what may stand in a request's Host."""

    hosts: frozenset[str]
    pupil: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    teacher: str = field(default_factory=lambda: secrets.token_urlsafe(9))

    def refusal(self, request: web.Request) -> str | None:
        """Why ``request`` is not answered, as a sentence; None if it is."""
        if request.headers.get("Host", "") not in self.hosts:
            return "This address is not the one that luisim serve was started for; use the link that it printed."
        origin = request.headers.get("Origin")
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        if (websocket or origin is not None) and origin not in {f"http://{host}" for host in self.hosts}:
            return "This request comes from another page; open the link that luisim serve printed."
        if request.path.startswith(_OPEN):
            return None
        given = request.query.get(TOKEN) or request.cookies.get(COOKIE, "")
        allowed = [self.teacher] if request.path == "/teacher" else [self.pupil, self.teacher]
        if not any(hmac.compare_digest(given.encode(), token.encode()) for token in allowed):
            return "The token is missing or wrong; open the link that luisim serve printed, whole."
        return None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers 403 with the reason, or lets the request pass; the token goes on in a cookie that scripts cannot read."""
        reason = self.refusal(request)
        if reason is not None:
            return web.Response(status=403, text=reason)
        response = await handler(request)
        given = request.query.get(TOKEN)
        if given and not response.prepared:
            response.set_cookie(COOKIE, given, httponly=True, samesite="Strict")
        return response
