"""A person with a browser that has no scripts: follows links, fills in the forms that the page really holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.nodes import CLERK_NO, PIN

FIELDS = ("input", "select", "textarea", "button")


@dataclass
class Form:
    """A form of a page: where it goes, and what it would send if nobody touched it."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Page(HTMLParser):
    """What a person finds on a page."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__(convert_charrefs=True)
        self.status, self.path = response.status_code, response.request.path
        self.headers = response.headers
        self.html = response.get_data(as_text=True)
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self.feed(self.html)

    @property
    def text(self) -> str:
        """All words of the page, single spaces between them."""
        return re.sub(r"\s+", " ", " ".join(self._text)).strip()

    def form(self, action: str) -> Form:
        """The form that goes to an address with ``action`` in it."""
        return next(form for form in self.forms if action in form.action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag == "form":
            self.forms.append(Form(found.get("action") or self.path, found.get("method") or "get"))
        if tag in FIELDS and self.forms and found.get("name"):
            name = str(found["name"])
            self.forms[-1].names.add(name)
            if tag == "input" and found.get("type") not in ("radio", "checkbox", "file"):
                self.forms[-1].values[name] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        self._text.append(data)


class Person:
    """One browser with its own cookies."""

    def __init__(self, app: Flask, language: str = "zh-CN") -> None:
        self.client = app.test_client()
        self.language = language
        self._page: Page | None = None

    @property
    def page(self) -> Page:
        """The page that is open."""
        assert self._page is not None, "no page has been opened yet"
        return self._page

    def see(self, address: str) -> Page:
        """Open an address and follow where it leads."""
        headers = {"Accept-Language": self.language}
        self._page = Page(self.client.get(address, headers=headers, follow_redirects=True))
        return self.page

    def send(self, action: str, **filled: Any) -> Page:
        """Fill in a form of the present page and send it; fields that the page does not offer are an error."""
        form = self.page.form(action)
        unknown = set(filled) - form.names
        assert not unknown, f"the form {form.action} has no field {unknown}"
        return self.post(form.action, {**form.values, **filled}) if form.method == "post" else self._ask(form, filled)

    def post(self, address: str, data: dict[str, Any]) -> Page:
        """Send data by hand, as a resubmitting browser or a stranger would."""
        headers = {"Accept-Language": self.language}
        self._page = Page(self.client.post(address, data=data, headers=headers, follow_redirects=True))
        return self.page

    def token(self) -> str:
        """The token in this browser's forms."""
        return self.see("/sign-in").form("/sign-in").values["csrf_token"]

    def sign_in(self, clerk_no: int = CLERK_NO, pin: str = PIN) -> Page:
        self.see("/sign-in")
        return self.send("/sign-in", clerk_no=str(clerk_no), pin=pin)

    def _ask(self, form: Form, filled: dict[str, Any]) -> Page:
        query = "&".join(f"{name}={value}" for name, value in {**form.values, **filled}.items())
        return self.see(f"{form.action.split('?')[0]}?{query}")
