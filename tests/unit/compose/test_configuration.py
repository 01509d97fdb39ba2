"""Settings as the command line gets them."""

import pytest

from compose import configuration
from pipeline.core.errors import InvalidRequest
from pipeline.settings import Settings

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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REELMILL_BROKER_URL", "amqp://reelmill:s3/cret@host:5672/"),
        ("REELMILL_BROKER_URL", "http://reelmill:s3cret@host:5672/"),
        ("REELMILL_REDIS_URL", "redis://:s3/cret@host"),
        ("REELMILL_REDIS_URL", "host:6379"),
        ("REELMILL_DATABASE_URL", "postgresql://reelmill:p@ss:s3cret@host:5432/reelmill"),
        ("REELMILL_DATABASE_URL", "mysql://reelmill:s3cret@host/reelmill"),
        ("REELMILL_DATABASE_URL", "s3cret"),
        ("REELMILL_S3_ENDPOINT", "http://host:8333"),
        ("REELMILL_LOG_LEVEL", "LOUD"),
    ],
)
def test_what_no_service_answers_at_is_refused_without_showing_its_password(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidRequest) as refused:
        configuration.load()

    assert refused.value.instance_code == "config.invalid"
    assert refused.value.detail.startswith(f"{name}: ")
    assert "cret" not in refused.value.detail
    assert "cret" not in str(refused.value.__cause__)


def test_settings_printed_by_accident_show_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROKER", "DATABASE", "REDIS"):
        scheme = {"BROKER": "amqp", "DATABASE": "postgresql", "REDIS": "redis"}[name]
        monkeypatch.setenv(f"REELMILL_{name}_URL", f"{scheme}://reelmill:s3cret@host/0")
    monkeypatch.setenv("REELMILL_S3_SECRET_KEY", "s3cret")

    assert "s3cret" not in repr(configuration.load())


def test_log_levels_are_taken_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELMILL_LOG_LEVEL", "warning")

    assert configuration.load().log_level == "WARNING"


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


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "media.example.org"])
def test_nobody_is_let_in_unasked_where_others_can_reach_it(host: str) -> None:
    open_ = Settings(http_host=host, anonymous_role="viewer", _env_file=None)

    with pytest.raises(InvalidRequest) as refused:
        configuration.require_guarded(open_)

    assert refused.value.instance_code == "config.unsafe"
    configuration.require_guarded(Settings(http_host=host, _env_file=None))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_role_behind_a_proxy_is_reached_wherever_it_binds(host: str) -> None:
    own = Settings(http_host=host, anonymous_role="viewer", _env_file=None)

    configuration.require_guarded(own)
    with pytest.raises(InvalidRequest) as refused:
        configuration.require_guarded(own, is_shared=True)

    assert refused.value.instance_code == "config.unsafe"
    with pytest.raises(InvalidRequest):
        configuration.require_guarded(own.model_copy(update={"trusted_proxies": 1}))


def test_nobody_is_let_in_unasked_by_default() -> None:
    assert Settings(_env_file=None).anonymous_role == ""
