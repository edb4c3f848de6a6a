import pytest

from workload.probes import Life
from workload.version import VERSION


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_the_backend_answers_the_three_questions_at_the_root_and_under_api(ask_backend, prefix):
    health, ready, version = (ask_backend("GET", f"{prefix}/{name}") for name in ("health", "ready", "version"))
    assert (health.status_code, health.json()) == (200, {"status": "ok", "version": VERSION})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "version": VERSION, "checks": {}})
    assert version.status_code == 200
    assert version.json().keys() == {"name", "version", "commit", "tree", "python", "started_at"}


def test_the_frontend_answers_at_the_root_and_leaves_api_to_the_backend(ask_frontend):
    assert [ask_frontend("GET", path).status_code for path in ("/health", "/ready", "/version")] == [200] * 3
    assert ask_frontend("GET", "/version").json()["name"] == "captioncraft-frontend"
    assert ask_frontend("GET", "/api/health").status_code == 404


def test_a_balancer_may_ask_with_head(ask_backend):
    answer = ask_backend("HEAD", "/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_version_tells_what_the_image_was_built_from_when_the_builder_said(monkeypatch):
    from workload.version import Identity

    monkeypatch.setenv("CAPTIONCRAFT_COMMIT", "abc123")
    monkeypatch.delenv("CAPTIONCRAFT_TREE", raising=False)
    told = Identity.of("captioncraft-backend").as_json()
    assert (told["commit"], told["tree"], told["version"]) == ("abc123", None, VERSION)


def test_a_stopping_process_is_healthy_but_not_ready(ask_backend, backend_life: Life):
    backend_life.is_stopping = True
    assert ask_backend("GET", "/health").status_code == 200
    ready = ask_backend("GET", "/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
    assert "stopping" in ready.json()["reason"]
