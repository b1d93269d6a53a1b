# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The text of declarations, from Doxygen's XML. Names of detail namespaces are left out."""
import re

WIDTH = 96


def plain(node):
    return "".join(node.itertext()) if node is not None else ""


def tidy(code):
    """Code in the spelling of the headers: 'T const& x', 'a<b>'."""
    code = re.sub(r"\s+", " ", code).strip()
    code = re.sub(r"< (?=\S)", "<", re.sub(r"(?<=[\w>)*&.]) >", ">", code))
    code = re.sub(r"(?<=[\w\]>&*])=(?=[\w{\"'(:-])", " = ", code).replace(",...", ", ...")
    code = re.sub(r" ([&*]+)(?=[\w.)])", r"\1 ", re.sub(r" ([&*]+)$", r"\1", code))
    return re.sub(r"([&*]) (?=\))", r"\1", code.replace("& &", "&&").replace("& ...", "&..."))


def split(parameters):
    """Splits at commas outside of brackets."""
    parts, depth = [""], 0
    for c in parameters:
        depth += (c in "(<[{") - (c in ")>]}")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def broken(function):
    """Breaks the declaration of a function at its parameters if it is long."""
    if len(function) <= WIDTH:
        return function
    begin = function.index("(")
    depth = 0
    for end in range(begin, len(function)):
        depth += (function[end] == "(") - (function[end] == ")")
        if depth == 0:
            break
    return function[: begin + 1] + "\n    " + ",\n    ".join(split(function[begin + 1 : end])) + function[end:]


def template(node):
    parameters = node.find("templateparamlist")
    if parameters is None:
        return ""
    shown = []
    for parameter in parameters.findall("param"):
        kind, name = tidy(plain(parameter.find("type"))), plain(parameter.find("declname"))
        default = tidy(plain(parameter.find("defval")))
        if "detail::" in kind:  # a constraint, which the text describes
            kind = "class"
        if "detail::" in default:
            default = "/* unspecified */"
        shown.append(kind + (f" {name}" if name else "") + (f" = {default}" if default else ""))
    line = f"template <{', '.join(shown)}>\n"
    if len(line) > WIDTH:
        line = "template <" + ",\n          ".join(shown) + ">\n"
    clause = tidy(plain(node.find("requiresclause")))
    return line + (f"requires {clause}\n" if clause and "detail::" not in clause else "")


def declaration(node):
    if node.tag == "compounddef":
        return concept_declaration(node) if node.get("kind") == "concept" else class_declaration(node)
    kind, name = node.get("kind"), node.find("name").text
    result = tidy(re.sub(r"\b(CROSSLANE_\w+|inline|static|typedef)\b", "", plain(node.find("type"))))
    if kind == "define":
        parameters = ", ".join(plain(parameter) for parameter in node.findall("param"))
        return f"#define {name}" + (f"({parameters})" if parameters else "")
    if kind == "enum":
        return ("enum class " if node.get("strong") == "yes" else "enum ") + name
    if kind == "typedef":
        return f"{template(node)}using {name} = {'/* unspecified */' if 'detail::' in result else result};"
    words = ["static"] if node.get("static") == "yes" else []
    if kind == "variable":
        value = tidy(plain(node.find("initializer")))
        known = value and len(value) < 60 and "detail::" not in value
        return template(node) + " ".join([*words, result, name, *([value] if known else [])]) + ";"
    if node.get("explicit") == "yes" and "explicit" not in result:
        words.append("explicit")
    if result:
        words.append("auto" if "detail::" in result else result)
    arguments = re.sub(r" ?= ?(default|delete)$", r" = \1", tidy(plain(node.find("argsstring"))))
    arguments = re.sub(r"\s*->\s*[^()]*detail::.*$", "", arguments).replace("detail::", "")
    return template(node) + broken(" ".join([*words, name + arguments]) + ";")


def class_declaration(node):
    name = re.sub(r"^[\w:]*::(?=\w+(<|$))", "", tidy(plain(node.find("compoundname"))))
    bases = [plain(base).replace("crosslane::", "") for base in node.findall("basecompoundref") if base.get("prot") == "public"]
    bases = ", ".join(tidy(base) for base in bases if "detail::" not in base)
    return f"{template(node)}{node.get('kind')} {name}{f' : {bases}' if bases else ''};"


def concept_declaration(node):
    name = plain(node.find("compoundname")).rpartition("::")[2]
    return f"{template(node)}concept {name};"
