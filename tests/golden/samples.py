"""One example (or more) of every event and of every record of an operation, as version 1 writes them."""

from __future__ import annotations

from typing import Any, Final

from sync.domains.boarding.events import (
    BoardedApart,
    BoardingRefused,
    GateOpened,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
    TicketBoarded,
    TicketSuperseded,
)
from sync.domains.boarding.operations import BoundTicket, Duty, GateRules, ManifestEntry, VoidTicket
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.domains.clearance.operations import ClearanceRules
from sync.domains.disruption.operations import Disruption, Reseated, ShortTurn, VehicleChange
from sync.domains.duties.events import (
    DutyTaken,
    StopLeft,
    StopReached,
    TripCutShort,
    TripDelayed,
    TripEnded,
    TripHandedOver,
    TripStarted,
    TripTakenOver,
    TripWordTaken,
)
from sync.domains.duties.operations import Handover, sign_handover
from sync.domains.duties.rest.operations import Driven
from sync.domains.duties.rest.rules import DEFAULT_REST_RULES
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.domains.inventory.operations import Grant, Recall, SoleSeller
from sync.domains.notices.operations import Notice
from sync.domains.payments.events import (
    PaymentAsked,
    PaymentEnded,
    PaymentTaken,
    RepaymentAsked,
    RepaymentMade,
)
from sync.domains.ratings.events import RatingFollowed, SessionRated, TripRated
from sync.domains.ratings.operations import PublicScore, RatingAnswer, RatingRules
from sync.domains.register.events import CardRefused
from sync.domains.register.operations import DriverFacts, OperatorFacts, PermitFacts, VehicleFacts, VoidCards
from sync.domains.shifts.events import CashMoved, ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.domains.ticketing.events import (
    BookingSold,
    RefundAsked,
    RefundPaid,
    SeatTakenBack,
    TicketPrinted,
    TicketRebooked,
    TicketRefunded,
    TicketReissued,
    TicketSold,
    TravellerNamed,
)
from sync.domains.ticketing.operations import FareRules, RealNameRules, RebookRules, RefundRules, RefundWord, SealingKey
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Stop, Transfer, Trip
from sync.kernel import cbor
from sync.kernel.certificate import Certificate, Revocation
from sync.kernel.events import ClerkLocked, NodeStarted, Stamp, TailHandedIn
from sync.kernel.keys import Ed25519Signer
from sync.kernel.operations import Clerk, Profile, Subscriptions
from sync.kernel.workdays import WorkCalendar

NAMES: Final = {"zh-Hans": "桂山岛", "zh-Hant": "桂山島", "en": "Guishan Island"}
TICKET_ID: Final = bytes.fromhex("0000070100000001")
STAMP: Final = Stamp(hlc=(1_795_406_400_000 << 16) + 3, mono_ms=61_250, hub_ms=1_795_406_340_000)
GIVEN: Final = Handover(
    (1 << 60) + 5, 101, 2518, 7, 1, 8, 1, 1_795_406_400_000, 2, True, -1, 25, "traffic", "三水收费站",
    ((5, ((3, 0b1100), (4, (1 << 90) - (1 << 3))), ()), (6, (), ((2, 7),))), 1_795_440_600_000,
    ((TICKET_ID, 0, 4, 12, "KV5C", 0),),
)  # fmt: skip
HANDOVER: Final = sign_handover(GIVEN, Ed25519Signer(bytes(range(32))), b"certificate")
WIDE_MASK: Final = (1 << 90) - (1 << 3)

