#!/usr/bin/env python3
"""Writes the third-party notices of the binary: which crates are in it, under which licences, and the
texts of those licences, as the crates' own files have them.

    python3 scripts/third_party.py > THIRD-PARTY.md

The file goes beside a binary that is passed on; it is made for each release and not kept.
Reads `cargo metadata` and the sources that cargo fetched; needs nothing but Python and cargo.
"""

import hashlib
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a file with a licence or a notice is called, in the order in which they are taken.
NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")
HEAD = """# Third-party notices

The binary `faceveil` with its default features holds the crates below. Made by
`scripts/third_party.py` from `cargo metadata`. Models: `models/README.md` of the sources.

This software is based in part on the work of the Independent JPEG Group.
"""


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def shipped(data):
    """Crates that the binary links, on any system. Left out: dev-dependencies, and what runs when it
    is built (build scripts, procedural macros)."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    todo = [package["id"] for package in data["packages"]
            if package["name"] == "faceveil" and package["source"] is None]
    seen = set(todo)
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            kinds = [kind for kind in dependency["dep_kinds"] if kind["kind"] is None
                     and "fuzzing" not in (kind["target"] or "")]
            macro = any("proc-macro" in target["kind"]
                        for target in packages[dependency["pkg"]]["targets"])
            if kinds and not macro and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    crates = [packages[name] for name in seen]
    return sorted((crate for crate in crates if crate["source"]),
                  key=lambda crate: (crate["name"], crate["version"]))


def texts(crate):
    folder = pathlib.Path(crate["manifest_path"]).parent
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.upper().startswith(NAMES):
            yield path.name, path.read_text(errors="replace").replace("\r\n", "\n").strip()


def main():
    crates = shipped(metadata())
    print(HEAD)
    print("| crate | version | licence |\n|---|---|---|")
    # Each text once, with the crates that carry it.
    found, without = {}, []
    for crate in crates:
        name = f"{crate['name']} {crate['version']}"
        print(f"| {crate['name']} | {crate['version']} | {crate['license'] or 'see its file'} |")
        own = [text for _, text in texts(crate)]
        if not own:
            without.append(f"{name} ({', '.join(crate['authors']) or crate['repository'] or 'no author named'})")
        for text in own:
            key = hashlib.sha256(" ".join(text.split()).encode()).digest()
            found.setdefault(key, (text, []))[1].append(name)
    if without:
        print("\nWithout a text in their packages; the licence in the table goes for them:\n")
        for name in without:
            print(f"- {name}")
    print("\n## Texts")
    for text, users in found.values():
        print(f"\n### {', '.join(dict.fromkeys(users))}\n")
        fence = "````" if "```" in text else "```"
        print(f"{fence}text\n{text}\n{fence}")


if __name__ == "__main__":
    main()
