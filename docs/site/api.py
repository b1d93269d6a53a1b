# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads Doxygen's XML of the public headers and writes Markdown: a page for each header, a section for each of its operations and types.
Overloads share a section, and so do members that share a comment."""
import collections
import re
import xml.etree.ElementTree as ElementTree

from declarations import declaration, plain, tidy

INCLUDED = ["crosslane/crosslane.hpp", "crosslane/tensor.hpp", "crosslane/matrix.hpp", "crosslane/check.hpp", "crosslane/gtest.hpp",
            "crosslane/vector.hpp"]  # by programs
SECTIONS = {"param": "Parameters", "templateparam": "Template parameters", "exception": "Throws", "retval": "Returns", "return": "Returns",
            "see": "See also", "pre": "Precondition", "post": "Postcondition"}
# Names of kind 0 have a section of their own in a page; 1 is a function of a class, 2 a value of an enumeration, 3 any other member.
Symbol = collections.namedtuple("Symbol", "name kind page label")


def escaped(text):
    return re.sub(r"([\\`*_\[\]<>#|~$])", r"\\\1", text)


def label_of(name):
    """A name without what a label cannot have; operators stay apart."""
    return re.sub(r"[^\w.-]+", lambda match: "".join(f"-{ord(c):x}" for c in match[0]), name.replace("::", ".").replace(" ", ""))


def in_cell(text):
    return re.sub(r"(?<!\\)\|", r"\|", re.sub(r"\s+", " ", text)).strip()


def capitalised(text):
    return text[:1].upper() + text[1:]


def unambiguous(named):
    """From pairs of a name and a symbol, the names of which the symbols of the lowest kind are all in one section."""
    found = collections.defaultdict(set)
    for name, symbol in named:
        found[name].add(symbol)
    best = {name: [s for s in symbols if s.kind == min(symbols, key=lambda s: s.kind).kind] for name, symbols in found.items()}
    return {name: min(symbols) for name, symbols in best.items() if len({s.label for s in symbols}) == 1}


class Reference:
    def __init__(self, xml):
        self.headers = collections.defaultdict(list)  # path -> what is in it: (line, node, scope)
        self.about = {}  # path -> node of the file
        self.symbols = {}  # Doxygen's id -> Symbol
        self.closures = {}  # header -> those that it includes, directly or not
        for file in sorted(xml.glob("*.xml")):
            if file.name in ("index.xml", "Doxyfile.xml"):
                continue
            for compound in ElementTree.parse(file).getroot().iter("compounddef"):
                self.read(compound)
        for path, found in self.headers.items():
            found.sort(key=lambda entry: entry[0])
            self.headers[path] = self.entries(found)
        for path, entries in self.headers.items():
            for entry in entries:
                self.name(path, entry)
        self.unique = self.by_name()
        self.current = None  # the label of the section that is being written

    # Reading

    def read(self, compound):
        kind, name = compound.get("kind"), tidy(plain(compound.find("compoundname")))
        location = compound.find("location")
        if kind == "file":
            self.about[location.get("file")] = compound
            self.headers.setdefault(location.get("file"), [])
        if kind in ("namespace", "file"):
            scope = name if kind == "namespace" else ""
            for member in compound.iter("memberdef"):
                if kind == "namespace" or member.get("kind") == "define":
                    self.add(member, scope)
        elif kind in ("class", "struct", "union", "concept"):
            self.add(compound, name.rpartition("::")[0] if "<" not in name else re.match(r"[\w:]*?(?=(::)?\w+<)", name)[0])

    def documented(self, node):
        return any(plain(node.find(part)).strip() for part in ("briefdescription", "detaileddescription"))

    def add(self, node, scope):
        location = node.find("location")
        if self.documented(node) and not re.match(r"std|testing|crosslane::(detail|adl)|.*::detail", scope):
            scope = scope.removeprefix("crosslane").removeprefix("::")
            self.headers[location.get("file")].append((int(location.get("line")), node, scope))

    def text(self, node):
        return self.markdown(node.find("briefdescription")) + "\n" + self.markdown(node.find("detaileddescription"))

    def entries(self, found):
        """Lists of nodes that share a section."""
        entries = []
        for _, node, scope in found:
            name, kind = self.title(node, scope), node.get("kind")
            same = next((e for e in entries if e["names"] == [name] and kind == "function"), None)
            shared = entries[-1] if entries and kind != "concept" and node.tag == "memberdef" else None
            if same:
                same["nodes"].append(node)
            elif shared and shared["kind"] == kind and shared["scope"] == scope and self.raw(shared["nodes"][-1]) == self.raw(node):
                shared["nodes"].append(node)
                if name not in shared["names"]:
                    shared["names"].append(name)
            else:
                entries.append({"names": [name], "kind": kind, "scope": scope, "nodes": [node]})
        return entries

    def raw(self, node):
        return " ".join((plain(node.find("briefdescription")) + plain(node.find("detaileddescription"))).split())

    def title(self, node, scope):
        if node.tag == "compounddef":
            return tidy(plain(node.find("compoundname"))).removeprefix("crosslane::")
        name = node.find("name").text
        return f"{scope}::{name}" if scope else name

    def name(self, path, entry):
        page, kind = self.page(path), entry["nodes"][0].tag
        label = f"{page}.{label_of(entry['names'][0])}"
        for node in entry["nodes"]:
            self.symbols[node.get("id")] = Symbol(self.title(node, entry["scope"]), 0, page, label)
        for value in entry["nodes"][0].findall("enumvalue"):
            self.symbols[value.get("id")] = Symbol(f"{entry['names'][0]}::{value.find('name').text}", 2, page, label)
        for group in self.member_groups(entry["nodes"][0]) if kind == "compounddef" else []:
            member = label if self.in_table(group) else f"{label}.{label_of(group[1][0])}"
            for node in group[2]:
                name = f"{entry['names'][0]}::{node.find('name').text}"
                self.symbols[node.get("id")] = Symbol(name, 1 if group[0] == "function" else 3, page, member)

    @staticmethod
    def page(path):
        return re.sub(r"\W", "_", path.removeprefix("crosslane/").removesuffix(".hpp"))

    # Text

    def link(self, node):
        symbol = self.symbols.get(node.get("refid"))
        text = plain(node)
        return f"[`{text}`](#{symbol.label})" if symbol else f"`{text}`"

    def prose(self, text):
        """Text in which names of operations and members of the context are code that leads to them."""

        def named(match):
            name = match[0].removesuffix("()").replace("ctx.", "context::")
            symbol = self.unique.get(name)
            if not symbol and "ctx." not in match[0]:
                return escaped(match[0])
            return f"[`{match[0]}`](#{symbol.label})" if symbol and symbol.label != self.current else f"`{match[0]}`"

        name = r"\bctx\.\w+\(\)|\b[a-z]\w*_\w+(?:\(\))?"
        parts = re.split(f"({name})", text or "")
        return "".join(named(re.fullmatch(name, part)) if i % 2 else escaped(part) for i, part in enumerate(parts))

    def markdown(self, node):
        """Blocks of Markdown of a description."""
        if node is None:
            return ""
        blocks, line = [], ""

        def flush():
            nonlocal line
            if line.strip():
                blocks.append(line.strip())
            line = ""

        line += self.prose(node.text)
        for child in node:
            tag = child.tag
            if tag in ("para", "sect1", "sect2", "simplesectsep"):
                flush()
                blocks.append(self.markdown(child))
            elif tag == "title":
                flush()
                blocks.append(f"**{escaped(plain(child))}**")
            elif tag in ("programlisting", "verbatim"):
                flush()
                blocks.append(f"```cpp\n{self.code(child)}\n```")
            elif tag in ("itemizedlist", "orderedlist"):
                flush()
                mark = "- " if tag == "itemizedlist" else "1. "
                items = (self.markdown(item).replace("\n", "\n" + " " * len(mark)) for item in child.findall("listitem"))
                blocks.append("\n".join(mark + item for item in items))
            elif tag == "parameterlist":
                flush()
                blocks.append(self.parameters(child))
            elif tag == "simplesect":
                flush()
                blocks.append(f"**{SECTIONS.get(child.get('kind'), child.get('kind').capitalize())}:** {self.markdown(child)}")
            elif tag == "table":
                flush()
                blocks.append(self.table(child))
            elif tag == "ref":
                line += self.link(child)
            elif tag == "computeroutput":
                refs = child.findall("ref")
                line += self.link(refs[0]) if len(refs) == 1 and plain(refs[0]) == plain(child) else f"`{plain(child)}`"
            elif tag in ("bold", "emphasis"):
                mark = "**" if tag == "bold" else "*"
                line += f"{mark}{self.markdown(child)}{mark}"
            elif tag == "ulink":
                line += f"[{escaped(plain(child))}]({child.get('url')})"
            elif tag == "linebreak":
                line += "\\\n"
            elif tag in ("ndash", "mdash"):
                line += "–"
            else:
                line += self.prose(plain(child))
            line += self.prose(child.tail)
        flush()
        return "\n\n".join(block for block in blocks if block)

    def code(self, node):
        if node.tag == "verbatim":
            return node.text.rstrip().strip("\n")
        for space in node.iter("sp"):
            space.text = " "
        return "\n".join(plain(line) for line in node.findall("codeline")).strip("\n").rstrip()

    def parameters(self, node):
        rows = []
        for item in node.findall("parameteritem"):
            names = ", ".join(f"`{plain(name)}`" for name in item.iter("parametername"))
            rows.append(f"- {names}: " + self.markdown(item.find("parameterdescription")).replace("\n", "\n  "))
        return f"**{SECTIONS[node.get('kind')]}**\n\n" + "\n".join(rows)

    def table(self, node):
        rows = [[self.markdown(cell).replace("\n", " ") for cell in row.findall("entry")] for row in node.findall("row")]
        rows.insert(1, ["---"] * len(rows[0]))
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    # Pages

    def see_also(self, entry, mentions):
        """Types of the declarations, and pages that show the operation."""
        own = {self.symbols[n.get("id")].label for n in entry["nodes"]}
        words = {word for node in entry["nodes"] for kind in node.iter("type") for word in re.findall(r"\w+", plain(kind))}
        text = " ".join(self.raw(node) for node in entry["nodes"])
        types = []
        for symbol in self.unique.values():
            if symbol.name in words and symbol.label not in own and not re.search(rf"\b{re.escape(symbol.name)}\b", text):
                types.append(f"[`{symbol.name}`](#{symbol.label})")
        pages = [f"[{title}](/{page})" for page, title in mentions(entry["names"])]
        return ", ".join([*sorted(set(types))[:4], *pages])

    def member_groups(self, node):
        """Members in the order of the header: (kind, names, nodes). Overloads are together, and so are those that share a comment."""
        groups = []
        shown = [m for m in node.iter("memberdef") if m.get("prot") in ("public", "package") and self.documented(m)]
        for member in sorted(shown, key=lambda m: int(m.find("location").get("line"))):
            name, kind = member.find("name").text, member.get("kind").replace("friend", "function")
            for group in groups if kind == "function" else []:
                if group[0] == kind and (group[1] == [name] or self.raw(group[2][-1]) == self.raw(member)):
                    group[2].append(member)
                    if name not in group[1]:
                        group[1].append(name)
                    break
            else:
                groups.append((kind, [name], [member]))
        return groups

    def in_table(self, group):
        """Values, and functions that a few words describe, stand in the table of members."""
        kind, _, nodes = group
        return kind in ("typedef", "variable") or kind == "function" and len(nodes) == 1 and self.raw(nodes[0])[:1].islower()

    def members(self, node):
        """Markdown of the members of a class: a table of short ones, sections for others."""
        rows, sections = [], []
        for group in self.member_groups(node):
            kind, names, nodes = group
            if self.in_table(group):
                declared = re.sub(r"\s+", " ", declaration(nodes[0])).replace("|", "\\|")
                rows.append(f"| `{declared.rstrip(';')}` | {self.cell(nodes[0])} |")
            else:
                title = ", ".join(escaped(name) for name in names)
                sections.append(f"({self.symbols[nodes[0].get('id')].label})=\n\n### {title}\n\n{self.body(nodes)}")
        table = "| member | meaning |\n|---|---|\n" + "\n".join(rows) if rows else ""
        return "\n\n".join(part for part in [table, *sections] if part)

    def cell(self, node):
        text = self.text(node)
        return capitalised(in_cell(re.sub(r"```cpp\n(.*?)\n```", lambda m: f"`{m[1]}`", text, flags=re.S)))

    def body(self, nodes):
        """Declarations, each with its description; those with one description together."""
        parts = []
        for node in nodes:
            if parts and self.raw(parts[-1][-1]) == self.raw(node):
                parts[-1].append(node)
            else:
                parts.append([node])
        text = []
        for part in parts:
            declarations = [declaration(n) for n in part]
            gap = "\n\n" if any("\n" in d for d in declarations) else "\n"
            text.append(f"```cpp\n{gap.join(declarations)}\n```\n\n{capitalised(self.text(part[0]).strip())}")
            if part[0].get("kind") == "enum":
                rows = [f"| `{v.find('name').text}` | {self.cell(v)} |" for v in part[0].findall("enumvalue")]
                text.append("| value | meaning |\n|---|---|\n" + "\n".join(rows))
        return "\n\n".join(text)

    def first_sentence(self, entry):
        brief = self.markdown(entry["nodes"][0].find("briefdescription")) or self.markdown(entry["nodes"][0].find("detaileddescription"))
        return capitalised(in_cell(brief.split("\n\n")[0]))

    def description(self, path):
        return self.text(self.about[path]).strip() if path in self.about else ""

    def summary(self, path):
        """A table of the operations of a header."""
        rows = ["| name | what it is |", "|---|---|"]
        for entry in self.headers[path]:
            label = self.symbols[entry["nodes"][0].get("id")].label
            names = ", ".join(f"`{name}`" for name in entry["names"])
            rows.append(f"| [{names}](#{label}) | {self.first_sentence(entry)}{self.member_links(entry)} |")
        return "\n".join(rows)

    def member_links(self, entry):
        """The functions of a class that have sections."""
        node = entry["nodes"][0]
        groups = self.member_groups(node) if node.tag == "compounddef" else []
        own = re.sub("<.*|.*::", "", entry["names"][0])
        shown = [g for g in groups if not self.in_table(g) and not g[1][0].startswith(("operator", "~")) and g[1][0] != own]
        links = ", ".join(f"[`{', '.join(names)}`](#{self.symbols[nodes[0].get('id')].label})" for _, names, nodes in shown)
        return f" Members: {links}." if links else ""

    def include(self, path):
        """The header that programs include, and where the declarations are."""
        included = next((header for header in INCLUDED if path in self.included_by(header)), path)
        declared = f"\n\nDeclared in `{path}`." if included != path else ""
        return f"```cpp\n#include <{included}>\n```{declared}"

    def included_by(self, header):
        if header not in self.closures:
            self.closures[header], left = set(), [header]
            while left:
                path = left.pop()
                if path in self.about and path not in self.closures[header]:
                    self.closures[header].add(path)
                    left += [plain(node) for node in self.about[path].findall("includes")]
        return self.closures[header]

    def write(self, path, title, mentions):
        lines = [f"# {title}", self.description(path), self.include(path)]
        if len(self.headers[path]) > 1:
            lines.append(self.summary(path))
        for entry in self.headers[path]:
            node = entry["nodes"][0]
            self.current = self.symbols[node.get("id")].label
            title = ", ".join(escaped(name) for name in entry["names"])
            lines += [f"({self.current})=", f"## {title}", self.body(entry["nodes"])]
            if node.tag == "compounddef":
                lines.append(self.members(node))
            also = self.see_also(entry, mentions)
            if also:
                lines.append(f"*See also:* {also}")
        return "\n\n".join(line for line in lines if line) + "\n"

    def by_name(self):
        """Names that lead to one section only. Those of enumerations' values are also there without the enumeration."""
        found = [(symbol.name, symbol) for symbol in self.symbols.values() if symbol.kind < 3]
        values = [(symbol.name.rpartition("::")[2], symbol) for symbol in self.symbols.values() if symbol.kind == 2]
        return unambiguous(values) | unambiguous(found)
