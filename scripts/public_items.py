#!/usr/bin/env python3
"""Lists the public items of the library, a line each, from rustdoc's JSON.

    scripts/public_items.py            prints the list
    scripts/public_items.py --check    compares it with docs/public-items.txt; exit code 1 if they differ
    scripts/public_items.py --write    writes that file

What changes in the list is a change of the interface, and belongs into CHANGELOG.md. The JSON is an
unstable output of rustdoc. Where its version is not the one known here, --check says so and passes.
"""

import difflib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "public-items.txt"
# Versions of the JSON that were tried.
KNOWN = range(45, 60)


def documented() -> dict:
    # Only rustdoc itself is asked for what is unstable: dependencies that look for it would be built
    # anew, here and again by the next build.
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
    target.mkdir(parents=True, exist_ok=True)
    rustdoc = target / "rustdoc-json"
    rustdoc.write_text('#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n')
    rustdoc.chmod(0o755)
    command = ["cargo", "rustdoc", "--quiet", "-p", "faceveil", "--lib", "--"]
    options = ["-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"]
    subprocess.run([*command, *options], cwd=ROOT, check=True, env={**os.environ, "RUSTDOC": str(rustdoc)})
    return json.loads((target / "doc" / "faceveil.json").read_text())


class Items:
    """Walks the modules, and follows what they re-export."""

    def __init__(self, doc: dict):
        self.index, self.root = doc["index"], doc["root"]
        self.lines: set[str] = set()
        # The first path of each item; at others it is named as the same one.
        self.paths: dict[int, str] = {}

    def item(self, number):
        return self.index.get(str(number))

    def listed(self) -> list[str]:
        self.module(self.item(self.root), "faceveil")
        return sorted(self.lines)

    def module(self, item, path: str) -> None:
        children = [self.item(number) for number in item["inner"]["module"]["items"]]
        children = [c for c in children if c is not None and c["visibility"] == "public"]
        # What stands in a module itself comes before the modules below it.
        for child in sorted(children, key=lambda c: "module" in c["inner"]):
            self.any(child, path)

    def any(self, item, path: str, name: str | None = None) -> None:
        (kind, inner), = item["inner"].items()
        if kind == "use":
            self.reexport(item, inner, path)
            return
        own = f"{path}::{name or item['name']}"
        first = self.paths.setdefault(item["id"], own)
        if first != own:
            self.lines.add(f"use {own} = {first}")
            return
        if kind == "module":
            self.lines.add(f"mod {own}")
            self.module(item, own)
        elif kind == "function":
            self.lines.add(self.function(inner, own))
        elif kind in ("struct", "union"):
            self.structure(inner, own, self.attributes(item))
        elif kind == "enum":
            self.lines.add(f"{self.attributes(item)}enum {own}")
            for number in inner["variants"]:
                self.lines.add(f"variant {own}::{self.item(number)['name']}")
            self.methods(inner["impls"], own)
        elif kind == "trait":
            self.lines.add(f"trait {own}")
            for number in inner["items"]:
                self.member(self.item(number), own)
        elif kind == "constant":
            self.lines.add(f"const {own}: {self.type(inner['type'])}")
        else:
            self.lines.add(f"{kind} {own}")

    @staticmethod
    def attributes(item) -> str:
        return "non_exhaustive " if "non_exhaustive" in json.dumps(item["attrs"]) else ""

    def reexport(self, item, inner, path: str) -> None:
        target = self.item(inner["id"]) if inner["id"] is not None else None
        if target is None:
            self.lines.add(f"use {path}::{inner['name']} = {inner['source']}")
        elif inner["is_glob"]:
            self.module(target, path)
        else:
            self.any(target, path, inner["name"])

    def structure(self, inner, own: str, attributes: str) -> None:
        self.lines.add(f"{attributes}struct {own}")
        kind = inner.get("kind", {})
        fields = []
        if isinstance(kind, dict):
            fields = kind.get("plain", {}).get("fields", []) or kind.get("tuple", [])
        for number in fields:
            field = self.item(number) if number is not None else None
            if field is not None and field["visibility"] == "public":
                of = self.type(field["inner"]["struct_field"])
                self.lines.add(f"field {own}::{field['name']}: {of}")
        self.methods(inner["impls"], own)

    def methods(self, impls, own: str) -> None:
        for number in impls:
            implemented = self.item(number)
            if implemented is None:
                continue
            inner = implemented["inner"]["impl"]
            if inner["is_synthetic"] or inner["blanket_impl"]:
                continue
            if inner["trait"] is not None:
                self.lines.add(f"impl {self.path(inner['trait'])} for {own}")
                continue
            for member in map(self.item, inner["items"]):
                if member is not None and member["visibility"] == "public":
                    self.member(member, own)

    def member(self, item, own: str) -> None:
        (kind, inner), = item["inner"].items()
        path = f"{own}::{item['name']}"
        if kind == "function":
            self.lines.add(self.function(inner, path))
        else:
            self.lines.add(f"{kind} {path}")

    def function(self, inner, path: str) -> str:
        signature = inner["sig"]
        inputs = ", ".join(f"{name}: {self.type(of)}" for name, of in signature["inputs"])
        inputs = inputs.replace("self: Self", "self").replace("self: &Self", "&self")
        inputs = inputs.replace("self: &mut Self", "&mut self")
        output = signature["output"]
        head = "const fn" if inner["header"]["is_const"] else "fn"
        return f"{head} {path}({inputs})" + (f" -> {self.type(output)}" if output else "")

    def path(self, path) -> str:
        name = path["path"].rsplit("::", 1)[-1]
        arguments = (path.get("args") or {}).get("angle_bracketed", {}).get("args", [])
        arguments = [self.type(a["type"]) for a in arguments if "type" in a]
        return name + (f"<{', '.join(arguments)}>" if arguments else "")

    def type(self, of) -> str:
        if not isinstance(of, dict):
            return str(of)
        (kind, inner), = of.items()
        if kind == "resolved_path":
            return self.path(inner)
        if kind in ("primitive", "generic"):
            return inner
        if kind == "borrowed_ref":
            return f"&{'mut ' if inner['is_mutable'] else ''}{self.type(inner['type'])}"
        if kind == "tuple":
            return f"({', '.join(map(self.type, inner))})"
        if kind == "slice":
            return f"[{self.type(inner)}]"
        if kind == "array":
            return f"[{self.type(inner['type'])}; {inner['len']}]"
        if kind == "impl_trait":
            return "impl " + " + ".join(self.path(b["trait_bound"]["trait"]) for b in inner if "trait_bound" in b)
        if kind == "dyn_trait":
            return "dyn " + " + ".join(self.path(t["trait"]) for t in inner["traits"])
        if kind == "qualified_path":
            return f"{self.type(inner['self_type'])}::{inner['name']}"
        return kind


def main() -> int:
    doc = documented()
    if doc["format_version"] not in KNOWN:
        print(f"skipped: rustdoc writes version {doc['format_version']} of its JSON here")
        return 0
    text = "\n".join(Items(doc).listed()) + "\n"
    if "--write" in sys.argv:
        LIST.write_text(text)
    elif "--check" in sys.argv:
        before, now = LIST.read_text().splitlines(), text.splitlines()
        changes = difflib.unified_diff(before, now, "docs/public-items.txt", "the library", n=0, lineterm="")
        changes = list(changes)
        if changes:
            print("\n".join(changes))
            print("if that is meant, run scripts/public_items.py --write")
            return 1
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
