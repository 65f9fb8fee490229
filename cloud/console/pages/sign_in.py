"""Coming in, going out, and one's own account."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from cloud.console import forms
from cloud.console.desk import Desk
from cloud.console.web import inside
from cloud.kernel import guard
from sync.kernel.errors import Refusal


def register(blueprint: Blueprint, desk: Desk) -> None:
    """Sign-in, sign-out, passphrase, API tokens."""

    @blueprint.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> ResponseReturnValue:
        form = forms.SignIn(back=request.args.get("back"))
        if form.validate_on_submit():
            try:
                token = desk.accounts.sign_in(form.name.data, form.passphrase.data, request.remote_addr or "")
            except Refusal as refusal:
                forms.put_beside(form, refusal, desk)
                return desk.render("sign_in.html", refusal.status, form=form)
            # A new session: nothing that was there before the sign-in, but the language, lives on.
            kept = session.get("language")
            session.clear()
            session.update({guard.SESSION_TOKEN: token} | ({"language": kept} if kept else {}))
            return redirect(inside(form.back.data))
        return desk.render("sign_in.html", 422 if form.errors else 200, form=form)

    @blueprint.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        desk.accounts.sign_out(session[guard.SESSION_TOKEN], desk.who().name)
        kept = session.get("language")
        session.clear()
        if kept:
            session["language"] = kept
        return redirect(url_for("console.sign_in"))

    @blueprint.route("/passphrase", methods=["GET", "POST"])
    def passphrase() -> ResponseReturnValue:
        form = forms.Passphrase()
        if form.validate_on_submit():
            try:
                desk.accounts.change_passphrase(desk.who(), form.old.data, form.new.data, form.repeated.data)
            except Refusal as refusal:
                forms.put_beside(form, refusal, desk)
                return desk.render("passphrase.html", refusal.status, form=form)
            session.pop(guard.SESSION_TOKEN, None)
            flash(desk.t("console_passphrase_changed"))
            return redirect(url_for("console.sign_in"))
        return desk.render("passphrase.html", 422 if form.errors else 200, form=form)

    @blueprint.get("/account")
    def account() -> ResponseReturnValue:
        tokens = desk.accounts.tokens(desk.who())
        return desk.render("account.html", form=forms.Label(), act=forms.Act(), tokens=tokens, fresh=None)

    @blueprint.post("/account/tokens")
    def token_add() -> ResponseReturnValue:
        form = forms.Label()
        fresh = desk.accounts.new_token(desk.who(), form.label.data) if form.validate() else None
        tokens = desk.accounts.tokens(desk.who())
        status = 200 if fresh else 422
        return desk.render("account.html", status, form=form, act=forms.Act(), tokens=tokens, fresh=fresh)

    @blueprint.post("/account/tokens/<name>/drop")
    def token_drop(name: str) -> ResponseReturnValue:
        desk.accounts.drop_token(desk.who(), name)
        flash(desk.t("console_token_dropped"))
        return redirect(url_for("console.account"))
