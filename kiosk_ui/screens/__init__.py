"""The screens of a node: a newcomer's table of contents."""

from __future__ import annotations

from flask import Blueprint

from kiosk_ui.screens.card.views import blueprint as card
from kiosk_ui.screens.clerk.views import blueprint as clerk
from kiosk_ui.screens.driver.views import blueprint as driver
from kiosk_ui.screens.gate.views import blueprint as gate
from kiosk_ui.screens.home.views import blueprint as home
from kiosk_ui.screens.kiosk.views import blueprint as kiosk
from kiosk_ui.screens.portal.views import blueprint as portal
from kiosk_ui.screens.staff.views import blueprint as staff
from kiosk_ui.screens.status.views import blueprint as status
from kiosk_ui.screens.ticket.views import blueprint as ticket
from kiosk_ui.screens.wifi.views import blueprint as wifi

SCREENS: tuple[Blueprint, ...] = (home, kiosk, clerk, gate, driver, portal, status, staff, ticket, card, wifi)
PORTAL_SCREENS: tuple[Blueprint, ...] = (portal, card, wifi)
