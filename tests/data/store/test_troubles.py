"""What goes wrong: two servers at once, kills, full disks, locks, damage, servers that are gone."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError

from digitcanvas.data.store import Selection, Store, StoreError, database, migrations
from digitcanvas.data.store.errors import BUSY, Damaged, Unreachable, in_words
from digitcanvas.data.store.tables import Base
from tests.browser.driver import free_port
from tests.data.store.servers import keep, keep_one_at_once, processes, tell_many, tell_without_end
from tests.digits import DIGITS


def path_of(store):
    return Path(store.where)


@pytest.fixture
def impatient(monkeypatch, patience):
    assert patience <= 2
    monkeypatch.setattr(database, "PATIENCE", 0.2)


# Bringing a database up to date


def test_the_migrations_make_the_tables_that_the_store_uses(store, address):
    store.totals()
    engine = create_engine(address)
    with engine.connect() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_all_versions_are_known_and_the_last_is_the_newest():
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    script = ScriptDirectory.from_config(config)
    versions = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(versions)) == migrations.VERSIONS
    assert script.get_heads() == [migrations.VERSIONS[-1]]


def test_a_newer_database_is_left_alone(store):
    keep(store)
    with store._database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreError, match="a newer digitcanvas .*9999.*update this one"):
        keep(store)


@pytest.fixture
def own_main(monkeypatch):
    """Processes import the main module, which is the page once Streamlit's AppTest has run it."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


def at_once(address, work, count):
    """What several processes give that do this at once."""
    start, done = processes.Event(), processes.Queue()
    servers = [processes.Process(target=work, args=(address, start, done)) for _ in range(count)]
    for server in servers:
        server.start()
    start.set()
    given = [done.get(timeout=180) for _ in servers]
    for server in servers:
        server.join()
        server.close()
    done.close()
    done.join_thread()
    return given


def test_several_servers_may_come_first(address, own_main):
    assert sorted(at_once(address, keep_one_at_once, 4)) == [1, 2, 3, 4]
    with Store(address) as store:
        assert store.totals().drawings == 4


def test_several_servers_may_write_at_once(store, address, own_main):
    """In SQLite, one that began by reading could not wait for another to have written."""
    store.totals()
    assert at_once(address, tell_many, 2) == [[], []]


