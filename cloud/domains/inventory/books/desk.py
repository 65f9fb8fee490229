"""The book of a dated trip while a batch of events is folded into it."""

from __future__ import annotations

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.ledger import Book, GrantLine, Holder
from sync.domains.inventory.rules import free_children


class Desk:
    """Grants come into sight in order of position."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._seen = 0
        self.more_grants = bool(book.grants)
        self._held: dict[Holder, Cells] = {}
        self._all = {False: _total(book, False), True: _total(book, True)}
        self._least = book.least()
        for line in book.freed.values():
            if not line.own and book.reserved == bool(line.seat):
                c.add(self._held.setdefault(line.holder, {}), line.cells, book.reserved)

    def see_grants(self, pos: int) -> None:
        """Take account of the grants made before ``pos``."""
        grants = self.book.grants
        while self._seen < len(grants) and grants[self._seen].made < pos:
            line = grants[self._seen]
            left = c.minus(line.cells, line.returned, self.book.reserved)
            c.add(self._held.setdefault(line.holder, {}), left, self.book.reserved)
            self._seen += 1
        self.more_grants = self._seen < len(grants)

    def take_in(self, line: GrantLine) -> None:
        """Cells that came from another box: in sight for all that comes behind the position at which they came."""
        self.book.grants.insert(self._seen, line)
        self.more_grants = True

    def sell_open(self, holder: Holder, seat: int, mask: int) -> bool:
        """Count the sale of a seat that the log held and nobody had sold, which most are; False: look at it closely."""
        held, sold = self._held.get(holder), self._all[False].get(seat, 0)
        if held is None or not self.book.reserved or held.get(seat, 0) & ~sold & mask != mask:
            return False
        mine = self.book.sales.setdefault((holder, False), {})
        mine[seat] = mine.get(seat, 0) | mask
        self._all[False][seat] = sold | mask
        return True

    def place_open(self, holder: Holder, legs: range) -> bool:
        """As :meth:`sell_open`, for a place without a number."""
        held, book, sold = self._held.get(holder), self.book, self._all[True]
        if held is None or book.reserved:
            return False
        mine = book.sales.setdefault((holder, True), {})
        for leg in legs:
            if held.get(leg, 0) <= mine.get(leg, 0) or sold.get(leg, 0) >= self._least:
                return False
        for leg in legs:
            mine[leg] = mine.get(leg, 0) + 1
            sold[leg] = sold.get(leg, 0) + 1
        return True

    def not_yet_given(self, holder: Holder) -> Cells:
        """What a log will have given away with a trip, as the taker said: up to its own word it may sell that, and take it
        back again."""
        found: Cells = {}
        for giver, cells in self.book.unheard.values():
            if giver == holder:
                c.add(found, cells, self.book.reserved)
        return found

    def _may_hold(self, holder: Holder) -> Cells:
        """For reading only."""
        held = self._held.get(holder, {})
        if not self.book.unheard:
            return held
        found = dict(held)
        c.add(found, self.not_yet_given(holder), self.book.reserved)
        return found

    def may_sell(self, holder: Holder, seat: int, wanted: Cells) -> bool:
        """Whether the log held all of ``wanted`` and had not sold it."""
        held, sold = self._may_hold(holder), self.book.sold(holder)
        if self.book.reserved != bool(seat):
            return False
        if seat:
            return held.get(seat, 0) & ~sold.get(seat, 0) & wanted[seat] == wanted[seat]
        return all(held.get(leg, 0) > sold.get(leg, 0) for leg in wanted)

    def unsold(self, holder: Holder) -> Cells:
        """What the log holds, or will have given away by its own word, and has not sold."""
        return c.minus(self._may_hold(holder), self.book.sold(holder), self.book.reserved)

    def clashes(self, pos: int, seat: int, wanted: Cells) -> bool:
        """Whether somebody sold these seats before, or more places than there are."""
        sold = self._lasting(seat == 0) if self.book.unheard else self._all[seat == 0]
        if seat:
            return bool(sold.get(seat, 0) & wanted.get(seat, 0))
        book = self.book
        bounded = not book.reserved and 0 < book.opened < pos
        return bounded and any(sold.get(leg, 0) + 1 > book.most_until(pos) for leg in wanted)

    def _lasting(self, free: bool) -> Cells:
        """What everybody sold, but for what a giver was heard to have sold of a trip that it gave away and has not been heard
        to take back: by its own word it must have."""
        found: Cells = {}
        for (holder, kind), some in self.book.sales.items():
            if kind != free:
                continue
            given = self.not_yet_given(holder) if free != self.book.reserved else {}
            if given and free:
                held = self._held.get(holder, {})
                some = {leg: min(n, held.get(leg, 0)) if leg in given else n for leg, n in some.items()}
            elif given:
                some = c.minus(some, given, True)
            c.add(found, some, not free)
        return found

    def at_risk(self, pos: int, seat: int, wanted: Cells) -> bool:
        """Whether any of ``wanted`` was released at risk before ``pos``."""
        released = [some for line in self.book.grants for made, some in line.releases if made < pos]
        if not seat:
            return any(some.get(leg, 0) for some in released for leg in wanted)
        return any(some.get(key, 0) & value for some in released for key, value in wanted.items())

    def sell(self, holder: Holder, seat: int, wanted: Cells) -> None:
        """Count a sale, right or wrong: somebody holds the ticket."""
        mine, everybodys = self.book.sales.setdefault((holder, seat == 0), {}), self._all[seat == 0]
        if seat:
            mine[seat] = mine.get(seat, 0) | wanted.get(seat, 0)
            everybodys[seat] = everybodys.get(seat, 0) | wanted.get(seat, 0)
        else:
            c.add(mine, wanted, False)
            c.add(everybodys, wanted, False)

    def sell_lap(self, pos: int, holder: Holder, legs: range, own: bool = False) -> bool:
        """Count a child on a lap; whether these are now more than the log's seats allow, or those of the vehicle. ``own``: the
        hub has promised it, by what all hold. By how many fewer a grant said that its box may sell is not looked at: the
        box may not have heard of that grant yet."""
        book, held = self.book, self._may_hold(holder)
        c.add(book.laps.setdefault(holder, {}), dict.fromkeys(legs, 1), False)
        for leg in legs:
            everybodys = sum(laps.get(leg, 0) for laps in book.laps.values())
            if not own and book.laps[holder][leg] > free_children(c.places_on(held, leg, book.reserved)):
                return True
            if book.opened and everybodys > free_children(book.most_until(pos)):
                return True
        return False

    def given(self, number: int) -> bool:
        """The giver of a handover has said so itself; whether it had sold anything of that."""
        holder, cells = self.book.unheard[number]
        left = self.unsold(holder)
        del self.book.unheard[number]
        return not c.covers(left, cells, self.book.reserved)

    def refund(self, holder: Holder, seat: int, back: Cells) -> None:
        """Take a sale out again. Where another log sold the same seat, that stays sold."""
        mine = self.book.sales.get((holder, seat == 0), {})
        self.book.sales[holder, seat == 0] = c.minus(mine, back, seat != 0)
        self._all[seat == 0] = _total(self.book, seat == 0)

    def give_back(self, holder: Holder, back: Cells, pos: int) -> None:
        """Count a return; another grant may still cover the same seat."""
        held, reserved = self._held[holder], self.book.reserved
        if not reserved:
            self._held[holder] = c.minus(held, back, False)
            return
        for seat in back:
            lines = [line for line in self.book.grants if line.holder == holder and line.made < pos]
            held[seat] = 0
            for line in lines:
                held[seat] |= line.cells.get(seat, 0) & ~line.returned.get(seat, 0)
            held[seat] |= self.book.taken_over(holder).get(seat, 0)

    def take_over(self, holder: Holder, cells: Cells, frees: bool) -> None:
        """Cells that were left are another log's now; ``frees`` False: they are not, after all."""
        reserved = self.book.reserved
        if frees:
            c.add(self._held.setdefault(holder, {}), cells, reserved)
        else:
            self._held[holder] = c.minus(self._held.get(holder, {}), cells, reserved)


def _total(book: Book, free: bool) -> Cells:
    found: Cells = {}
    for (_, kind), some in book.sales.items():
        if kind == free:
            c.add(found, some, not free)
    return found
