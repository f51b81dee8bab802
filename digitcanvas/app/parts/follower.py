"""What has a fragment rerun when there is news for it (news.py): follower.js, in the page."""

from pathlib import Path

from digitcanvas.app import assets, live
from digitcanvas.app.news import watcher
from digitcanvas.app.state import Key

_follower = assets.component(
    "digitcanvas.follower",
    Path(__file__).with_name("follower.js"),
    html="<span></span>",
    css="""
    [class*="st-key-news_"] {
      display: none;
    }
    """,
    isolate_styles=False,
)


def show(key: Key, *kinds: str, at_once: bool = False) -> None:
    """Have the fragment that calls this rerun when there is news of these kinds.

    Call it before anything else in the fragment: it notes what the fragment is about to show. A
    session that waits for the news may have it `at_once`; others take turns.
    """
    versions = watcher.versions
    _follower(
        data={
            "live": live.PATH.lstrip("/"),
            "known": {kind: versions[kind] for kind in kinds},
            "atOnce": at_once,
        },
        key=key,
        on_news_change=lambda: None,
    )