EVENTS: Final[dict[str, Any]] = {
    "node_started": NodeStarted(bytes(range(8)), "0.1.0"),
    "clerk_locked": ClerkLocked(11, 5, 1_795_406_700_000),
    "tail_handed_in": TailHandedIn(2, 41, bytes(range(32)), (bytes.fromhex("860101000000824801020304050607086130"),)),
    "ticket_sold": TicketSold(1, 101, 2518, 0, 4, 12, 0, 3000, "CNY", 0, 11, 1, 1_795_440_600),
    "ticket_sold_to_a_child": TicketSold(2, 101, 2518, 0, 4, 65_535, 2, 0, "CNY", 0, 11, 0, 1_795_440_600, proof=1),
    "booking_sold": BookingSold(1, 3, 6500, "CNY", 0, 11, 0, (("luggage", 1, 500),)),
    "booking_sold_bare": BookingSold(4, 2, 6000, "CNY", 0, 11, 1, ()),
    "ticket_refunded": TicketRefunded(TICKET_ID, 101, 2518, 0, 4, 12, 300, 2700, "CNY", 0, 0, "default/120", 11, True),
    "ticket_refunded_by_fault": TicketRefunded(
        TICKET_ID, 102, 2518, 0, 1, 0, 0, 4000, "HKD", 0, 2, "default/trip_delayed", 11, False
    ),
    "ticket_refunded_by_two": TicketRefunded(
        TICKET_ID, 101, 2518, 0, 4, 12, 0, 60000, "CNY", 0, 3, "default/station_error", 11, True, 12
    ),
    "ticket_rebooked": TicketRebooked(TICKET_ID, 2, 0, 0, "default/1", 1, 11, True),
    "traveller_named": TravellerNamed(
        1,
        101,
        2518,
        0,
        202611,
        bytes(range(8)),
        bytes(range(12)) + bytes(60),
        cbor.encode([1, bytes(4), bytes(32), bytes(64)]),
    ),
    "ticket_reissued": TicketReissued(TICKET_ID, 2, 0, 11),
    "refund_asked": RefundAsked(1, TICKET_ID, 0, 0, 11),
    "refund_paid": RefundPaid(0, 1, TICKET_ID, 101, 2518, 300, 2700, "CNY", 0, 11),
    "seat_taken_back": SeatTakenBack(TICKET_ID, 101, 2518, 0, 4, 12),
    "refund_paid_by_phone": RefundPaid(0, 2, TICKET_ID, 101, 2518, 300, 2700, "CNY", 0, 11, 2),
    "ticket_superseded": TicketSuperseded(TICKET_ID, bytes.fromhex("0000070100000002")),
    "payment_asked": PaymentAsked("7-12-0a1b2c3d4e5f", 12, 3000, "CNY", 0),
    "payment_taken": PaymentTaken("7-12-0a1b2c3d4e5f", "G00112233", 3000, "CNY", 1, 1_795_406_410_000),
    "payment_ended": PaymentEnded("7-12-0a1b2c3d4e5f"),
    "repayment_asked": RepaymentAsked("7-12-0a1b2c3d4e5f", "7-12-0a1b2c3d4e5f-r1", 2700, "CNY", 3, TICKET_ID, ""),
    "repayment_asked_unsold": RepaymentAsked(
        "7-13-0a1b2c3d4e60", "7-13-0a1b2c3d4e60-r1", 2999, "CNY", 1, b"", "G00112234"
    ),
    "repayment_made": RepaymentMade("7-12-0a1b2c3d4e5f", "7-12-0a1b2c3d4e5f-r1", "R00112233", 2700),
    "seats_asked": SeatsAsked(101, 2518, 0, 4, 2),
    "grant_returned": GrantReturned(5, 101, 2518, ((3, 0b1001), (4, WIDE_MASK)), ()),
    "grant_returned_free": GrantReturned(6, 102, 2518, (), ((0, 7),)),
    "ticket_boarded_by_a_child": TicketBoarded(TICKET_ID, 101, 2518, 0, 4, 65_535, "gate-1", 11, "KV5C", True, rider=2),
    "passenger_alighted": PassengerAlighted(TICKET_ID, 101, 2518, 0, 4, 12, 2, 2, 11),
    "departure_refused": DepartureRefused(
        101, 2518, "粤H12345", 7, 1, (21,), 620, 0, 46, 45, ("drivers_short", "overloaded"), "default", 11
    ),
    "departure_cleared": DepartureCleared(101, 2518, "粤H12345", 7, 2, (21, 22), 620, 0, 45, 45, 2700, "default", 11),
    "clearance_undone": ClearanceUndone(101, 2518, 11),
    "passengers_counted": PassengersCounted(102, 2518, True, 97, 96, 11),
    "no_show_marked": NoShowMarked(TICKET_ID, 101, 2518, 0, 4, 12, 1, 1, 11),
    "mark_undone": MarkUndone(TICKET_ID, 101, 2518, 2, 11),
    "ticket_boarded": TicketBoarded(TICKET_ID, 101, 2518, 0, 4, 12, "gate-1", 11, "KV5C", True),
    "boarding_refused": BoardingRefused("already_used", TICKET_ID, 101, 2518, "闸机一", 11),
    "boarding_refused_unread": BoardingRefused("damaged", b"", 101, 2518, "gate-1", 0),
    "boarded_apart": BoardedApart(TICKET_ID, 101, 2518, 0, 4, 12, "gate-2", "KV5C", "", 1_795_406_400_000),
    "boarded_apart_again": BoardedApart(
        TICKET_ID, 101, 2518, 0, 4, 12, "闸机二", "KV5C", "already_used", 1_795_406_410_000
    ),
    "gate_opened": GateOpened(TICKET_ID, "gate-1"),
    "trip_rated": TripRated(TICKET_ID, 101, 2518, 5, ("clean", "on_time"), "很好，谢谢 👍", "zh-Hans"),
    "trip_rated_bare": TripRated(TICKET_ID, 101, 2518, 1, (), "", "en"),
    "session_rated": SessionRated(bytes(range(16)), 101, 2518, 2, ("late",), "晚了", "zh-Hans"),
    "rating_followed": RatingFollowed(TICKET_ID, 4, "处理得很好", "zh-Hans"),
    "duty_taken": DutyTaken(101, 2518, 21, "粤H12345", True),
    "trip_started": TripStarted(101, 2518, 21, "粤H12345", ("night_spell", "no_night"), "road-2016"),
    "trip_started_bare": TripStarted(101, 2518, 21, "", (), ""),
    "stop_reached": StopReached(101, 2518, 21, 2),
    "stop_left": StopLeft(101, 2518, 21, 2),
    "trip_delayed": TripDelayed(101, 2518, 21, 25, 0, "三水收费站堵车"),
    "trip_cut_short": TripCutShort(101, 2518, 21, 3, 2, ""),
    "trip_ended": TripEnded(101, 2518, 21, 4),
    "trip_handed_over": TripHandedOver(101, 2518, 21, 8, HANDOVER),
    "trip_taken_over": TripTakenOver(101, 2518, 22, "粤H54321", HANDOVER),
    "trip_word_taken": TripWordTaken(101, 2518, 21, 117),
    "card_refused": CardRefused("card_revoked", 7, 12, bytes(range(8)), 11, True),
    "card_refused_forged": CardRefused("card_forged", 0, 0, bytes(range(8)), 11, False),
    "ticket_printed": TicketPrinted(TICKET_ID, 2, 11),
    "shift_opened": ShiftOpened(3, 11, (("CNY", 20_000), ("HKD", 5_000)), 2, "gd-2026"),
    "shift_opened_bare": ShiftOpened(1, 11, (), 0, ""),
    "cash_moved": CashMoved(3, 11, False, "CNY", 100_000, 1),
    "shift_closed": ShiftClosed(
        3, 11, (("CNY", 0, 123_450, 123_400), ("HKD", 0, 5_000, 5_000)), (("CNY", 10_000, 12), ("CNY", 100, 34)), 12
    ),
    "shift_closed_uncounted": ShiftClosed(4, 12, (("CNY", 0, -300, 0), ("CNY", 1, 4_500, None)), (), 0),
}