def test_many_threads_may_come_first(store):
    threads = [threading.Thread(target=keep, args=(store,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.totals().drawings == 8


# Kills


@pytest.mark.skipif(os.name == "nt", reason="needs a fork for 20 processes in a few seconds")
def test_nothing_that_was_confirmed_is_lost_by_a_kill(store, address, own_main):
    """At 20 random moments of telling."""
    told = {}
    one = keep(store)
    moments = random.Random(0)
    for _ in range(20):
        ours, theirs = processes.Pipe(duplex=False)
        teller = processes.Process(target=tell_without_end, args=(address, one, theirs))
        teller.start()
        theirs.close()
        told.update([ours.recv()])
        time.sleep(moments.uniform(0, 0.06))
        teller.kill()
        teller.join()
        teller.close()
        with suppress(EOFError):
            while True:
                told.update([ours.recv()])
        ours.close()
    kept = {drawing.id: drawing for drawing in store.drawings.each(Selection())}
    assert len(told) > 20 and {n: kept[n].told for n in told} == told
    assert len(kept) <= 1 + len(told) + 20  # and each kill left one unconfirmed at the most
    for drawing in kept.values():
        assert len(drawing.strokes) == len(DIGITS[7])
    if address.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(store))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    keep(store)


def test_a_commit_is_on_the_disk_when_it_is_confirmed(store, sqlite):
    with Store(sqlite)._database.reading() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]


# Full disks


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    films = folder / "films"
    with suppress(OSError), films.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return films


def test_a_full_disk_loses_nothing_and_is_told(small_disk):
    with Store(f"sqlite:///{small_disk / 'drawings.sqlite'}") as store:
        confirmed = [keep(store)]
        films = fill(small_disk)
        with pytest.raises(StoreError, match="disk is full: free some space where .*disk"):
            for _ in range(1000):
                confirmed.append(keep(store))
        assert [one.id for one in store.drawings.each(Selection())] == confirmed
        films.unlink()
        confirmed.append(keep(store))
        assert [one.id for one in store.drawings.each(Selection())] == confirmed


def test_a_disk_that_is_full_from_the_first_is_told(small_disk):
    films = fill(small_disk)
    with Store(f"sqlite:///{small_disk / 'drawings.sqlite'}") as store:
        with pytest.raises(StoreError, match="disk is full"):
            keep(store)
        films.unlink()
        keep(store)


# Locks


def test_a_locked_file_is_waited_for_and_then_told(sqlite, impatient):
    with Store(sqlite) as store:
        drawing = keep(store)
        with closing(
            sqlite3.connect(path_of(store), isolation_level=None, check_same_thread=False)
        ) as other:
            other.execute("BEGIN EXCLUSIVE")
            start = time.monotonic()
            with pytest.raises(StoreError, match="busy: another process"):
                keep(store)
            assert 0.2 <= time.monotonic() - start < 2
            assert store.drawings.get(drawing).id == drawing  # who reads need not wait
            unlock = threading.Timer(0.05, other.rollback)
            unlock.start()
            keep(store)
            unlock.join()
        assert store.totals().drawings == 2


def test_a_locked_table_is_waited_for_and_then_told(server, impatient):
    address = server.new_schema()
    with Store(address) as store, psycopg.connect(address) as other:
        keep(store)
        other.execute("LOCK TABLE drawings")
        with pytest.raises(StoreError, match="busy: another process"):
            keep(store)
        other.rollback()
        keep(store)


def test_writers_of_one_server_wait_for_each_other_and_no_longer(sqlite, impatient):
    with Store(sqlite) as store:
        keep(store)
        with store._database.writing(), pytest.raises(StoreError, match="busy"):
            keep(store)
        keep(store)


def test_who_waits_in_line_and_then_for_a_lock_waits_no_longer_in_all(sqlite, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 1.0)
    with Store(sqlite) as store, closing(sqlite3.connect(path_of(store))) as other:
        keep(store)
        other.execute("BEGIN IMMEDIATE")
        store._database._writers.acquire()
        threading.Timer(0.7, store._database._writers.release).start()
        start = time.monotonic()
        with pytest.raises(StoreError, match="busy"):
            keep(store)
        assert time.monotonic() - start < 1.6  # and not 1.7


# Damage


def test_a_file_that_is_no_database_stays_as_it_is(sqlite, tmp_path):
    file = tmp_path / "drawings.sqlite"
    file.write_bytes(b"dear diary, " * 1000)
    with Store(sqlite) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match="drawings.sqlite cannot be read.*Move it away"):
                keep(store)
        assert file.read_bytes() == b"dear diary, " * 1000
        file.rename(tmp_path / "diary")
        keep(store)
        assert store.totals().drawings == 1


