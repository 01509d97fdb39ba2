"""The table of who may ask for what covers the application, and the guard keeps to it."""

from pathlib import Path

import pytest
from flask import g

from api.identity import owner
from api.policy import POLICY, enforce
from compose.http import application
from pipeline.bootstrap import build
from pipeline.core.access import EVERYBODY, Rule, allows
from pipeline.core.errors import Forbidden, Unauthenticated
from pipeline.settings import Settings
from schemas.identity import Identity, Role, Scope


def test_every_route_has_a_rule_and_every_rule_a_route(tmp_path: Path) -> None:
    pipeline = build(Settings(data_dir=tmp_path, _env_file=None))
    routes = {rule.endpoint for rule in application(pipeline).url_map.iter_rules()}
    pipeline.close()
    assert routes == set(POLICY)


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_lesser_ones_may(role: Role) -> None:
    allowed = [least for least in Role if allows(Rule(least), Identity(account="a", role=role))]
    assert allowed == list(Role)[: list(Role).index(role) + 1]


def test_a_key_may_no_more_than_its_scopes() -> None:
    key = Identity(account="a", role=Role.ADMIN, scopes=frozenset({Scope.JOBS_READ}), key_id="k")
    assert allows(Rule(Role.CREATOR, Scope.JOBS_READ), key)
    assert not allows(Rule(Role.CREATOR, Scope.JOBS_WRITE), key)
    assert allows(EVERYBODY, None)
    assert not allows(Rule(Role.VIEWER), None)


def test_the_guard_tells_unknown_callers_from_those_who_may_not(tmp_path: Path) -> None:
    pipeline = build(Settings(data_dir=tmp_path, _env_file=None))
    app = application(pipeline)
    with app.test_request_context("/api/queues"):
        g.identity = None
        with pytest.raises(Unauthenticated):
            enforce()
        g.identity = Identity(account="a", role=Role.CREATOR)
        assert owner() == "a"
        with pytest.raises(Forbidden):
            enforce()
        g.identity = Identity(account="a", role=Role.OPERATOR)
        enforce()
        assert owner() is None
    pipeline.close()
