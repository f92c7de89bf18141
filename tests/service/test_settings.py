"""Settings: how many workers, which names, and that secrets stay secret."""

from __future__ import annotations

import pytest

from service.settings import Settings, workers_for


@pytest.mark.parametrize(("cpus", "workers"), [(1, 3), (2, 5), (8, 17)])
def test_workers_follow_gunicorns_formula(cpus: int, workers: int) -> None:
    """(2 x CPU) + 1: two CPUs make five workers."""
    assert workers == workers_for(cpus)


def test_empty_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`env set PORT=` leaves the default in place."""
    monkeypatch.setenv("PORT", "")

    assert 8000 == Settings().port


def test_service_links_of_kubernetes_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """`API_PORT=tcp://…`, which every container gets from a service called `api`, changes nothing."""
    monkeypatch.setenv("API_PORT", "tcp://10.0.0.1:8000")
    monkeypatch.delenv("PORT", raising=False)

    assert 8000 == Settings().port


def test_keys_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is there to be used and is in no text that the settings make of themselves."""
    monkeypatch.setenv("OPENAI_API_KEY", "canary")

    settings = Settings()

    assert settings.openai_api_key is not None
    assert "canary" == settings.openai_api_key.get_secret_value()
    assert "canary" not in f"{settings!r} {settings} {settings.model_dump_json()}"
