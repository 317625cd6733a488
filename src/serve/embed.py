#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes endpoints.inc and files.inc, by which the program carries what lies beside its sources.

Every api/*.json and pages/*.json is an endpoint: a line BW_ENDPOINT(name, path, text) each, whose
function has the file's name. Every file of static/ is a line BW_FILE(name, path, text).

Run it after changing one of them; a test says so when it was forgotten.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEAD = "// SPDX-License-Identifier: Apache-2.0\n// Written by embed.py; change the files it names.\n"
# A string literal of more is not portable, and a file of ours that long is a mistake.
PIECE = 16_000


def literal(text):
    """C++ raw strings that the compiler joins."""
    assert ')embedded"' not in text
    pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"embedded({piece})embedded"' for piece in pieces)


def written(macro, quoted, files):
    lines = [HEAD]
    for path in files:
        name = path.name if quoted else path.stem
        name = f'"{name}"' if quoted else name
        text = path.read_text(encoding="utf-8")
        lines.append(f'{macro}({name}, "{path.relative_to(HERE)}", {literal(text)})\n')
    return "".join(lines)


def main():
    endpoints = sorted([*HERE.glob("api/*.json"), *HERE.glob("pages/*.json")])
    endpoints = [p for p in endpoints if p.name != "schemas.json"]
    files = sorted(p for p in HERE.glob("static/*") if p.is_file())
    out = {
        "endpoints.inc": written("BW_ENDPOINT", False, endpoints),
        "files.inc": written("BW_FILE", True, files),
    }
    for name, text in out.items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
