"""Tokens: an admin of every environment makes them for programs, which may the same in each. People make their own on
their page, where they have signed in."""

from datetime import timedelta
from http import HTTPStatus

from controller.api.asking import Asked, TokenRequest
from controller.api.context import ApiContext
from controller.api.models import TokenAnswer, TokenMade, TokensPage
from controller.api.problems import Refused, missing
from controller.domain.entry import ApiToken
from controller.domain.errors import Conflict
from controller.domain.people import Caller, Role
from controller.inbox.doorkeeper import EntryRefused


def tokens(context: ApiContext, asked: Asked) -> TokensPage:
    """An admin of every environment sees all of them, everybody else their own."""
    with context.store.read() as unit:
        found = unit.tokens.all()
    mine = _whose(context, asked.caller)
    return TokensPage(items=tuple(_shown(token) for token in found if mine is None or _is_of(token, mine)))


def make_token(context: ApiContext, asked: Asked) -> TokenMade:
    """403: whoever asks may not. 409: the name is taken. 422: a name, role or time that can't be."""
    given: TokenRequest = asked.body
    if asked.caller.most < Role.ADMIN or context.rights.everywhere(asked.caller) < Role.ADMIN:
        raise Refused(HTTPStatus.FORBIDDEN, "role.too_low", "To make a token takes an admin of every environment.")
    lasts = timedelta(days=given.days) if given.days else None
    try:
        text, made = context.doorkeeper.make_token(given.name, Role[given.role.upper()], None, asked.caller, lasts)
    except EntryRefused as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, f"{error}.") from error
    except Conflict as error:
        raise Refused(HTTPStatus.CONFLICT, error.code, f"{error}.") from error
    return TokenMade(**_shown(made).model_dump(), token=text)


def revoke_token(context: ApiContext, asked: Asked) -> TokenAnswer:
    """404: no such token, or not one of whoever asks, who is no admin."""
    given = asked.path["id"]
    number = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else -1
    if not context.doorkeeper.revoke_token(number, asked.caller, _whose(context, asked.caller)):
        raise missing("token", given)
    with context.store.read() as unit:
        return _shown(next(token for token in unit.tokens.all() if token.id == number))


def _whose(context: ApiContext, caller: Caller) -> int | None:
    """The number of the person whose tokens the caller may see, and end; None: everybody's."""
    if context.rights.everywhere(caller) >= Role.ADMIN:
        return None
    return caller.person.id if caller.person else 0


def _is_of(token: ApiToken, person: int) -> bool:
    return token.owner is not None and token.owner.id == person


def _shown(token: ApiToken) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        name=token.name,
        role=token.role.words,
        owner=token.owner.login if token.owner else None,
        made_by=token.made_by,
        made_at=token.made_at,
        expires_at=token.expires_at,
        used_at=token.used_at,
        revoked_at=token.revoked_at,
    )
