"""Variables have one declaration: defaults, limits, and the table of the guide come from it."""

from __future__ import annotations

import pytest
from byo import processors
from byo.settings import SettingError, Settings, table

from tests.sources import ROOT


def test_defaults_are_sagemakers() -> None:
    settings = Settings.of({})
    assert (str(settings.base), settings.host, settings.port) == ("/opt/ml", "0.0.0.0", 8080)
    assert settings.workers == processors.available()
    assert settings.workers * settings.threads <= max(processors.available(), settings.workers)


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Settings.of({"MODEL_SERVER_TIMEOUT": ""}).timeout == 60


def test_threads_share_the_processors_with_the_workers() -> None:
    assert Settings.of({"MODEL_SERVER_WORKERS": "1"}).threads == processors.available()
    assert Settings.of({"MODEL_SERVER_WORKERS": "64"}).threads == 1
    assert Settings.of({"MODEL_SERVER_WORKERS": "64", "MODEL_SERVER_THREADS": "3"}).threads == 3


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "http", "invalid literal"),
        ("SAGEMAKER_BIND_TO_PORT", "70000", "must be from 1 to 65535"),
        ("MODEL_SERVER_WORKERS", "-1", "must be from 0 to 512"),
        ("MODEL_SERVER_TIMEOUT", "nan", "must be from"),
        ("MODEL_SERVER_LOG", "all", "must be errors or requests"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, value: str, problem: str) -> None:
    with pytest.raises(SettingError, match=f"environment variable {name} is '{value}': .*{problem}"):
        Settings.of({name: value})


def test_the_guide_has_the_table() -> None:
    assert table() in (ROOT / "docs/how-to/serving-kit.md").read_text("utf-8")
