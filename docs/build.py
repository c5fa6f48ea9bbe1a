"""Builds the documentation as web pages: ``python docs/build.py --out out/docs`` (`make docs`).

README.md and every Markdown page that links lead to become pages at the same places; pictures and
other files that they link to are copied. `api/` documents the public names of `wavernn_tf` and of
some of its modules, from their docstrings. A link or an anchor that leads nowhere is an error. It
needs pdoc, which the extra `development` brings.
"""

from __future__ import annotations

import html
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Dict, List, Set, Tuple
from urllib.parse import unquote

import click

ROOT = Path(__file__).resolve().parents[1]
START = Path("README.md")
API = ("", ".config", ".export.runtime", ".layers", ".voice.base")
"""Modules whose public names are documented, in the package `wavernn_tf`."""

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #1f2933; max-width: 60rem; margin: 0 auto;
  padding: 0 1rem 4rem; }
nav { font-size: 0.85rem; padding: 0.7rem 0; border-bottom: 1px solid #e2e8f0; }
nav a { margin-right: 0.9rem; white-space: nowrap; }
a { color: #0b6e99; text-decoration: none; }
a:hover { text-decoration: underline; }
h1, h2, h3 { line-height: 1.25; margin: 1.8em 0 0.6em; }
h1 { margin-top: 1em; }
img { max-width: 100%; }
code { font: 0.88em ui-monospace, monospace; background: #f1f5f9; padding: 0.1em 0.25em;
  overflow-wrap: anywhere; }
pre { background: #f1f5f9; padding: 0.8rem 1rem; overflow-x: auto; }
pre code { padding: 0; overflow-wrap: normal; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 0.92rem;
  margin: 1em 0; }
td:first-child code { white-space: nowrap; }
th, td { border: 1px solid #e2e8f0; padding: 0.3rem 0.6rem; text-align: left;
  vertical-align: top; }
th { background: #f8fafc; }
"""


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def main(out: Path) -> None:
    """Write the pages to the folder OUT, which is replaced, and check every link."""
    try:
        import pdoc  # noqa: F401
    except ModuleNotFoundError as error:
        raise click.ClickException(
            "The pages need pdoc: run `make install`, or `pip install '.[development]'`."
        ) from error
    if out.exists() and not (out / "api").is_dir():
        raise click.ClickException(f"{out} holds something else than these pages: it is kept.")
    shutil.rmtree(out, ignore_errors=True)
    texts, files = reached(START)
    for source, text in texts.items():
        target = out / page_of(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(source, text, list(texts)), encoding="utf-8")
    for source in files:
        (out / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, out / source)
    write_api(out / "api")
    broken = broken_links(out)
    if broken:
        raise click.ClickException("Links that lead nowhere:\n" + "\n".join(broken))
    click.echo(f"{len(texts)} pages and the API in {out}: open {out / 'index.html'}")


def reached(start: Path) -> Tuple[Dict[Path, str], Set[Path]]:
    """Markdown pages by path, and other files, that links lead to from a page.

    Paths are relative to the repository. A link to a folder leads to nothing.
    """
    texts: Dict[Path, str] = {}
    others: Set[Path] = set()
    waiting = [start]
    while waiting:
        source = waiting.pop(0)
        if source in texts or source in others:
            continue
        if source.suffix == ".md":
            texts[source] = (ROOT / source).read_text(encoding="utf-8")
            found = links(rendered(texts[source]))
        elif (ROOT / source).is_file():
            others.add(source)
            web = source.suffix == ".html"
            found = links((ROOT / source).read_text(encoding="utf-8")) if web else []
        else:
            continue
        for link in found:
            path = unquote(link.partition("#")[0])
            if path and not re.match(r"[a-z]+:", path):
                waiting.append(Path(os.path.normpath(source.parent / path)))
    return texts, others


def page_of(source: Path) -> Path:
    """Where a Markdown page lies among the web pages."""
    return Path("index.html") if source == START else source.with_suffix(".html")


def rendered(text: str) -> str:
    """HTML of a Markdown text; headings get the anchors that GitHub gives them."""
    from pdoc import render_helpers

    taken: Set[str] = set()

    def heading(match: re.Match[str]) -> str:
        level, inner = match.groups()
        plain = html.unescape(re.sub(r"<[^>]*>", "", inner)).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        name, number = anchor, 0
        while name in taken:
            number += 1
            name = f"{anchor}-{number}"
        taken.add(name)
        return f'<h{level} id="{name}">{inner}</h{level}>'

    return re.sub(
        r"<h([1-6])[^>]*>(.*?)</h\1>", heading, str(render_helpers.to_html(text)), flags=re.DOTALL
    )


def page(source: Path, text: str, sources: List[Path]) -> str:
    """A whole web page of a Markdown page, with links to all others."""
    here = page_of(source).parent

    def to_page(match: re.Match[str]) -> str:
        path, mark, anchor = match.group(1).partition("#")
        if not path.endswith(".md") or re.match(r"[a-z]+:", path):
            return match.group(0)
        target = Path(os.path.normpath(source.parent / path))
        return f'href="{os.path.relpath(page_of(target), here)}{mark}{anchor}"'

    entries = [(os.path.relpath(page_of(s), here), title(s)) for s in sources]
    entries.append((os.path.relpath("api/wavernn_tf.html", here), "API"))
    menu = " ".join(f'<a href="{link}">{html.escape(name)}</a>' for link, name in entries)
    body = re.sub(r'href="([^"]*)"', to_page, rendered(text))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title(source))} - wavernn-tf</title>\n<style>{_STYLE}</style>\n"
        f"</head>\n<body>\n<nav>{menu}</nav>\n{body}\n</body>\n</html>\n"
    )


def title(source: Path) -> str:
    """What the menu calls a page."""
    folder = "" if source.parent in (Path("."), Path("docs")) else f"{source.parent.name} "
    name = (folder + source.stem).replace("_", " ").lower()
    return "wavernn-tf" if source == START else name


def write_api(out: Path) -> None:
    """Pages of the public names, by pdoc, with a link back to the other pages."""
    import pdoc
    from pdoc import docstrings, render

    google = docstrings.google
    # "Example::" starts a literal block in reStructuredText; in Markdown the indent is enough.
    docstrings.google = lambda text: re.sub("::$", ":", google(text), flags=re.MULTILINE)

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # as the command line does
    render.configure(docformat="google", show_source=False, search=False)
    others = rf"!wavernn_tf\.(?!({'|'.join(re.escape(name[1:]) for name in API if name)})$)"
    pdoc.pdoc(*(f"wavernn_tf{name}" for name in API), others, output_directory=out)
    for path in out.rglob("*.html"):
        home = os.path.relpath(out.parent / page_of(START), path.parent)
        back = f'<p style="padding: 1rem 1rem 0"><a href="{home}">All pages</a></p>'
        menu = '<nav class="pdoc">'
        text = path.read_text(encoding="utf-8").replace(menu, menu + back)
        path.write_text(text, encoding="utf-8")


class _Links(HTMLParser):
    """Collects the links, pictures, sounds and anchors of a web page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: List[str] = []
        self.anchors: Set[str] = set()

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, object]]) -> None:
        """See `HTMLParser`."""
        values = dict(attrs)
        for name in ("href", "src"):
            if tag in ("a", "img", "audio", "script") and values.get(name):
                self.links.append(str(values[name]))
        self.anchors.update(str(values[name]) for name in ("id", "name") if values.get(name))


def links(text: str) -> List[str]:
    """Targets of the links, pictures and sounds of a web page."""
    return _parsed(text).links


def _parsed(text: str) -> _Links:
    parser = _Links()
    parser.feed(text)
    return parser


def broken_links(out: Path) -> List[str]:
    """Links within the pages of a folder whose file or anchor is not there."""
    parsed = {p: _parsed(p.read_text(encoding="utf-8")) for p in sorted(out.rglob("*.html"))}
    found = []
    for source, here in parsed.items():
        for link in here.links:
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = source.parent / unquote(path) if path else source
            target = Path(os.path.normpath(target))
            lacking = anchor and target in parsed and unquote(anchor) not in parsed[target].anchors
            if not target.exists() or lacking:
                found.append(f"{source.relative_to(out)}: {link}")
    return found


if __name__ == "__main__":
    main()
