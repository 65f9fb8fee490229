"""Shapes of documents in the API: one that comes in, and what goes out of it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from edge.domains.ticketing.office.travellers import ShownDocument
from sync.kernel.documents import DOCUMENT_TYPES, MAX_NAME, MAX_NUMBER

KIND = validate.OneOf(DOCUMENT_TYPES)


class DocumentSchema(Schema):
    """A document as it was shown, needed where the line wants names. It is sealed at once and comes back masked only."""

    document_type = fields.String(required=True, validate=KIND)
    number = fields.String(required=True, validate=validate.Length(min=1, max=2 * MAX_NUMBER))
    name = fields.String(required=True, validate=validate.Length(min=1, max=2 * MAX_NAME))

    @post_load
    def shown(self, data: dict[str, str], **_: Any) -> ShownDocument:
        """As the domain takes it."""
        return ShownDocument(**data)


class MaskedSchema(Schema):
    """What may be shown of a document: the ends of its number, the surname."""

    document_type = fields.String(validate=KIND)
    number = fields.String()
    name = fields.String()


class Comparison(Schema):
    """A ticket's whole code and the document that is shown with it."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=1200))
    document = fields.Nested(DocumentSchema, required=True)


class Compared(Schema):
    """Whether the ticket was sold to this document."""

    fits = fields.Boolean()
