"""What a monitoring system is told, and who is not."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from digitcanvas.app import live, metrics, server

SECRET = "a token of many letters"


@pytest.fixture
def client(home):
    with TestClient(Starlette(routes=[*metrics.routes(""), *live.routes("")])) as client:
        yield client


def figures(client):
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 200
    samples = (s for family in text_string_to_metric_families(answer.text) for s in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


@pytest.mark.parametrize("given", ["", SECRET, f"Bearer {SECRET[:-1]}", "Bearer é", "Bearer "])
@pytest.mark.parametrize("token", ["", SECRET])
def test_who_has_no_token_finds_nothing(client, monkeypatch, token, given):
    monkeypatch.setenv(metrics.TOKEN, token)
    answer = client.get("/metrics", headers={"Authorization": given.encode()})
    assert answer.status_code == 404 and "digitcanvas" not in answer.text


def test_people_and_answers_are_counted(client, monkeypatch):
    monkeypatch.setenv(metrics.TOKEN, SECRET)
    before = figures(client)
    with client.websocket_connect("/live") as socket:
        socket.send_text('{"turn":1,"models":["cnn"],"from":[0,0],"points":[[9,9]],"widths":[9]}')
        while "turn" not in socket.receive_json():
            pass
        during = figures(client)
    assert during["digitcanvas_live_sockets",] == before["digitcanvas_live_sockets",] + 1
    assert during["digitcanvas_people",] == 1
    count = "digitcanvas_answer_seconds_count", "live"
    assert during[count] == before.get(count, 0) + 1
    assert during["digitcanvas_runs", "waiting"] == 0
    assert figures(client)["digitcanvas_live_sockets",] == before["digitcanvas_live_sockets",]


def test_a_token_that_could_be_guessed_keeps_the_server_from_starting(monkeypatch):
    monkeypatch.setenv(metrics.TOKEN, "short")
    assert metrics.TOKEN in server.problem()
