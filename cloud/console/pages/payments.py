"""What nodes took by phone, and how it stood beside the gateway's statement."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from cloud.console.desk import Desk
from cloud.domains.payments import service
from cloud.kernel import nodes as node_list


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Payments by phone."""

    @blueprint.get("/payments")
    def payments() -> ResponseReturnValue:
        with desk.database.read() as tx:
            sums, lacking = service.sums(tx), service.without_ticket(tx)
            compared = service.comparisons(tx)
            names = {info.node_no: info.name for info in node_list.every(tx)}
        return desk.render("payments.html", sums=sums, lacking=lacking, compared=compared, names=names)
