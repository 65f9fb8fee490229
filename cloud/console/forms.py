"""Forms of the console. They hold what was typed; whether it is good is for the services to say.

A refusal that names a field stands beside it (:func:`put_beside`); one that does not, above the form.
"""

from __future__ import annotations

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
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, ListWidget

from cloud.console.desk import Desk
from cloud.domains.boarding.conflicts.service import OUTCOMES
from cloud.domains.ratings.answers.deciding import KINDS as KINDS_OF_ACTS
from cloud.domains.sellers.books.accounts import SCOPES
from cloud.kernel.clerks import ROLES
from cloud.kernel.nodes import KINDS
from sync.domains.disruption.rules import KINDS as DISRUPTIONS
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.money import parse_minor


def needed(_form: FlaskForm, field: Field) -> None:
    """Something must be there."""
    if not (field.data.strip() if isinstance(field.data, str) else field.data):
        raise ValidationError("console_needed")


class Choices(SelectMultipleField):
    """Any number of choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class Act(FlaskForm):
    """A button: nothing but the form token."""


class SignIn(FlaskForm):
    name = StringField(validators=[needed])
    passphrase = PasswordField(validators=[needed])
    back = HiddenField()


class Passphrase(FlaskForm):
    old = PasswordField(validators=[needed])
    new = PasswordField(validators=[needed])
    repeated = PasswordField(validators=[needed])


class Label(FlaskForm):
    label = StringField(validators=[needed])


class NewNode(FlaskForm):
    name = StringField(validators=[needed])
    kind = RadioField(choices=list(KINDS), validators=[needed])
    name_zh_hans = StringField()
    name_zh_hant = StringField()
    name_en = StringField()
    stops = StringField()
    place = SelectField(coerce=int, default=0)
    low_water = IntegerField(default=2)


class Revoke(FlaskForm):
    reason = StringField(validators=[needed])
    confirm = StringField(validators=[needed])


class Release(FlaskForm):
    grant = IntegerField(default=0)
    places = IntegerField(default=1)
    reason = StringField(validators=[needed])


class Disrupt(FlaskForm):
    """``sure``: the number of good tickets for which a person agreed to cancel; None where the box was not ticked."""

    kind = RadioField(choices=[*DISRUPTIONS, "none"])
    minutes = IntegerField(validators=[Optional()])
    note = StringField()
    sure = IntegerField()


class Duty(FlaskForm):
    box = SelectField(coerce=int, validators=[needed])
    vehicle = StringField()
    drivers = Choices(coerce=int)


class Vehicle(FlaskForm):
    plan = StringField(validators=[needed])
    note = StringField(validators=[needed])


class Announce(FlaskForm):
    operator = SelectField(coerce=int)
    lines = Choices(coerce=int)
    text_zh_hans = TextAreaField()
    text_zh_hant = TextAreaField()
    text_en = TextAreaField()
    from_day = StringField(validators=[needed])
    until_day = StringField(validators=[needed])
    urgent = BooleanField()


class Decision(FlaskForm):
    verdict = RadioField(choices=["accept", "reject"], validators=[needed])
    reason = StringField(validators=[needed])


class ConflictWord(FlaskForm):
    outcome = RadioField(choices=list(OUTCOMES), validators=[needed])
    reason = StringField(validators=[needed])


class RefundWord(FlaskForm):
    request = IntegerField(default=0)
    fee = StringField(default="")
    verdict = RadioField(choices=["accept", "reject"], validators=[needed])
    note = StringField()


class Reveal(FlaskForm):
    number = StringField(validators=[needed])
    reason = StringField(validators=[needed])


class VoiceAct(FlaskForm):
    kind = SelectField(choices=list(KINDS_OF_ACTS), validators=[needed])
    text = TextAreaField()


class Note(FlaskForm):
    note = TextAreaField(validators=[needed])


class Clerk(FlaskForm):
    name = StringField(validators=[needed])
    roles = Choices(choices=list(ROLES), validators=[needed])
    nodes = Choices(coerce=int)


class NewClerk(Clerk):
    pin = PasswordField()
    repeated = PasswordField()


class Pin(FlaskForm):
    pin = PasswordField()
    repeated = PasswordField()


class RegisterFile(FlaskForm):
    file = FileField(validators=[needed])


class Seller(FlaskForm):
    limit = StringField(validators=[needed])
    commission = IntegerField(default=0)


class NewSeller(Seller):
    name = StringField(validators=[needed])


class SellerKey(FlaskForm):
    label = StringField()
    scopes = Choices(choices=list(SCOPES), validators=[needed])


class SellerPayment(FlaskForm):
    amount = StringField(validators=[needed])
    currency = StringField(validators=[needed])
    reference = StringField()


def put_beside(form: FlaskForm, refusal: Refusal, desk: Desk) -> None:
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
