"""Every setting is shown, as it is."""

from pathlib import Path

import pytest

from compose import env_example, settings_table
from pipeline.settings import Settings

ROOT = Path(__file__).parents[3]


def test_the_file_is_what_the_settings_say() -> None:
    assert (ROOT / ".env.example").read_text() == env_example.render(), "run: make env-example"


def test_the_readme_is_what_the_settings_say() -> None:
    readme = (ROOT / "README.md").read_text()

    assert settings_table.renew(readme) == readme, "run: make env-example"


def test_every_setting_says_what_it_means() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_file_with_all_lines_taken_in_gives_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = env_example.render().splitlines()
    env = "\n".join(line.removeprefix("#") for line in lines if line.startswith("#REELMILL_"))
    (tmp_path / ".env").write_text(env)
    monkeypatch.chdir(tmp_path)

    taken = Settings()

    monkeypatch.chdir("/")
    assert taken == Settings()
