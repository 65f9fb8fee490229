"""Forms of the console. They hold what was typed; whether it is good is for the services to say.

A refusal that names a field stands beside it (:func:`put_beside`); one that does not, above the form.
"""

from __future__ import annotations

from typing import Final

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.core import Field
from wtforms.form import BaseForm
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cloud.console.common import t
from cloud.console.desk import Desk
from cloud.domains.boarding.conflicts.service import OUTCOMES
from cloud.domains.ratings.answers.deciding import KINDS as KINDS_OF_ACTS
from cloud.domains.sellers.books.accounts import SCOPES
from cloud.kernel.clerks import ROLES
from cloud.kernel.nodes import KINDS
from sync.domains.disruption.rules import KINDS as DISRUPTIONS
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.money import parse_minor


class _Words:
    """What the fields themselves refuse, in the language of the page; there are no other words than the catalogue's."""

    KEYS: Final = {
        "Not a valid integer value.": "console_number_wrong",
        "Not a valid choice.": "console_choice_wrong",
        "Invalid Choice: could not coerce.": "console_choice_wrong",
        "Invalid choice(s): one or more data inputs could not be coerced.": "console_choice_wrong",
        "'%(value)s' is not a valid choice for this field.": "console_choice_wrong",
    }

    def gettext(self, string: str) -> str:
        key = self.KEYS.get(string)
        return t(key) if key else string  # also asked for the names of fields, which no page shows

    def ngettext(self, singular: str, _plural: str, _count: int) -> str:
        return self.gettext(singular)


class Form(FlaskForm):
    """What all forms share."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, _form: BaseForm) -> _Words:
            return _Words()


def needed(_form: Form, field: Field) -> None:
    """Something must be there."""
    if not (field.data.strip() if isinstance(field.data, str) else field.data):
        raise ValidationError("console_needed")


class Choices(SelectMultipleField):
    """Any number of choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Act(Form):
    """A button: nothing but the form token."""


class SignIn(Form):
    name = StringField(validators=[needed])
    passphrase = PasswordField(validators=[needed])
    back = HiddenField()


class Passphrase(Form):
    old = PasswordField(validators=[needed])
    new = PasswordField(validators=[needed])
    repeated = PasswordField(validators=[needed])


class Label(Form):
    label = StringField(validators=[needed])


class NewNode(Form):
    name = StringField(validators=[needed])
    kind = RadioField(choices=list(KINDS))
    name_zh_hans = StringField()
    name_zh_hant = StringField()
    name_en = StringField()
    stops = StringField()
    place = SelectField(coerce=int, default=0)
    low_water = IntegerField(default=2)


class Revoke(Form):
    reason = StringField(validators=[needed])
    confirm = StringField(validators=[needed])


class Release(Form):
    grant = IntegerField(default=0)
    places = IntegerField(default=1)
    reason = StringField(validators=[needed])


class Disrupt(Form):
    """``sure``: the number of good tickets for which a person agreed to cancel; None where the box was not ticked."""

    kind = RadioField(choices=[*DISRUPTIONS, "none"])
    minutes = IntegerField(validators=[Optional()])
    note = StringField()
    sure = IntegerField()


class Duty(Form):
    box = SelectField(coerce=int)
    vehicle = StringField()
    drivers = Choices(coerce=int)


class Vehicle(Form):
    plan = StringField(validators=[needed])
    note = StringField(validators=[needed])


class Announce(Form):
    operator = SelectField(coerce=int)
    lines = Choices(coerce=int)
    text_zh_hans = TextAreaField()
    text_zh_hant = TextAreaField()
    text_en = TextAreaField()
    from_day = StringField(validators=[needed])
    until_day = StringField(validators=[needed])
    urgent = BooleanField()


class Decision(Form):
    verdict = RadioField(choices=["accept", "reject"])
    reason = StringField(validators=[needed])


class ConflictWord(Form):
    outcome = RadioField(choices=list(OUTCOMES))
    reason = StringField(validators=[needed])


class RefundWord(Form):
    request = IntegerField(default=0)
    fee = StringField(default="")
    verdict = RadioField(choices=["accept", "reject"])
    note = StringField()


class Reveal(Form):
    number = StringField(validators=[needed])
    reason = StringField(validators=[needed])


class VoiceAct(Form):
    kind = SelectField(choices=list(KINDS_OF_ACTS))
    text = TextAreaField()


class Note(Form):
    note = TextAreaField(validators=[needed])


class Clerk(Form):
    name = StringField(validators=[needed])
    roles = Choices(choices=list(ROLES), validators=[needed])
    nodes = Choices(coerce=int)


class NewClerk(Clerk):
    pin = PasswordField()
    repeated = PasswordField()


class Pin(Form):
    pin = PasswordField()
    repeated = PasswordField()


class RegisterFile(Form):
    file = FileField(validators=[needed])


class Seller(Form):
    limit = StringField(validators=[needed])
    commission = IntegerField(default=0)


class NewSeller(Seller):
    name = StringField(validators=[needed])


class SellerKey(Form):
    label = StringField()
    scopes = Choices(choices=list(SCOPES), validators=[needed])


class SellerPayment(Form):
    amount = StringField(validators=[needed])
    currency = StringField(validators=[needed])
    reference = StringField()


def put_beside(form: Form, refusal: Refusal, desk: Desk) -> None:
    """Show ``refusal`` beside its field; without one, above the form."""
    sentence = desk.explain(refusal)
    field = form._fields.get(refusal.field or "")
    if field is None:
        form.form_errors.append(sentence)
    else:
        field.errors = [*field.errors, sentence]


def typed_minor(text: str, currency: str, field: str) -> int:
    """Minor units of an amount as people type it. Refusals ``input_money`` beside ``field``."""
    try:
        return parse_minor(text, currency)
    except Malformed:
        raise Refusal("input_money", status=422, field=field) from None


def typed_pin(form: NewClerk | Pin) -> str | None:
    """The PIN typed twice, or None where both fields are empty. Refusals ``clerk_pin_differs``."""
    if not form.pin.data and not form.repeated.data:
        return None
    if form.pin.data != form.repeated.data:
        raise Refusal("clerk_pin_differs", status=422, field="repeated")
    return str(form.pin.data)
