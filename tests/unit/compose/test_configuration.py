"""Settings as the command line gets them."""

import pytest

from compose import configuration
from pipeline.core.errors import InvalidRequest

DISTRIBUTED = {
    "REELMILL_BROKER_URL": "amqp://localhost",
    "REELMILL_DATABASE_URL": "postgresql://localhost/reelmill",
    "REELMILL_REDIS_URL": "redis://localhost",
    "REELMILL_S3_ENDPOINT": "localhost:8333",
}


def test_an_option_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELMILL_HTTP_PORT", "9000")

    assert configuration.load(http_port=9001).http_port == 9001
    assert configuration.load(http_port=None).http_port == 9000


def test_a_wrong_value_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELMILL_HTTP_PORT", "s3cret")

    with pytest.raises(InvalidRequest) as refused:
        configuration.load()

    assert refused.value.instance_code == "config.invalid"
    assert "REELMILL_HTTP_PORT" in refused.value.detail
    assert "s3cret" not in refused.value.detail


@pytest.mark.parametrize("missing", DISTRIBUTED)
def test_a_role_refuses_adapters_of_one_process(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in DISTRIBUTED.items():
        if name != missing:
            monkeypatch.setenv(name, value)

    with pytest.raises(InvalidRequest) as refused:
        configuration.require_distributed(configuration.load())

    assert refused.value.instance_code == "config.not_distributed"
    assert missing in refused.value.detail
    assert not any(name in refused.value.detail for name in DISTRIBUTED if name != missing)


def test_a_role_takes_shared_services(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in DISTRIBUTED.items():
        monkeypatch.setenv(name, value)

    configuration.require_distributed(configuration.load())
