"""Logging in, accounts, API keys."""

from typing import Final

from api.keys import KeyListQuery
from api.openapi.operation import HTML, LOCATION, RETRY_AFTER, Answer, Operation, Tag, nothing
from schemas.access import (
    AccountChange,
    AccountList,
    AccountRequest,
    AccountView,
    KeyList,
    KeyMade,
    KeyRequest,
    LoginTicketRequest,
    MeView,
    RefreshRequest,
    RevokeRequest,
    TokenPair,
    TokenRequest,
)

_PAGE: Final = "text/html; charset=utf-8"

AUTH: Final = (
    Operation(
        "auth.token",
        "POST",
        Tag.ACCOUNTS,
        "Log in by name and password",
        answers=(Answer(200, "A short-lived access token and a refresh token.", TokenPair),),
        body=TokenRequest,
        problems={401: ("auth.wrong_password",), 429: ("auth.slow_down",)},
        example={"name": "kim", "password": "four ducks at noon"},
    ),
    Operation(
        "auth.refresh",
        "POST",
        Tag.ACCOUNTS,
        "Trade a refresh token for the next pair",
        answers=(Answer(200, "The next pair; the token shown counts no more.", TokenPair),),
        body=RefreshRequest,
        problems={401: ("auth.revoked", "auth.refresh_reused")},
        about="A refresh token counts once. One that is shown again is in two hands: all tokens"
        " of its login are void from then on.",
    ),
    Operation(
        "auth.revoke",
        "POST",
        Tag.ACCOUNTS,
        "Log out",
        answers=(nothing(204, "It is over; that of an unknown refresh token too."),),
        body=RevokeRequest,
        problems={401: ("auth.required",), 403: ("auth.forbidden",)},
        about="Ends the login of the refresh token, or without one that of the access token;"
        " with `all` every login of the account. API keys go on.",
    ),
    Operation(
        "auth.me",
        "GET",
        Tag.ACCOUNTS,
        "Show who the caller is",
        answers=(Answer(200, "Account, role and scopes.", MeView),),
    ),
    Operation(
        "login.page",
        "GET",
        Tag.ACCOUNTS,
        "Open the page to log in",
        answers=(Answer(200, "The page.", content_types=(_PAGE,)),),
        problems={503: ("unavailable.database",)},
    ),
    Operation(
        "login.submit",
        "POST",
        Tag.ACCOUNTS,
        "Log a browser in by the form of the page",
        answers=(
            nothing(303, "Logged in: a cookie, and the address to go on to.", headers=(LOCATION,)),
            Answer(401, "The page, with what is wrong.", content_types=(HTML,)),
            Answer(429, "The page.", content_types=(HTML,), headers=(RETRY_AFTER,)),
        ),
        problems={403: ("http.403",), 503: ("unavailable.database",)},
    ),
    Operation(
        "login.ticket",
        "POST",
        Tag.ACCOUNTS,
        "Trade the ticket of a login link for a cookie",
        answers=(nothing(204, "The cookie is set."),),
        body=LoginTicketRequest,
        problems={401: ("auth.ticket_invalid",)},
    ),
    Operation(
        "login.logout",
        "POST",
        Tag.ACCOUNTS,
        "Log a browser out",
        answers=(nothing(303, "Logged out.", headers=(LOCATION,)),),
    ),
)

KEYS: Final = (
    Operation(
        "keys.listing",
        "GET",
        Tag.ACCOUNTS,
        "List API keys",
        answers=(Answer(200, "The caller's, newest first; never the secret.", KeyList),),
        query=KeyListQuery,
    ),
    Operation(
        "keys.create",
        "POST",
        Tag.ACCOUNTS,
        "Make an API key",
        answers=(Answer(201, "The key, whole, this once.", KeyMade),),
        body=KeyRequest,
        problems={404: ("account.not_found",), 409: ("key.too_many",)},
        about="Only a digest is kept: nothing but a repeat with the same `Idempotency-Key` gets the"
        " same key.",
        example={"name": "player", "scopes": ["assets:read", "playback:sign"]},
    ),
    Operation(
        "keys.revoke",
        "DELETE",
        Tag.ACCOUNTS,
        "Revoke an API key",
        answers=(nothing(204, "It counts no more."),),
        problems={404: ("key.not_found",)},
    ),
)

ACCOUNTS: Final = (
    Operation(
        "accounts.listing",
        "GET",
        Tag.ACCOUNTS,
        "List accounts",
        answers=(Answer(200, "All accounts, by name.", AccountList),),
    ),
    Operation(
        "accounts.create",
        "POST",
        Tag.ACCOUNTS,
        "Make an account",
        answers=(Answer(201, "The account.", AccountView, headers=(LOCATION,)),),
        body=AccountRequest,
        problems={409: ("account.name_taken",)},
        example={"name": "kim", "role": "creator", "password": "four ducks at noon"},
    ),
    Operation(
        "accounts.one",
        "GET",
        Tag.ACCOUNTS,
        "Show an account",
        answers=(Answer(200, "The account.", AccountView),),
        problems={404: ("account.not_found",)},
    ),
    Operation(
        "accounts.change",
        "PATCH",
        Tag.ACCOUNTS,
        "Change an account",
        answers=(Answer(200, "The account.", AccountView),),
        body=AccountChange,
        problems={404: ("account.not_found",), 409: ("account.built_in",)},
        about="Only what is given changes; a new role or password, or disabling it, ends its"
        " logins at once.",
    ),
    Operation(
        "accounts.remove",
        "DELETE",
        Tag.ACCOUNTS,
        "Remove an account",
        answers=(nothing(204, "It is gone with its keys and logins; what it owns stays."),),
        problems={404: ("account.not_found",), 409: ("account.built_in",)},
    ),
)
