"""Text from files and people, for places that Streamlit takes as Markdown."""

import re

SPECIAL = re.compile(r"[\\`*\[\]<>$~]|:(?=/)|(?<=www)\.", re.IGNORECASE)
"""What makes emphasis, code, pictures, links, formulas and HTML, and links of addresses."""


def literal(text: str) -> str:
    """The text as Markdown that shows it as it is, on one line, and fetches nothing."""
    return SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
