#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include line under src/ against the room table.

The table is not repeated here. Which room may include which, and which outside library it may use,
stands in src/CMakeLists.txt; how a library's headers begin stands in cmake/dependencies.cmake. The
laws below stand beside the table, so that loosening it by a word does not loosen them.

Each rule is first shown to find a violation planted in a small tree of its own: a rule that finds
nothing there fails, before the real sources are looked at.
"""

import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Made by the build, so not to be found under src/.
GENERATED = {"base/version.h"}

# Subfolders that are a second door of their room; every other subfolder is private to it.
# src/app wires the engines and adapters together and may look into any.
OPEN_FOLDERS = {"workspace/query", "workspace/recipes"}
# So is each signal, by the header of its name: score/signals/half_life/half_life.h.
SIGNAL_DOOR = re.compile(r"score/signals/(\w+)/\1\.h")

# These rooms compute: what they know of files, sockets, time and chance comes in as arguments.
PURE_ROOMS = {"credit", "graph", "score", "simulate", "explain", "plan"}

# Where the wall clock may be read: behind base/'s clock, and where the rooms are wired together.
# Elsewhere an instant is an argument, or yesterday's result could not be had again.
WALL_CLOCK_ROOMS = {"base", "app"}

# Library -> the folders that alone may see it, whatever the table says.
LIBRARY_LAWS = {
    "duckdb": ("store/duckdb/",),
    "sqlite": ("people/", "circle/"),
    "beast": ("serve/",),
}

TEST_HEADERS = ("gtest/", "gmock/", "rapidcheck.h", "rapidcheck/")
BENCH_HEADERS = ("benchmark/",)

STANDARD = set(
    """
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
    cinttypes climits clocale cmath codecvt compare complex concepts condition_variable coroutine
    csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
    exception execution filesystem format forward_list fstream functional future initializer_list
    iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource
    mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
    semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
    string string_view syncstream system_error thread tuple type_traits typeindex typeinfo
    unordered_map unordered_set utility valarray variant vector version
    """.split()
)
# The operating system's, and the compiler's for vector instructions.
SYSTEM = re.compile(
    r"^(sys/.*|netinet/.*|arpa/.*|linux/.*|sanitizer/.*|[a-z]mmintrin\.h|immintrin\.h|x86intrin\.h|"
    r"arm_neon\.h|(unistd|fcntl|poll|signal|pwd|dirent|errno|locale|ctype|math|limits|stdint|stddef|"
    r"endian|getopt|pthread|sched|spawn|termios|time|stdio|string|stdlib|malloc|cxxabi)\.h)$"
)
OPENS_THE_WORLD = re.compile(
    r"^(fstream|filesystem|iostream|sys/.*|netinet/.*|arpa/.*|unistd\.h|fcntl\.h|poll\.h|spawn\.h)$"
)

PURE_WORDS = [
    (re.compile(r"::now\s*\("), "reads a clock"),
    (re.compile(r"\b(clock_gettime|gettimeofday|localtime|localtime_r)\s*\("), "reads a clock"),
    (re.compile(r"(?<![\w.>])time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)"), "reads a clock"),
    (re.compile(r"\b(fopen|freopen|popen|socket|getenv)\s*\("), "reaches outside the process"),
    (re.compile(r"\bstd::(if|of|f)stream\b"), "opens a file"),
    (re.compile(r"\brandom_device\b"), "draws chance that no rng seed repeats"),
]
WALL_CLOCK_WORDS = [
    (re.compile(r"\bsystem_clock::now\s*\("), "reads the wall clock"),
    (re.compile(r"\bgettimeofday\s*\("), "reads the wall clock"),
    (re.compile(r"\bCLOCK_REALTIME\b"), "reads the wall clock"),
    (re.compile(r"(?<![\w.>])time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)"), "reads the wall clock"),
]

LICENCE = re.compile(r"^(//|#) SPDX-License-Identifier: Apache-2\.0$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
LITERALS_AND_COMMENTS = re.compile(
    r'R"(?P<d>[^()\\ ]{0,16})\(.*?\)(?P=d)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|//[^\n]*|/\*.*?\*/",
    re.S,
)


def cmake_calls(text, command):
    """The arguments of every call of `command`, as lists of words; comments are left out."""
    text = re.sub(r"#[^\n]*", "", text)
    return [m.split() for m in re.findall(rf"^{command}\(([^)]*)\)", text, re.M)]


def keyword_arguments(words, keywords):
    """Splits [name, KEY, a, b, KEY2, c] into (name, {KEY: [a, b], KEY2: [c]})."""
    values, current = {k: [] for k in keywords}, None
    for word in words[1:]:
        if word in keywords:
            current = word
        elif current and word != "THREADED":
            values[current].append(word)
    return words[0], values


class Table:
    def __init__(self, root):
        self.rooms, self.libraries = {}, {}
        for call in cmake_calls((root / "src/CMakeLists.txt").read_text(), "bw_room"):
            name, values = keyword_arguments(call, ("ROOMS", "LIBS"))
            self.rooms[name] = values
        for call in cmake_calls((root / "cmake/dependencies.cmake").read_text(), "bw_library"):
            name, values = keyword_arguments(call, ("TARGET", "HEADERS"))
            self.libraries[name] = values["HEADERS"]

    def room_of(self, path):
        """The longest room whose folder holds `path` (relative to src/), or None."""
        holding = [r for r in self.rooms if path.startswith(r + "/")]
        return max(holding, key=len, default=None)

    def library_of(self, header):
        for name, prefixes in self.libraries.items():
            for prefix in prefixes:
                if header == prefix or (not prefix.endswith(".h") and header.startswith(prefix)):
                    return name
        return None


def table_violations(table):
    seen = []
    for room, values in table.rooms.items():
        for below in values["ROOMS"]:
            if below not in seen:
                yield f"src/CMakeLists.txt: {room} may include {below}, which is no earlier room"
        for library in values["LIBS"]:
            if library not in table.libraries:
                yield f"src/CMakeLists.txt: {room} uses {library}, which is no known library"
        seen.append(room)


def file_violations(root, table, path):
    """Sentences, one for each rule that the file at src/`path` breaks."""
    text = (root / "src" / path).read_text(encoding="utf-8", errors="replace")
    lines = text.split("\n")
    room = table.room_of(path)
    if room is None:
        yield f"src/{path}: lies in no room of src/CMakeLists.txt"
        return
    stem = pathlib.PurePath(path).stem
    is_test = stem.endswith(("_test", "_testing", "_check"))
    is_bench = stem.endswith("_bench")
    is_outside_product = is_test or is_bench or stem.endswith("_fuzz")
    allowed = set(table.rooms[room]["ROOMS"]) | {room}

    if path.endswith((".cc", ".h")) and not LICENCE.match(lines[0]):
        yield f"src/{path}:1: does not begin with the licence line"
    if path.endswith(".h") and "#pragma once" not in lines:
        yield f"src/{path}: has no #pragma once"

    for match in INCLUDE.finditer(text):
        quote, header = match.groups()
        where = f"src/{path}:{text.count(chr(10), 0, match.start()) + 1}"
        if quote == '"':
            if header not in GENERATED and not (root / "src" / header).is_file():
                yield f'{where}: "{header}" is no file under src/; includes are rooted there'
                continue
            target = table.room_of(header)
            if target not in allowed:
                yield f"{where}: {room} may not include {target} ({header})"
                continue
            folder = str(pathlib.PurePath(header).parent)
            if target != room and folder != target and room != "app":
                if folder not in OPEN_FOLDERS and not SIGNAL_DOOR.fullmatch(header):
                    yield f"{where}: {folder} is private to {target} ({header})"
            continue

        library = table.library_of(header)
        if library:
            if library not in table.rooms[room]["LIBS"]:
                yield f"{where}: {room} does not link {library} ({header})"
            law = LIBRARY_LAWS.get(library)
            if law and not path.startswith(law):
                yield f"{where}: {library} belongs to {' and '.join(law)} alone ({header})"
        elif header.startswith(TEST_HEADERS):
            if not is_test and not is_bench:
                yield f"{where}: only tests may use {header}"
        elif header.startswith(BENCH_HEADERS):
            if not is_bench:
                yield f"{where}: only benchmarks may use {header}"
        elif header not in STANDARD and not SYSTEM.match(header):
            yield f"{where}: <{header}> is unknown; add it to cmake/dependencies.cmake"
        if room in PURE_ROOMS and not is_outside_product and OPENS_THE_WORLD.match(header):
            yield f"{where}: {room} opens no file or socket (<{header}>)"

    if is_outside_product:
        return
    # Line numbers survive: only what is inside literals and comments is blanked.
    code = LITERALS_AND_COMMENTS.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    words = PURE_WORDS if room in PURE_ROOMS else []
    words = words or ([] if room in WALL_CLOCK_ROOMS else WALL_CLOCK_WORDS)
    for pattern, sentence in words:
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"src/{path}:{line}: {room} {sentence} ({match.group().strip()})"


def source_files(root):
    for path in sorted((root / "src").rglob("*")):
        if path.is_file() and path.suffix in (".cc", ".h", ".inc"):
            yield path.relative_to(root / "src").as_posix()


def violations(root):
    table = Table(root)
    yield from table_violations(table)
    for path in source_files(root):
        yield from file_violations(root, table, path)


class RoomsTest(unittest.TestCase):
    HEAD = "// SPDX-License-Identifier: Apache-2.0\n"

    def planted(self, files, rooms_edit=None):
        """What the rules say of the real table over a tree holding only these files."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ("src/CMakeLists.txt", "cmake/dependencies.cmake"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, root / name)
            if rooms_edit:
                table = root / "src/CMakeLists.txt"
                table.write_text(rooms_edit(table.read_text()))
            for name, body in files.items():
                path = root / "src" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.HEAD + ("#pragma once\n" if name.endswith(".h") else "") + body)
            return list(violations(root))

    def assert_found(self, words, files, **kwargs):
        found = self.planted(files, **kwargs)
        self.assertEqual(len(found), 1, f"expected one violation, got {found}")
        self.assertIn(words, found[0])

    def test_the_table_is_read(self):
        table = Table(ROOT)
        self.assertGreaterEqual(len(table.rooms), 16)
        self.assertGreaterEqual(len(table.libraries), 15)
        self.assertEqual(table.room_of("serve/local/client.cc"), "serve/local")
        self.assertEqual(table.rooms["event"]["ROOMS"], ["base"])
        self.assertEqual(table.library_of("fmt/core.h"), "fmt")

    def test_an_orderly_tree_passes(self):
        self.assertEqual(
            self.planted(
                {
                    "base/result.h": "#include <variant>\n",
                    "event/event.h": '#include "base/result.h"\n',
                    "workspace/query/people.h": '#include "event/event.h"\n',
                    "serve/api/people.cc": '#include "workspace/query/people.h"\n',
                    "store/duckdb/log.cc": "#include <duckdb.h>\n",
                    "score/score.cc": '// Nobody calls steady_clock::now( here.\nchar s[] = "fopen(";\n',
                    "score/score_test.cc": "#include <gtest/gtest.h>\n#include <fstream>\n",
                    "cli/cli.cc": '#include "base/version.h"\n',
                }
            ),
            [],
        )

    def test_including_a_higher_room_is_found(self):
        self.assert_found(
            "graph may not include score",
            {"score/score.h": "", "graph/graph.cc": '#include "score/score.h"\n'},
        )

    def test_ingest_does_not_know_store(self):
        self.assert_found(
            "ingest may not include store",
            {"store/store.h": "", "ingest/runner.cc": '\n  #  include "store/store.h"\n'},
        )

    def test_a_test_obeys_the_table_too(self):
        self.assert_found(
            "credit may not include store",
            {"store/store.h": "", "credit/ledger_test.cc": '#include "store/store.h"\n'},
        )

    def test_the_command_line_sees_only_the_local_part_of_serve(self):
        self.assert_found(
            "cli may not include serve ",
            {
                "serve/serve.h": "",
                "serve/local/local.h": "",
                "cli/cli.cc": '#include "serve/local/local.h"\n#include "serve/serve.h"\n',
            },
        )

    def test_a_private_folder_is_found(self):
        self.assert_found(
            "private to store",
            {
                "store/duckdb/tables.h": "",
                "workspace/recipes/score.cc": '#include "store/duckdb/tables.h"\n',
            },
        )

    def test_of_a_signal_only_the_header_of_its_name_is_open(self):
        self.assert_found(
            "score/signals/tempo is private to score (score/signals/tempo/tempo_check.h)",
            {
                "score/signals/tempo/tempo.h": "",
                "score/signals/tempo/tempo_check.h": "",
                "workspace/workspace.cc": '#include "score/signals/tempo/tempo.h"\n'
                '#include "score/signals/tempo/tempo_check.h"\n',
            },
        )

    def test_an_include_not_rooted_at_src_is_found(self):
        self.assert_found("no file under src/", {"base/a.h": "", "base/b.cc": '#include "a.h"\n'})

    def test_sql_outside_its_rooms_is_found_whatever_the_table_says(self):
        def loosen(text):
            return text.replace("LIBS fmt", "LIBS duckdb sqlite beast fmt")

        for header, file in (
            ("duckdb.h", "workspace/query/rank.cc"),
            ("duckdb.h", "store/store.cc"),
            ("sqlite3.h", "store/store.cc"),
            ("boost/beast/http.hpp", "workspace/workspace.cc"),
            ("boost/asio.hpp", "ingest/runner.cc"),
        ):
            with self.subTest(header=header, file=file):
                self.assert_found(
                    "alone", {file: f"#include <{header}>\n"}, rooms_edit=loosen
                )

    def test_a_library_that_the_room_does_not_link_is_found(self):
        self.assert_found("does not link expat", {"credit/ledger.cc": "#include <expat.h>\n"})

    def test_an_unknown_library_is_found(self):
        self.assert_found("is unknown", {"base/hash.cc": "#include <openssl/sha.h>\n"})

    def test_a_test_library_in_the_product_is_found(self):
        self.assert_found("only tests", {"base/hash.cc": "#include <gtest/gtest.h>\n"})

    def test_a_file_or_clock_in_a_computing_room_is_found(self):
        for room in sorted(PURE_ROOMS):
            for body, words in (
                ("#include <fstream>\n", "opens no file"),
                ("#include <sys/socket.h>\n", "opens no file"),
                ("auto t = std::chrono::steady_clock::now();\n", "reads a clock"),
                ("auto t = time(nullptr);\n", "reads a clock"),
                ('auto f = fopen("x", "r");\n', "reaches outside"),
                ("std::random_device chance;\n", "draws chance"),
            ):
                with self.subTest(room=room, body=body):
                    self.assert_found(words, {f"{room}/x.cc": body})

    def test_the_wall_clock_is_found(self):
        body = "auto t = std::chrono::system_clock::now();\n"
        self.assert_found("wall clock", {"ingest/runner.cc": body})
        self.assertEqual(self.planted({"app/main.cc": body}), [])

    def test_a_file_in_no_room_is_found(self):
        self.assert_found("lies in no room", {"misc/x.cc": ""})

    def test_a_room_that_names_a_later_one_is_found(self):
        self.assert_found(
            "no earlier room",
            {},
            rooms_edit=lambda text: text.replace("ROOMS credit event", "ROOMS store credit event", 1),
        )

    def test_the_sources_keep_to_the_table(self):
        files = list(source_files(ROOT))
        self.assertGreater(len(files), 0, "there are no sources to look at")
        found = list(violations(ROOT))
        self.assertEqual(found, [], "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
