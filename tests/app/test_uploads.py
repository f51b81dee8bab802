"""Uploads that are never attached: how much of the memory they may hold."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from digitcanvas.app import server, uploads
from digitcanvas.app.uploads import ALL, OWN, PATH, Uploads, held


@pytest.fixture
def held_so_far():
    return {}


@pytest.fixture(params=["", "/digits"])
def client(request, held_so_far):
    """A server that takes what the middleware lets through."""
    take = Route("/{rest:path}", lambda request: PlainTextResponse("taken"), methods=["PUT", "GET"])
    guard = Middleware(Uploads, base=request.param, held=lambda: held_so_far)
    with TestClient(Starlette(routes=[take], middleware=[guard])) as client:
        client.path = f"{request.param}{PATH}"
        yield client


def upload(client, session="me", length=10, **headers):
    return client.put(f"{client.path}{session}/file", content=b"x" * length, headers=headers)


def test_an_upload_for_which_there_is_room_is_taken(client, held_so_far):
    held_so_far["me"] = OWN - 10
    assert upload(client).text == "taken"


def test_a_session_s_uploads_are_bounded(client, held_so_far):
    held_so_far["me"] = OWN - 9
    answer = upload(client)
    assert answer.status_code == 413 and "remove some" in answer.text
    assert upload(client, "another").text == "taken"


def test_those_of_all_sessions_are_bounded(client, held_so_far):
    held_so_far |= {str(number): ALL // 20 for number in range(20)}
    answer = upload(client, "another")
    assert answer.status_code == 413 and "try again in some minutes" in answer.text


def test_a_stream_without_a_length_is_refused(client):
    answer = client.put(f"{client.path}me/file", content=iter([b"x"]))
    assert answer.status_code == 411


def test_what_is_no_upload_passes(client, held_so_far):
    held_so_far["me"] = 10 * ALL
    assert client.get(f"{client.path}me/file").text == "taken"
    assert client.put("/elsewhere", content=b"x").text == "taken"


def test_what_streamlit_holds_is_counted(monkeypatch):
    manager = MemoryUploadedFileManager("/upload")
    for number in range(3):
        manager.add_file("me", UploadedFileRec(str(number), "a.png", "image/png", b"x" * 100))
    manager.add_file("you", UploadedFileRec("0", "a.png", "image/png", b"x"))
    instance = type("Runtime", (), {"uploaded_file_mgr": manager})
    monkeypatch.setattr(uploads.runtime, "get_instance", lambda: instance)
    assert held() == {"me": 300, "you": 1}


def test_the_server_has_the_bound():
    assert any(each.cls is Uploads for each in server.middleware())
