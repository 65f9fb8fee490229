"""Answers to the probes of phones, the captive-portal API (RFC 8908), and the way through openNDS.

A phone's probe comes under the name of its maker. Whoever asks under such a name gets the portal and nothing else: the pages
of clerks have other addresses, and on the portal's own port they are not there at all.
"""

from __future__ import annotations

import json
from typing import Final

from flask import Blueprint, Response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from edge.kernel.wifi import hid_of
from kiosk_ui.kernel.context import the_node
from kiosk_ui.kernel.page import CONTENT_POLICY
from kiosk_ui.kernel.protection import SAFE_METHODS
from kiosk_ui.screens.wifi.probes import ANSWERS, HOSTS

blueprint = Blueprint("wifi", __name__, url_prefix="/portal")
CAPTIVE: Final = "application/captive+json"
_HID: Final = "hid"


@blueprint.before_app_request
def answer_probe() -> ResponseReturnValue | None:
    """Tell a phone that it is online, or show it the portal."""
    hoped_for = ANSWERS.get(request.path)
    if hoped_for is not None and request.method in SAFE_METHODS:
        if the_node().wifi.online(_phone()):
            return Response(hoped_for.body, hoped_for.status, mimetype=hoped_for.mimetype)
        return _to_portal()
    if _host() in HOSTS and _screen() not in ("portal", "wifi", "assets"):
        return _to_portal()
    return None


def lead_home() -> ResponseReturnValue | None:
    """On the portal's own port every address that is none of its pages leads to the first of them."""
    return _to_portal() if request.url_rule is None else None


def short_link(number: str, short_code: str) -> ResponseReturnValue:
    """The link that stands on a ticket's paper, as short as it can be for those who type it."""
    return redirect(url_for("portal.open_ticket", number=number, short_code=short_code), 303)


@blueprint.get("/captive.json")
def captive() -> Response:
    """RFC 8908. Without a line a phone stays captive, however often its passenger goes on: there is nothing to go on to."""
    wifi, portal = the_node().wifi, portal_address()
    online = wifi.online(_phone())
    said: dict[str, object] = {"captive": not online, "user-portal-url": portal, "venue-info-url": portal}
    if online:
        said |= {"seconds-remaining": wifi.left_s(_phone()), "can-extend-session": True}
    return Response(json.dumps(said), mimetype=CAPTIVE, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/fas")
def arrive() -> ResponseReturnValue:
    """openNDS sends a phone here that is not let through yet, with the phone's hashed id (forward authentication, level 1)."""
    hid = hid_of(request.args.get("fas", ""))
    if hid is not None:
        session[_HID] = hid
    return redirect(url_for("portal.trip"), 303)


@blueprint.post("/wifi")
def go_on() -> ResponseReturnValue:
    """The passenger has seen the portal and wants to go on."""
    wifi, hid = the_node().wifi, session.get(_HID)
    wifi.go_on(_phone())
    if wifi.gateway and isinstance(hid, str):
        return redirect(wifi.door(hid, portal_address()), 303)
    return redirect(url_for("portal.trip"), 303)


@blueprint.after_app_request
def let_through(response: Response) -> Response:
    """Browsers hold a form's redirect to the page's policy: the portal's own form may lead to the gateway."""
    gateway = the_node().wifi.gateway
    if gateway and _screen() == "portal":
        policy = CONTENT_POLICY.replace("form-action 'self'", f"form-action 'self' http://{gateway}")
        response.headers["Content-Security-Policy"] = policy
    return response


def portal_address() -> str:
    """The portal as phones reach it: by its setting, else by the name under which this phone has just asked."""
    url = the_node().settings.portal_url.rstrip("/")
    return url + url_for("portal.trip") if url else url_for("portal.trip", _external=True)


def _to_portal() -> ResponseReturnValue:
    # Never "moved for ever": the name belongs to somebody else.
    return redirect(portal_address(), 302)


def _host() -> str:
    return request.host.partition(":")[0].lower()


def _screen() -> str:
    return (request.blueprint or "").partition(".")[0]


def _phone() -> str:
    return request.remote_addr or ""
