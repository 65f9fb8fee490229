"""Commands of the hub. Each opens the hub on its folder, does one thing in one transaction and says what it did."""

from __future__ import annotations

import click

from cloud.cli import (
    cards,
    departures,
    disruptions,
    fleet,
    gates,
    identities,
    office,
    payments,
    prices,
    ratings,
    recover,
    register,
    requests,
    seats,
    sellers,
    service,
    tails,
)
from sync import catalogue
from sync.kernel.errors import Refusal, YipiaoError


@click.group()
def cli() -> None:
    """The hub of Yipiao."""


for _command in (
    service.run, service.import_gtfs, service.status, service.quarantine, service.rebuild_command,
    fleet.add_admin, fleet.add_node, fleet.code, fleet.node_codes, fleet.add_clerk, fleet.revoke,
    seats.duty, seats.grant, seats.release_at_risk, disruptions.cancel_trip, disruptions.delay_trip, disruptions.restore_trip,
    disruptions.change_vehicle,
    requests.refund_requests, requests.decide_refund,
    prices.refund_rules, prices.rebook_rules, prices.fare_rules,
    identities.realname_rules, identities.erase_identities, office.office_rules, office.rest_rules, gates.gate_rules,
    departures.clearance_rules,
    sellers.add_seller, sellers.seller_key, sellers.seller_paid, sellers.sellers, sellers.settlement,
    sellers.new_own_log, sellers.refund_booking,
    payments.reconcile, ratings.rating_rules, ratings.work_calendar, ratings.ratings,
    register.import_register, register.export_register, cards.issue_card, cards.revoke_card,
    tails.tails, tails.accept_tail, tails.reject_tail, recover.recover,
):  # fmt: skip
    cli.add_command(_command)


def main(argv: list[str]) -> int:
    """Run a command; what goes wrong is said in a sentence, and the exit code is 1."""
    try:
        cli.main(args=argv, prog_name="yipiao hub", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except YipiaoError as error:
        details = error.details if isinstance(error, Refusal) else {}
        click.echo(f"{catalogue.load().text(error.code, 'en', **details)} ({error.code})", err=True)
        return 1
    return 0
