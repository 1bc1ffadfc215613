"""Whether the club is alive, and whether it is ready."""

from fastapi.testclient import TestClient

from reading_club.adapters.eventstream import publisher_app
from reading_club.app.embedded.valkey import free_port
from reading_club.app.probes import Health, Probe, probe_broker
from reading_club.service.projections import SUBSCRIBERS


def test_a_living_process_says_so(client: TestClient) -> None:
    """The liveness probe asks nobody else."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_a_schema_that_is_behind_is_not_ready(client: TestClient) -> None:
    """A database without the newest schema cannot serve, and the answer says why."""
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "migrate" in answer.json()["database"]["detail"]
    assert answer.json()["broker"] == {"ok": True, "detail": "reachable"}


async def test_a_broker_that_is_away_is_told_without_its_address() -> None:
    """The finding bears neither address nor password."""
    app = publisher_app(f"redis://:hunter2@127.0.0.1:{free_port()}/0", SUBSCRIBERS)

    finding = await probe_broker(app)

    assert not finding.ok
    assert "hunter2" not in finding.detail
    assert "127.0.0.1" not in finding.detail


def test_health_is_plain() -> None:
    """Three words are enough for an operator."""
    probe = Probe(ok=True, detail="reachable")

    assert Health(status="ok", database=probe, broker=probe).status == "ok"
