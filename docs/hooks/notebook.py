"""The notebook as a page: MkDocs runs it, as CI does, and shows what its cells give.

A cell's last line, if it is an expression, is shown as Jupyter shows it. This is all that the
notebook uses of Jupyter, which would take longer to install than the rest of the documentation.
"""

import ast
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
PLOTLY = "plotly.min.js"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """MkDocs' event: add the notebook's page, and the script that draws its figures."""
    sys.path.insert(0, str(ROOT))
    page = "\n\n".join([f'<script src="../{PLOTLY}"></script>', *sections()])
    files.append(File.generated(config, "notebook.md", content=page))
    files.append(File.generated(config, PLOTLY, content=get_plotlyjs()))
    return files


def sections() -> Iterator[str]:
    """The notebook in Markdown: its text, its code, and what the code gives when it runs."""
    names: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source
        else:
            yield f"```python\n{source}\n```"
            yield from as_html(*run(source, names))


def run(source: str, names: dict[str, Any]) -> tuple[str, Any]:
    """Run a cell with the names of those before. Gives what it prints, and its last value."""
    body = ast.parse(source).body
    last, value = body[-1], None
    with redirect_stdout(io.StringIO()) as printed:
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(body[:-1], []), "<cell>", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
        else:
            exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return printed.getvalue(), value


def as_html(printed: str, value: Any) -> Iterator[str]:
    """A cell's output as blocks of HTML."""
    if printed:
        yield f"<pre>{escape(printed)}</pre>"
    if isinstance(value, Figure):
        value.update_layout(template="none", paper_bgcolor="#0000", plot_bgcolor="#0000")
        yield value.to_html(full_html=False, include_plotlyjs=False)
    elif hasattr(value, "_repr_html_"):
        yield value._repr_html_()
    elif value is not None:
        yield f"<pre>{escape(repr(value))}</pre>"
