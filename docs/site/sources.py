#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sources.py XML OUT writes the sources of the web pages to the folder OUT: the Markdown pages of the project, the pages of the public headers
made from Doxygen's XML, and the navigation. A page keeps its path, without docs/; a README.md becomes index.md."""
import fnmatch
import json
import os
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "test")]
sys.dont_write_bytecode = True
from api import Reference, unambiguous  # noqa: E402
from links import FENCE, LINK, headings, pages  # noqa: E402
from navigation import ABOUT, GUIDE, INTRODUCTIONS, REFERENCE, START  # noqa: E402
from pages import WIDTH  # noqa: E402


def site(path):
    """The path of a page or of a picture among the sources of the site."""
    path = path.relative_to(ROOT)
    if path.parts[0] == "docs":
        path = path.relative_to("docs")
    if path.name == "README.md":
        return path.with_name("index.md")
    return path.with_name(path.name.lower()) if path.suffix == ".md" else path


def wrapped(fence):
    """Joins the lines of a text that test/pages.py has broken, and lets the browser break them; not those of a table."""
    opening, *lines, closing = fence.split("\n")
    if opening != "```text" or max(map(len, lines), default=0) < 90 or any(re.search(r"\S {3,}\S", line) for line in lines):
        return fence
    joined = lines[:1]
    for before, line in zip(lines, lines[1:]):
        indent = re.match(" *", line)[0]
        if line and before.startswith(indent) and len(before) + 1 + len(line.split()[0]) > WIDTH:
            joined[-1] += " " + line.lstrip()
        else:
            joined.append(line)
    return "\n".join(["```{code-block} text", ":class: wrapped", *joined, closing])


def toctree(entries, caption=""):
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["", "```{toctree}", *options, "", *entries, "```", ""])


