"""What a person sees when something does not go: a sentence, what to do next, and a way back. Never a stack trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from kiosk_ui.kernel.context import is_page
from kiosk_ui.kernel.words import known, sentence, t
from sync.kernel.errors import Fault, Refusal, YipiaoError

_OF_FIELDS = ("input_whole", "input_missing", "input_long")
Handler = Callable[[Any], ResponseReturnValue]


def install(app: Flask) -> None:
    """Answer a person's browser with pages; what asks the API keeps the answers that it had."""
    for kind, page in ((HTTPException, _http_page), (Refusal, _refusal_page), (YipiaoError, _failure_page)):
        _for_pages(app, kind, page)
    _take_over_narrower(app)


def _for_pages(app: Flask, kind: type[Exception], page: Handler, code: int | None = None) -> None:
    before = app.error_handler_spec[None][code].get(kind)

    def handle(error: Exception) -> ResponseReturnValue:
        if is_page():
            return page(error)
        if before is None:
            raise error
        return cast("ResponseReturnValue", before(error))

    app.error_handler_spec[None][code][kind] = handle


def _take_over_narrower(app: Flask) -> None:
    """Flask prefers a handler for one status or one subclass; those must not answer a person in JSON either."""
    for code, handlers in list(app.error_handler_spec[None].items()):
        for kind in list(handlers):
            if kind in (HTTPException, Refusal, YipiaoError):
                continue
            if issubclass(kind, HTTPException):
                _for_pages(app, kind, _http_page, code)
            elif issubclass(kind, YipiaoError):
                _for_pages(app, kind, _refusal_page if issubclass(kind, Refusal) else _failure_page, code)
            elif kind is Exception:
                _for_pages(app, kind, _unexpected_page, code)


def _refusal_page(refusal: Refusal) -> ResponseReturnValue:
    # Of a field that stands on no page (a bent address) a person knows nothing.
    said = t("http_400") if refusal.code in _OF_FIELDS else sentence(refusal)
    return _page("refused", said, refusal.status)


def _failure_page(failure: YipiaoError) -> ResponseReturnValue:
    if isinstance(failure, Fault) and known(failure.code):
        return _page("refused", t(failure.code), 503 if failure.retry else 422)
    current_app.logger.error("%s at %s", failure.code, request.path, exc_info=failure)
    key = failure.code if known(failure.code) else "http_500"
    return _page("failed", t(key), 503 if isinstance(failure, Fault) and failure.retry else 500)


def _unexpected_page(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException):
        return _http_page(error)
    raise error


def _http_page(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    if isinstance(error, CSRFError):
        return _page("stale", t("page_stale"), 400)
    code = error.code or 500
    key = f"http_{code}"
    said = t(key) if known(key) else t("http_500" if code >= 500 else "http_400")
    return _page("failed" if code >= 500 else "refused", said, code)


def _page(kind: str, said: str, status: int) -> ResponseReturnValue:
    return render_template("error.html", kind=kind, said=said, status=status), status