RECORDS: Final[dict[str, Any]] = {
    "agency": Agency("A", NAMES, "Asia/Shanghai", "https://example.org/"),
    "stop": Stop("S1", NAMES, 22_140_000, 113_820_000, None),
    "stop_without_place": Stop("S2", {}, None, None, 1),
    "stop_south_west": Stop("S3", NAMES, -33_450_000, -70_660_000, None),
    "seatplan": SeatPlan("reserved", 2, ((1, "01A", 1, 0), (2, "01B", 1, 1))),
    "seatplan_free": SeatPlan("free", 120, ()),
    "service": Service(0b0011111, 2400, 2800, (2405,), (2410, 2411)),
    "transfer": Transfer(12, 13, 240),
    "route": Route(1, "R1", {}, NAMES, 4, "HKD", "ferry", True),
    "pattern": Pattern(1, 0, (1, 2, 3), (0, 1200, 3000), (0, 1260, 3000), (True, True, False),
                       (False, True, True), (500, None, 1200)),
    "trip": Trip(1, 1, 87_000, False, NAMES, "T1"),
    "trip_replaced": Trip(1, 1, 87_000, True, {}, "T1", (2520, 2521), ()),
    "trip_successor": Trip(1, 1, 87_000, False, {}, "T1", None, (2520, 2521)),
    "certificate": Certificate(7, 1, bytes(range(32)), 2515, 3215),
    "revocation": Revocation(7, 1234, 1_795_406_400_000, "stolen"),
    "subscriptions": Subscriptions(("net", "node/7", "operator/1", "trip/101/2518")),
    "profile": Profile(7, "pier", NAMES, (1, 6), 4),
    "profile_with_codes": Profile(7, "pier", NAMES, (1, 6), 4, 440_402, 107),
    "clerk": Clerk(11, "陈晓", ("clerk", "gate"), "scrypt$16384$8$1$c2FsdA$aGFzaA"),
    "duty": Duty("粤H12345"),
    "manifest_of_a_child": ManifestEntry(0, 4, 65_535, 101, 2518, 2),
    "clearance_rules": ClearanceRules("gd-2026", 2500, (("overloaded", "广东省道路运输条例"),), 600, 400),
    "sole_seller": SoleSeller(8),
    "sole_seller_after_another": SoleSeller(8, (bytes(8), TICKET_ID)),
    "duty_with_drivers": Duty("粤H12345", (21, 22)),
    "manifest": ManifestEntry(0, 4, 12, 101, 2518),
    "bound_ticket": BoundTicket(101, 2518, 1_795_406_400_000),
    "gate_rules": GateRules("gd-2026", "省厅规定", 2500, 30, 30, "refused"),
    "void_ticket": VoidTicket(101, 2518, 1_795_406_400_000),
    "refund_rules": RefundRules("gd-2026", "省厅规定", 2500, None, ((120, 100, 50), (0, 200, 100)), "CNY", 10, 50_000),
    "refund_rules_after_departure": RefundRules(
        "gz-2017", "广州 2017", 2500, None, ((0, 200, 100), (-60, 500, 0)), "CNY", 1, 50_000, 600, ("past_log",)
    ),
    "refund_rules_of_operator": RefundRules("ferry", "operator", 2500, 3, ((60, 0, 0),), "HKD", 1, 20_000),
    "disruption_cancelled": Disruption("cancelled", 0, "台风", 1_795_406_400_000),
    "disruption_delayed": Disruption("delayed", 45, "故障", 1_795_406_400_000),
    "vehicle": VehicleChange(
        90_000, "coach-31", "reserved", 3, ((1, "1A", 0, 0), (2, "1B", 0, 1), (3, "2A", 1, 0)), "故障换车", 1_795_406_400_000
    ),
    "reseat_moved": Reseated(101, 2_518, 31, 2, True, False),
    "reseat_standing": Reseated(101, 2_518, 32, 0, False, True),
    "notice": Notice(4711, 3, {"zh-Hans": "今日加开班次", "en": "More coaches today"}, 2518, 2520, False, 1_795_406_400_000),
    "notice_of_lines": Notice(4712, 3, {"zh-Hant": "颱風"}, 2518, 2518, True, 1_795_406_400_000, (4, 9)),
    "refund_word": RefundWord(True, TICKET_ID, 101, 2518, 300, 2700, "CNY", "核实无误", 1_795_406_400_000),
    "rebook_rules": RebookRules("js-2018", "江苏 2018", 2500, None, 30, 1, 1, 0, True, True, True),
    "rebook_rules_of_operator": RebookRules("ferry", "operator", 2500, 3, 120, 3, 1, 50, False, True, False),
    "fare_rules": FareRules("gd-2026", "省厅规定", 2500, None, (("child_with_seat", 500, (), ("height",)),
                            ("blind", 0, ("city_bus", "ferry"), ())), (("luggage", 300, NAMES),), "CNY", 10),
    "fare_rules_of_operator": FareRules("ferry", "operator", 2500, 3, (), (), "HKD", 1),
    "real_name_rules": RealNameRules("gd-2017", "交通运输部令", 2500, None, True, (), (202, 204), 365),
    "real_name_rules_of_operator": RealNameRules("ferry", "港航局", 2500, 3, False, (4, 9), (), 400),
    "rating_rules": RatingRules("gd-2026", "省厅规定", 2500, 24, 5, 5, 200, 1, 15, 10, 2,
                                (("clean", (), {}), ("calm_crossing", ("ferry",), NAMES))),
    "rating_answer": RatingAnswer(3, 12, 2, ("late",), "晚了二十分钟", "zh-Hans", "很抱歉", "", True, 2520),
    "rating_answer_hidden": RatingAnswer(3, 12, 1, (), "", "zh-Hans", "", "含有电话号码", False, 2521),
    "public_score": PublicScore("vehicle", "粤H12345", 23, 43, 620, 910, 2520),
    "work_calendar": WorkCalendar(2026, "国务院办公厅", (2192, 2193), (2195,)),
    "sealing_key": SealingKey(202611, 1, bytes(range(32)), bytes(range(32, 64))),
    "sealing_key_contexts": SealingKey(202611, 1, bytes(range(32)), bytes(range(32, 64)), True),
    "office_rules": OfficeRules("gd-2026", "省厅规定", 2500, None, True, "CNY", 500),
    "office_rules_of_place": OfficeRules("village", "postal service", 2500, 7, False, "CNY", 0),
    "grant": Grant(5, 7, 101, 2518, 3, ((1, 0b1111), (2, WIDE_MASK)), (), 1_795_440_600_000),
    "grant_fewer_laps": Grant(7, 7, 101, 2518, 4, ((3, 0b1111),), (), 1_795_440_600_000, ((0, 1), (2, 1))),
    "grant_free": Grant(6, 7, 102, 2518, 1, (), ((0, 5), (1, 4)), 1_795_440_600_000),
    "recall": Recall(3, 0),
    "handover": GIVEN,
    "short_turn": ShortTurn(3, "水箱漏水", 1_795_406_400_000),
    "rest_rules": DEFAULT_REST_RULES,
    "driven": Driven(((1_795_380_000_000, 1_795_390_000_000),), 1_795_406_400_000),
    "operator_facts": OperatorFacts("91350100M000100Y43", {"zh-Hans": "横琴客运", "en": "Hengqin Coaches"}, "440400000001",
                                    3287, "AAA", (1, 4), 2500),
    "operator_facts_bare": OperatorFacts("91110000600037341L", {"zh-Hans": "桂山轮渡"}, "440400000002", 0, "", (), 2519),
    "vehicle_facts": VehicleFacts(1, "coach", "粤C12345", "yellow", 45, "一级", "440400123456", 3000, 2700, 2750, 2500),
    "vehicle_facts_ship": VehicleFacts(2, "ferry", "桂山轮 8", "", 180, "", "440401000001", 2900, 2600, 0, 2500),
    "driver_facts": DriverFacts(1, "张**", "A1", 4000, 3100, "AA", 2500),
    "driver_facts_with_number": DriverFacts(1, "张**", "A1", 4000, 3100, "AA", 2500, 21),
    "permit_facts": PermitFacts(1, "粤CL000123", "珠海 - 广州", 2, 3650, 2500),
    "void_cards": VoidCards(((501, 0, 2519), (507, 1, 2521))),
}  # fmt: skip
