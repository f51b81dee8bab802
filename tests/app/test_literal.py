import pytest

from digitcanvas.app.literal import literal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("5,000 digits of MNIST", "5,000 digits of MNIST"),
        ("![x](http://a.org/x.png)", r"!\[x\](http\://a.org/x.png)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("one\n\n# two", "one # two"),
        ("\\[x](y)", r"\\\[x\](y)"),
        ("WWW.a.org", r"WWW\.a.org"),
    ],
)
def test_markdown_is_shown_as_it_is(text, shown):
    assert literal(text) == shown