def test_a_damaged_file_is_told_and_moved_away_while_the_server_runs(sqlite, tmp_path):
    file = tmp_path / "drawings.sqlite"
    with Store(sqlite) as store:
        for _ in range(50):
            keep(store)
    content = bytearray(file.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    file.write_bytes(content)
    with Store(sqlite) as store:
        with pytest.raises(StoreError, match="Move it away, with drawings.sqlite-wal"):
            list(store.drawings.each(Selection()))
        for part in tmp_path.glob("drawings.sqlite*"):
            part.rename(tmp_path / f"old-{part.name}")
        assert keep(store) == 1
    assert (tmp_path / "old-drawings.sqlite").read_bytes() == bytes(content)


def test_a_file_that_was_moved_away_gets_no_more_drawings(sqlite, tmp_path):
    """A server that went on writing to it would keep drawings where nobody looks for them."""
    file = tmp_path / "drawings.sqlite"
    with Store(sqlite) as store:
        keep(store), keep(store)
        file.rename(tmp_path / "old")
        assert keep(store) == 1 and store.totals().drawings == 1
        file.unlink()
        assert keep(store) == 1


def test_two_servers_find_the_same_file_after_one_was_moved_away(sqlite, tmp_path):
    with Store(sqlite) as first, Store(sqlite) as second:
        assert [keep(first), keep(second)] == [1, 2]
        for part in tmp_path.glob("drawings.sqlite*"):
            part.rename(tmp_path / f"old-{part.name}")
        assert [keep(second), keep(first), keep(second)] == [1, 2, 3]
        assert first.totals().drawings == second.totals().drawings == 3
    with Store(f"sqlite:///{tmp_path / 'old-drawings.sqlite'}") as old:
        assert old.totals().drawings == 2


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "home").touch()
    with pytest.raises(StoreError, match=r"cannot be kept in .*home/drawings.sqlite.*HOME"):
        keep(Store(f"sqlite:///{tmp_path / 'home' / 'drawings.sqlite'}"))
    (tmp_path / "drawings.sqlite").mkdir()
    with pytest.raises(StoreError, match="let this program write"):
        keep(Store(f"sqlite:///{tmp_path / 'drawings.sqlite'}"))


# Servers


def test_a_server_that_does_not_run_is_told_and_not_asked_again_at_once(monkeypatch):
    store = Store(f"postgresql://ada:secret@127.0.0.1:{free_port()}/digits")
    with pytest.raises(Unreachable, match=r"postgresql://ada:\*\*\*@.* start it, or correct"):
        keep(store)
    monkeypatch.setattr(store._database, "_engine", None)  # which would fail in another way
    start = time.monotonic()
    with pytest.raises(Unreachable) as problem:
        keep(store)
    assert time.monotonic() - start < 1 and "secret" not in str(problem.value)


def test_a_database_that_does_not_exist_is_told(server):
    address = server.url.replace("/postgres", "/nowhere")
    with Store(address) as store, pytest.raises(Unreachable, match='"nowhere" does not exist'):
        keep(store)


def test_connections_that_a_server_has_cut_are_made_anew(server):
    with Store(server.new_schema()) as store:
        keep(store)
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        keep(store)
        assert store.totals().drawings == 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("drawings", "no database's address"),
        ("nothing://host/drawings", "no database's address"),
        ("postgresql+nothing://host/drawings", "no database's address"),
        ("postgresql://host:port/drawings", "no database's address"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///drawings.sqlite", "by its full path"),
        ("mysql+nowhere://host/drawings", "no database's address"),
        ("mysql+mysqlconnector://host/drawings", "needs the Python package mysql"),
    ],
)
def test_an_address_that_is_none_is_told(url, message):
    with pytest.raises(StoreError, match=message):
        Store(url)


@pytest.mark.parametrize(
    ("state", "kind", "message"),
    [
        ("55P03", StoreError, BUSY),
        ("57014", StoreError, BUSY),
        ("40P01", StoreError, BUSY),
        ("53100", StoreError, "no space left"),
        ("42501", StoreError, "forbids what the store needs"),
        ("XX001", Damaged, "restore it from a backup"),
        ("28P01", Unreachable, "correct DIGITCANVAS_DATABASE"),
        ("57P03", Unreachable, "correct DIGITCANVAS_DATABASE"),
        (None, Unreachable, "correct DIGITCANVAS_DATABASE"),
        ("42P01", StoreError, "cannot be used"),
    ],
)
def test_what_a_server_says_is_put_in_words(state, kind, message):
    cause = psycopg.OperationalError("as the\n server says it")
    type(cause).sqlstate, kept = state, psycopg.OperationalError.sqlstate
    try:
        error = DBAPIError.instance("SELECT", {}, cause, psycopg.Error)
        problem = in_words(error, make_url("postgresql://ada:secret@host/digits"))
    finally:
        psycopg.OperationalError.sqlstate = kept
    assert type(problem) is kind and message in str(problem)
    assert "secret" not in str(problem) and "\n" not in str(problem)
