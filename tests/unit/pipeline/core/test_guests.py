"""Those another issuer vouches for."""

from pipeline.core import guests
from schemas.identity import Role, Scope


def test_subjects_never_share_an_account_and_never_have_one_of_ours() -> None:
    told = [
        ("a", "bc"),
        ("ab", "c"),
        ("", "abc"),
        ("a", "bc "),
        ("1:a", "bc"),
        ("https://x", "local"),
    ]
    named = {guests.account_of(*pair) for pair in told}

    assert len(named) == len(told)
    # Ids of ours are hexadecimal, or "local".
    assert all(name.startswith("guest-") and len(name) <= 64 for name in named)


def test_a_role_goes_no_higher_than_the_ceiling() -> None:
    assert guests.role_of("admin", Role.CREATOR) is Role.CREATOR
    assert guests.role_of("viewer", Role.CREATOR) is Role.VIEWER
    assert guests.role_of(["viewer", "operator"], Role.ADMIN) is Role.OPERATOR
    assert guests.role_of(["admin"], Role.VIEWER) is Role.VIEWER


def test_what_is_no_role_is_the_least() -> None:
    for claim in (None, "root", 3, {"admin": True}, [], ["ADMIN", None, {}], True):
        assert guests.role_of(claim, Role.ADMIN) is Role.VIEWER


def test_scopes_narrow_where_they_name_ours() -> None:
    assert guests.scopes_of("openid jobs:read profile") == {Scope.JOBS_READ}
    assert guests.scopes_of("openid profile") is None
    assert guests.scopes_of(["jobs:read"]) is None
