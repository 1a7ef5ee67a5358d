#!/usr/bin/env python3
"""What this repository may depend on: licences, crates that are kept out, and no dependency that nothing uses.

Reads `cargo metadata` and the sources; installs and downloads nothing.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LICENCES = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CDLA-Permissive-2.0", "IJG", "ISC", "MIT", "MIT-0", "OpenSSL", "Unicode-3.0", "Unlicense", "Zlib",
}

# Kept out, each with its reason.
FORBIDDEN = {
    "native-tls": "TLS is rustls, the same everywhere",
    "openssl": "TLS is rustls, the same everywhere",
    "openssl-sys": "TLS is rustls, the same everywhere",
    "ring": "the one cryptography library is aws-lc-rs",
    "serde_yaml": "no longer maintained",
    "sqlx": "a second SQLite cannot be linked beside rusqlite's",
    "sqlx-core": "a second SQLite cannot be linked beside rusqlite's",
    "tokio-rusqlite": "the store owns its threads",
}

# One copy each: two would not link, or would double what is slow to build.
SINGLE = {"libsqlite3-sys", "aws-lc-sys", "tokio", "hyper", "rustls", "axum"}

# Used by name in attributes or build steps that a search of the sources does not see.
USED_UNSEEN = set()


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--no-deps"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def allowed(expression):
    """Whether an SPDX expression can be met with the licences above."""
    expression = (expression or "").replace("/", " OR ")
    tokens = re.findall(r"\(|\)|\bOR\b|\bAND\b|[\w.+-]+(?: WITH [\w.-]+)?", expression)

    def either():
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met

    def one():
        token = tokens.pop(0) if tokens else ""
        if token == "(":
            met = either()
            tokens.pop(0)
            return met
        return token in LICENCES or token.split(" WITH ")[0] in LICENCES

    return bool(expression) and either() and not tokens


def unused(package):
    """Dependencies whose name no source file of the crate mentions."""
    folder = Path(package["manifest_path"]).parent
    sources = "\n".join(path.read_text() for path in folder.rglob("*.rs"))
    for dependency in package["dependencies"]:
        name = (dependency["rename"] or dependency["name"]).replace("-", "_")
        if name not in USED_UNSEEN and not re.search(rf"\b{name}\b", sources):
            yield dependency["name"]


def built():
    """What is really built here, as (name, version, licence, comes from elsewhere). The lock file names more than that."""
    command = ["cargo", "tree", "--locked", "--workspace", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    for line in sorted(set(filter(None, lines))):
        package, _, licence = line.partition("|")
        name, version, *rest = package.split(" ")
        where = "".join(part for part in rest if part not in ("(proc-macro)", "(*)"))
        yield name, version, licence, where


def problems():
    data = metadata()
    for package in data["packages"]:
        if package["id"] in data["workspace_members"]:
            for name in unused(package):
                yield f"{package['name']} does not use its dependency {name}"
    versions = {}
    for name, version, licence, where in built():
        if where.startswith(f"({ROOT}"):
            continue
        versions.setdefault(name, set()).add(version)
        if name in FORBIDDEN:
            yield f"{name} {version} is kept out: {FORBIDDEN[name]}"
        if not allowed(licence):
            yield f"{name} {version} has the licence {licence!r}, which is not among those that are allowed"
        if where:
            yield f"{name} {version} does not come from the registry: {where}"
    for name in SINGLE:
        if len(versions.get(name, [])) > 1:
            yield f"{name} is there more than once: {', '.join(sorted(versions[name]))}"


def main():
    found = sorted(set(problems()))
    for problem in found:
        print(f"dependencies: {problem}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