class Site:
    def __init__(self, xml, out):
        self.out = out
        self.reference = Reference(xml)
        self.texts = {page: page.read_text(encoding="utf-8") for page in pages()}
        self.titles = {str(site(page).with_suffix("")): headings(text)[0] for page, text in self.texts.items()}
        self.parts = self.sorted_headers()
        self.extra = {}  # page -> what is appended

    # The project's pages

    def rewritten(self, page, text):
        """The page with its links as they are among the sources of the site. A link to what is no page becomes its text, and a link whose
        text is the path of a page gets that page's title."""

        def link(match):
            opening, target, anchor = match[1], match[2], match[3] or ""
            if not opening or not target or re.match(r"[a-z]+:", target):
                return match[0]
            found = (page.parent / target).resolve()
            if (found / "README.md").exists():
                found /= "README.md"
            if found not in self.texts and not opening.startswith("!"):
                return opening[1:-2]
            if found not in self.texts:
                self.copy(found)
            if re.fullmatch(r"\[[\w./-]+(\.md|/[\w-]+)\]\(", opening):
                opening = f"[{headings(self.texts[found])[0]}]("
            return f"{opening}{os.path.relpath(site(found), site(page).parent)}{anchor})"

        parts, end = [], 0
        for fence in FENCE.finditer(text):
            parts += [LINK.sub(link, text[end : fence.start()]), wrapped(fence[0])]
            end = fence.end()
        return "".join([*parts, LINK.sub(link, text[end:])])

    def copy(self, picture):
        to = self.out / site(picture)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, to)

    def mentions(self, names):
        """The pages of the guide and of the reference that show an operation, those that name it most first."""
        pattern = re.compile("|".join(rf"\bxl::{re.escape(name)}\b|`{re.escape(name)}\b" for name in names))
        found = []
        for page, text in self.texts.items():
            name = str(site(page))
            if name.startswith(("guide/", "reference/")) and "index" not in name:
                found.append((len(pattern.findall(text)), name))
        found = sorted((-count, name) for count, name in found if count)
        return [(name, self.titles[name.removesuffix(".md")]) for _, name in found[:3]]

    # The headers

    def sorted_headers(self):
        """The headers of each part of the reference, in the order of its patterns."""
        parts = {name: [] for name in REFERENCE}
        for path in sorted(path for path, entries in self.reference.headers.items() if entries):
            name = path.removeprefix("crosslane/").removesuffix(".hpp")
            matching = []
            for part, (_, _, patterns) in REFERENCE.items():
                for i, pattern in enumerate(patterns.split()):
                    if fnmatch.fnmatchcase(name, pattern):
                        matching.append((len(pattern), part, i))
            _, part, place = max(matching)
            parts[part].append((place, path))
        return {part: [path for _, path in sorted(found)] for part, found in parts.items()}

    def header_title(self, path):
        name = pathlib.PurePath(path).name
        alike = [p for p in self.reference.headers if p.endswith(f"/{name}")]
        return name if len(alike) == 1 else path.removeprefix("crosslane/")

    def header_pages(self):
        for paths in self.parts.values():
            for path in paths:
                self.put(f"api/{self.reference.page(path)}.md", self.reference.write(path, self.header_title(path), self.mentions))

    def part_pages(self):
        for name, (page, more, _) in REFERENCE.items():
            paths = self.parts[name]
            lines = [f"# {name}\n\n{INTRODUCTIONS[page]}"] if page in INTRODUCTIONS else []
            lines.append("## Headers")
            for path in paths:
                lines.append(f"### [{self.header_title(path)}](/api/{self.reference.page(path)}.md)")
                lines.append(self.reference.summary(path))
            children = [f"/{p}" for p in more] + [f"/api/{self.reference.page(path)}" for path in paths]
            self.extra[page] = "\n\n" + "\n\n".join(lines) + "\n" + toctree(children)
            if page in INTRODUCTIONS:
                self.put(f"{page}.md", self.extra[page].lstrip())

    def short_names(self):
        """Returns the names 'page#name' that a page of the reference and the guide's page of that name give to operations of their part."""
        named = []
        for part, (page, more, _) in REFERENCE.items():
            own = {self.reference.page(path) for path in self.parts[part]}
            for symbol in self.reference.symbols.values():
                for place in [page, *more] if symbol.page in own and symbol.kind < 3 else []:
                    name = symbol.name.rpartition("::")[2]
                    named += [(f"{place}#{name}", symbol), (f"{place.replace('reference/', 'guide/')}#{name}", symbol)]
        return unambiguous(named)

    # All

    def navigation(self):
        examples = sorted(page for page in self.titles if page.startswith("examples/"))
        lines = "\n".join(f"- [{self.titles[page]}](/{page}.md): {self.lead(page)}" for page in examples)
        self.put("examples/index.md", f"# Examples\n\n{lines}\n" + toctree([f"/{page}" for page in examples]))
        reference = ["reference/index", *(f"{name} <{page}>" for name, (page, _, _) in REFERENCE.items())]
        placed = {re.sub(r".*<|>", "", entry) for entry in [*START, *GUIDE, *reference, *ABOUT]}
        placed |= {"index", *examples, *(page for _, more, _ in REFERENCE.values() for page in more)}
        table = [f"guide/{page}" for page in re.findall(r"\(([\w-]+)\.md\)", self.texts[ROOT / "docs/guide/README.md"])]
        guide = [page for page in dict.fromkeys([*table, *sorted(self.titles)]) if page.startswith("guide/") and page not in placed]
        others = sorted(self.titles.keys() - placed - set(guide))
        self.extra["index"] = "".join(
            toctree(entries, caption)
            for caption, entries in [("Start", START), ("Guide", GUIDE + guide), ("Reference", reference), ("About", ABOUT + others)]
        )

    def lead(self, page):
        """The first sentence of a page."""
        text = next(t for p, t in self.texts.items() if str(site(p).with_suffix("")) == page)
        paragraph = next(p for p in text.split("\n\n")[1:] if re.match(r"\w", p))
        return re.split(r"(?<=[.:])\s", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split())))[0].rstrip(":.") + "."

    def put(self, name, text):
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write(self):
        self.header_pages()
        self.part_pages()
        self.navigation()
        for page, text in self.texts.items():
            name = str(site(page).with_suffix(""))
            self.put(f"{name}.md", self.rewritten(page, text) + self.extra.get(name, ""))
        symbols = self.reference.unique | self.short_names()
        symbols = {name: [f"api/{symbol.page}", symbol.label] for name, symbol in symbols.items()}
        self.put("symbols.json", json.dumps(symbols))


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    Site(pathlib.Path(sys.argv[1]), out).write()
