# SPDX-License-Identifier: Apache-2.0
"""Bad input and mishaps, as they reach a user: files that are cut off, hostile or of no known form;
a full disk, missing rights, somebody else at work, a kill at any moment, a flipped bit. Each gives a
clear error or counted rejects that name file, record and reason; nothing accepted is lost, no answer
is wrong in silence, and the exit status is the one that --help promises."""

import codecs
import contextlib
import gzip
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile

from program import PROGRAM, TMP, VILLAGE_HEAD, Server, bellwether, environment, run, village

HEAD = "time,actor,verb,target\n"
GOOD = "2025-05-01,ana,reply,bo\n"
STAR = ('{{"id":"{}","type":"WatchEvent","actor":{{"id":1,"login":"{}"}},"repo":{{"id":2,"name":"bo/kiln"}},'
        '"payload":{{"action":"started"}},"public":true,"created_at":"2025-05-01T10:00:00Z"}}\n')
# Under sanitizers and valgrind everything takes a multiple of the memory and of the time.
SANITIZED = os.environ.get("BELLWETHER_SANITIZED", "0") == "1"
KILLS = 4 if SANITIZED else 12


def crowd(rows, accounts=4000, rng_seed=7):
    """Acts of a community in which few move many, made up from a seed."""
    chance = random.Random(rng_seed)
    lines = [HEAD]
    for i in range(rows):
        actor = chance.randrange(accounts)
        target = int(accounts * chance.random() ** 4)
        verb = ("reply", "RT", "mention")[i % 3]
        lines.append(f"{1_746_000_000 + i * 40},u{actor},{verb},u{target}\n")
    return "".join(lines)


def people(home):
    """What a ranking says of its top, and one explanation: equal workspaces, equal bytes. The scores of
    the top rest on the standing of everybody else."""
    ranking = bellwether("rank", "--all", "--limit", "25", "--format", "ndjson", home=home).stdout
    first = json.loads(ranking.splitlines()[0])["person"]
    # Without what changed since the snapshot before: how often each was scored is not compared.
    told = json.loads(bellwether(
        "explain", first, "--by", "month", "--since", "none", "--json", home=home).stdout)
    del told["meta"]  # when it was computed, and of how many sources
    return ranking + json.dumps(told)


def without_rights(arguments, home):
    """The command as a user who owns nothing; None where this process may not become one."""
    if os.geteuid() != 0:
        return run(*arguments, home=home)
    try:
        return run(*arguments, home=home, user=65534, group=65534, extra_groups=[])
    except PermissionError:
        return None


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = TMP / self.id().split(".")[-1]
        self.folder.mkdir()
        self.home = self.folder / "home"

    def file(self, name, content):
        path = self.folder / name
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return path

    def ingest(self, *arguments, code=0, **more):
        return bellwether("ingest", *arguments, home=self.home, code=code, **more).stderr

    def rejects(self, unit=1):
        lines = bellwether("ingest", "--rejects", unit, home=self.home).stdout.splitlines()
        return [(pathlib.Path(r["path"]).name, r["record"], r["reason"]) for r in map(json.loads, lines)]

    def assert_whole(self, home=None):
        self.assertIn("whole", bellwether("check", home=home or self.home).stdout)


class BadInput(Case):
    def test_a_gzip_file_that_is_cut_off_gives_what_came_before_and_says_so(self):
        whole = gzip.compress(crowd(20_000).encode())
        cut = self.file("cut.csv.gz", whole[: len(whole) // 2])
        said = self.ingest(cut)
        accepted = int(re.search(r"([\d,]+) accepted", said)[1].replace(",", ""))
        self.assertTrue(5_000 < accepted < 15_000, said)
        self.assertIn("broken off: ", said)
        self.assertIn("cut.csv.gz: the gzip data is cut off", said)
        self.ingest("--strict", cut, code=1)
        self.assertIn("broken", bellwether("sources", home=self.home).stdout)
        bellwether("score", home=self.home)
        self.assertIn("ended early", bellwether("rank", "--all", "--limit", "3", home=self.home).stdout)
        # The whole file adds what was missing, and nothing twice.
        said = self.ingest(self.file("whole.csv.gz", whole))
        self.assertIn(f"{20_000 - accepted:,} accepted, {accepted:,} duplicates", said)
        # So short that nothing of it can be seen.
        said = self.ingest(self.file("stump.csv.gz", whole[:15]), code=1)
        self.assertIn("stump.csv.gz: the gzip data is cut off", said)

    def test_a_damaged_gzip_file_is_told_by_its_checksum(self):
        damaged = bytearray(gzip.compress(crowd(2_000).encode()))
        damaged[-6] ^= 1
        said = self.ingest(self.file("damaged.csv.gz", damaged))
        self.assertIn("damaged.csv.gz: the gzip data is damaged", said)
        self.ingest("--undo", 1)
        self.assertIn("undone", bellwether("ingest", "--list", home=self.home).stdout)

    def test_half_a_json_object_is_one_reject_wherever_it_stands(self):
        one, two, three = (STAR.format(i, name) for i, name in ((1, "ana"), (2, "cy"), (3, "di")))
        self.assertIn("1 rejected", self.ingest(self.file("end.json", one + two[:70])))
        self.assertEqual(self.rejects(), [("end.json", 2, "not valid JSON")])
        self.assertIn("2 accepted, 0 duplicates, 1 rejected", self.ingest(
            self.file("middle.json", two + one[:70] + "\n" + three)))
        self.assertEqual(self.rejects(2), [("middle.json", 2, "not valid JSON")])
        said = self.ingest(self.file("nothing.json", one[:70]), code=1)
        self.assertIn("nothing.json looks like JSON", said)

    def test_invalid_utf8_is_a_reject_that_names_the_record(self):
        said = self.ingest(self.file("names.csv", (HEAD + GOOD).encode() +
                                     b"2025-05-02,an\xff\xfea,reply,bo\n2025-05-03,\xc0\xaf,reply,bo\n"))
        self.assertIn("1 accepted, 0 duplicates, 2 rejected", said)
        self.assertEqual([r[:2] for r in self.rejects()], [("names.csv", 3), ("names.csv", 4)])
        self.assertIn("not valid UTF-8", self.rejects()[0][2])
        self.ingest(self.file("names.json", (STAR.format(1, "ana") + STAR.format(2, "??")).encode()
                              .replace(b"??", b"a\xffa")))
        self.assertEqual(self.rejects(2), [("names.json", 2, "not valid JSON")])
        self.ingest("--keep-rejects", self.folder / "names.csv")
        for line in bellwether("ingest", "--rejects", 3, home=self.home).stdout.splitlines():
            json.loads(line)  # what is shown of the content is valid itself

    def test_a_line_of_two_gigabytes_is_one_reject_and_takes_little_memory(self):
        # Once through a pipe; once from a file of 2 MB, in whose many gzip members every MiB of the
        # line is the same kilobyte over and over.
        mib = 1 << 20
        sizes = [2 * 1024] if not SANITIZED else [128]
        letters = random.Random(3).randbytes(3 * 4096).hex().encode()[: 16 << 10] * 64
        packed = self.folder / "line.csv.gz"
        member = gzip.compress(letters, 6)
        with open(packed, "wb") as out:
            out.write(gzip.compress((HEAD + GOOD).encode()))
            for _ in range(sizes[0]):
                out.write(member)
            out.write(gzip.compress(b"\n2025-05-02,cy,reply,bo\n"))
        for source in ("-", packed):
            child = subprocess.Popen(
                [PROGRAM, "ingest", "--strict", str(source)], cwd=TMP, env=environment(self.home),
                stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
            if source == "-":
                child.stdin.write((HEAD + GOOD).encode())
                for _ in range(sizes[0]):
                    child.stdin.write(letters)
                child.stdin.write(b"\n2025-05-02,cy,reply,bo\n")
            child.stdin.close()
            said = child.stderr.read().decode()
            child.stderr.close()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 1, said)  # --strict
            self.assertRegex(said, r"[02] accepted, [02] duplicates, 1 rejected")
            print(f"a line of {sizes[0]} MiB from {source if source == '-' else 'gz'}: peak "
                  f"{usage.ru_maxrss / 1024:.0f} MiB, {usage.ru_utime + usage.ru_stime:.1f} s of CPU")
            if not SANITIZED:
                self.assertLess(usage.ru_maxrss * 1024, 512 * mib)
        self.assertEqual([self.rejects(unit) for unit in (1, 2)],
                         [[("-", 3, "row is longer than the limit")],
                          [("line.csv.gz", 3, "row is longer than the limit")]])

    def test_bombs_are_given_up_with_the_reason(self):
        member = gzip.compress(b"x" * (1 << 20), 9)
        bomb = self.file("bomb.csv.gz", gzip.compress((HEAD + GOOD).encode()) + member * 100)
        self.assertIn("bomb.csv.gz: expands to more than 500 times its size",
                      self.ingest("--strict", bomb, code=1))
        packed = self.folder / "bomb.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr("acts.csv", HEAD + GOOD + "x" * (64 << 20))
        self.assertRegex(self.ingest("--strict", packed, code=1), r"bomb\.zip.*expands to more than 500 times")
        # A zip inside a zip is no member to be unpacked: it is what it is, a file of no known form.
        nested = self.folder / "nested.zip"
        with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(packed, "inner.zip")
        self.assertIn("nested.zip", self.ingest(nested, code=1))

    def test_a_billion_laughs_are_refused_where_they_are_declared(self):
        entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">\n' for i in range(1, 12))
        laughs = ('<?xml version="1.0"?>\n<!DOCTYPE posts [\n<!ENTITY a0 "ha">\n' + entities + "]>\n<posts>\n"
                  '<row Id="1" PostTypeId="1" OwnerUserId="2" CreationDate="2025-05-01T10:00:00.000" '
                  'Title="&a11;" />\n</posts>\n')
        dump = self.folder / "ceramics.example"
        dump.mkdir()
        (dump / "Posts.xml").write_text(laughs)
        (dump / "Users.xml").write_text(
            '<?xml version="1.0"?>\n<users>\n<row Id="2" DisplayName="ana" '
            'CreationDate="2025-05-01T10:00:00.000" Reputation="1" />\n</users>\n')
        begin = time.monotonic()
        for path in (dump, dump / "Posts.xml"):
            self.assertIn("Posts.xml: declares a document type", self.ingest(path, code=1))
        self.assertLess(time.monotonic() - begin, 60)

    def test_times_that_no_clock_can_have_said_are_rejects(self):
        now = time.time()
        next_year = time.strftime("%Y-%m-%d", time.gmtime(now + 366 * 86400))
        said = self.ingest(self.file("times.csv", HEAD + "1979-06-01,a,reply,b\n" + GOOD +
                                     f"{next_year},c,reply,b\n{int(now) + 12 * 3600},d,reply,b\n"))
        self.assertIn("2 accepted, 0 duplicates, 2 rejected", said)  # half a day is a time zone
        self.assertEqual(self.rejects(), [
            ("times.csv", 2, "time lies before 1980"),
            ("times.csv", 4, "time lies more than a day after it was read")])

    def test_counts_and_verbs_that_make_no_sense_are_rejects(self):
        self.ingest(self.file("counts.csv", "time,actor,verb,target,count\n" + "".join(
            f"2025-05-01,a,reply,b,{count}\n" for count in ("-3", "2", "0", "1e9", "many"))))
        reason = "count is not a number from 1 to 100000"
        self.assertEqual(self.rejects(), [("counts.csv", n, reason) for n in (2, 4, 5, 6)])
        self.ingest(self.file("verbs.csv", HEAD + "2025-05-01,a,dance,b\n" + GOOD))
        self.assertEqual(self.rejects(2), [("verbs.csv", 2, "verb is not known")])

    def test_what_is_of_no_known_form_is_described(self):
        noise = bytes((i * i * 7 + 13 * i) % 251 for i in range(5000))
        for name, content, words in (
            ("poem.txt", "Beware lest you lose the substance\nby grasping at the shadow.\n",
             "looks like text (it begins with: Beware"),
            ("noise.bin", noise, "looks like binary data"),
            ("empty.csv", "", "is empty"),
            ("utf16.csv", codecs.BOM_UTF16_LE + village().encode("utf-16-le"), "saved as UTF-8"),
        ):
            said = self.ingest(self.file(name, content), code=1)
            self.assertIn(name, said)
            self.assertIn(words, said)
        (self.folder / "nothing").mkdir()
        self.assertIn("holds no files", self.ingest(self.folder / "nothing", code=1))
        self.assertIn("absent.csv: No such file", self.ingest(self.folder / "absent.csv", code=1))
        # Beside a good file it is named, and costs nothing else.
        good = self.file("good.csv", HEAD + GOOD)
        self.assertIn("poem.txt", self.ingest(self.folder / "poem.txt", good))
        self.ingest("--strict", self.folder / "poem.txt", good, code=1)

    def test_line_ends_and_marks_of_other_systems_change_nothing(self):
        self.ingest(self.file("unix.csv", village()))
        other = codecs.BOM_UTF8 + village().replace("\n", "\r\n").encode()
        self.assertIn("0 accepted, 48 duplicates, 0 rejected", self.ingest(self.file("dos.csv", other)))

    def test_links_that_go_in_circles_are_not_followed(self):
        loop = self.folder / "loop"
        (loop / "below").mkdir(parents=True)
        (loop / "village.csv").write_text(village())
        (loop / "below" / "again").symlink_to(loop)
        (loop / "self").symlink_to("self")
        said = self.ingest(loop)
        self.assertIn("48 accepted", said)
        self.assertRegex(said, r"left out.*link to a folder.*again")
        self.assertRegex(said, r"left out.*leads nowhere.*self")

    def test_a_pipe_is_read_like_a_file(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=lambda: pipe.write_text(village()))
        writer.start()
        self.assertIn("48 accepted", self.ingest(pipe))
        writer.join()
        self.assertIn("48 duplicates", self.ingest("-", text=village()))
        with open(self.file("village.gz", gzip.compress(village().encode())), "rb") as packed:
            self.assertIn("48 duplicates", self.ingest("-", stdin=packed))

    def test_a_file_that_shrinks_while_it_is_read_harms_nothing(self):
        text = crowd(200_000)
        path = self.file("shrinks.csv", text)
        child = subprocess.Popen([PROGRAM, "ingest", str(path)], env=environment(self.home), cwd=TMP,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.05)
        os.truncate(path, len(text) // 3)
        self.assertIn(child.wait(timeout=300), (0, 1))
        if (self.home / "log.duckdb").exists():
            self.assert_whole()
        path.write_text(text)
        said = self.ingest(path)
        counts = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:accepted|duplicates)", said)]
        self.assertEqual(sum(counts[:2]), 200_000, said)


class Rights(Case):
    def setUp(self):
        super().setUp()
        if without_rights(["--version"], self.home) is None:
            print("skipped: this process can neither drop its rights nor lacks them")
            self.skipTest("no other user to be")
        # A path to it that everybody may walk.
        self.open = pathlib.Path(tempfile.mkdtemp(prefix="bellwether-rights-"))
        self.addCleanup(lambda: (subprocess.run(["chmod", "-R", "u+rwx", self.open], check=False),
                                 shutil.rmtree(self.open)))
        self.open.chmod(0o777)
        self.home = self.open / "home"

    def as_nobody(self, *arguments, code, home=None):
        done = without_rights(list(arguments), home or self.home)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_files_and_folders_without_rights_are_named(self):
        shut = self.open / "shut"
        shut.mkdir()
        secret = self.open / "secret.csv"
        secret.write_text(village())
        good = self.open / "good.csv"
        good.write_text(village())
        mixed = self.open / "mixed"
        mixed.mkdir()
        shutil.copy(good, mixed / "good.csv")
        shutil.copy(secret, mixed / "secret.csv")
        for path in (shut, secret, mixed / "secret.csv"):
            path.chmod(0)
        for path in (shut, secret):
            said = self.as_nobody("ingest", path, code=3)
            self.assertIn(f"{path}: Permission denied", said)
        said = self.as_nobody("ingest", mixed, code=0)
        self.assertIn("48 accepted", said)
        self.assertIn("secret.csv: Permission denied", said)
        self.as_nobody("ingest", "--strict", mixed, code=1)

    def test_a_workspace_without_rights_is_named(self):
        good = self.open / "good.csv"
        good.write_text(village())
        sealed = self.open / "sealed"
        sealed.mkdir()
        sealed.chmod(0o555)
        self.assertIn("sealed/home: Permission denied", self.as_nobody(
            "ingest", good, home=sealed / "home", code=3))
        self.as_nobody("ingest", good, code=0)
        for mode in (0o555, 0):
            if os.geteuid() == 0:
                for path in (self.home, *self.home.iterdir()):
                    os.chown(path, 0, 0)
            self.home.chmod(mode)
            said = self.as_nobody("rank", code=3)
            self.assertIn(str(self.home), said)
            self.assertIn("Permission denied", said)
        self.home.chmod(0o755)
        self.assert_whole()


class Space(Case):
    """A disk that fills up: a small one of its own where this process may mount it, and in any case
    a limit on the size of files."""

    def setUp(self):
        super().setUp()
        self.village = self.file("village.csv", village())
        self.crowd = self.file("crowd.csv", crowd(60_000))
        calm = self.folder / "calm"
        # The first score chooses for good whom standing starts from, so there are two here too.
        for path in (self.village, self.crowd):
            bellwether("ingest", path, home=calm)
            bellwether("score", home=calm)
        self.expected = people(calm)

    def fill(self, disk, leave):
        """Takes all the room but about `leave` bytes."""
        free = os.statvfs(disk)
        size = free.f_bavail * free.f_frsize - leave
        with open(disk / "ballast", "ab") as out:
            out.write(bytes(max(0, size)))

    def test_a_full_disk_costs_nothing_that_was_accepted(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            print("skipped: this process may not mount a small disk")
            self.skipTest("no small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        self.home = disk / "home"
        self.ingest(self.village)
        bellwether("score", home=self.home)
        before = people(self.home)
        for leave in (0, 100_000, 1_000_000, 2_000_000):
            with contextlib.suppress(FileNotFoundError):
                (disk / "ballast").unlink()
            bellwether("score", home=self.home)
            self.fill(disk, leave)
            done = run("ingest", self.crowd, home=self.home)
            self.assertEqual(done.returncode, 3, f"{leave} bytes left: {done.stderr}")
            self.assertIn("No space left", done.stderr)
            self.assertEqual(people(self.home), before)
            self.assert_whole()
            done = run("score", "--as-of", "2025-05-10", home=self.home)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            if done.returncode == 3:
                self.assertIn("No space left", done.stderr)
        (disk / "ballast").unlink()
        self.assertIn("60,000 accepted", self.ingest(self.crowd))
        # Now the space ends at a score.
        for leave in (0, 50_000, 400_000):
            self.fill(disk, leave)
            done = run("score", home=self.home)
            self.assertEqual(done.returncode, 3, f"{leave} bytes left: {done.stderr}")
            self.assertIn("No space left", done.stderr)
            (disk / "ballast").unlink()
            self.assert_whole()
        bellwether("score", home=self.home)
        self.assertEqual(people(self.home), self.expected)

    def test_a_limit_on_the_size_of_files_costs_nothing_that_was_accepted(self):
        def limited(most):
            return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))}

        self.ingest(self.village)
        bellwether("score", home=self.home)
        before = people(self.home)
        for most in (4096, 1 << 20):  # the second is less than what the crowd needs
            for command in (["ingest", self.crowd], ["score", "--as-of", "2025-05-10"]):
                done = run(*command, home=self.home, **limited(most))
                self.assertIn(done.returncode, (0, 3), f"{most} {command}: {done.stderr}")
                if command[0] == "ingest":
                    self.assertEqual(done.returncode, 3, f"{most}: {done.stderr}")
                if done.returncode == 3:
                    self.assertRegex(done.stderr, "File too large|cannot write")
            self.assert_whole()
            bellwether("score", home=self.home)
            self.assertEqual(people(self.home), before)
        self.assertIn("60,000 accepted", self.ingest(self.crowd))
        bellwether("score", home=self.home)
        self.assertEqual(people(self.home), self.expected)

    def test_an_answer_that_cannot_be_written_is_an_error(self):
        self.ingest(self.village)
        bellwether("score", home=self.home)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, "rank", "--all", "--json"], cwd=TMP, text=True, stdout=full,
                                  stderr=subprocess.PIPE, env=environment(self.home), timeout=60)
        self.assertEqual(done.returncode, 3)
        self.assertIn("could not be written", done.stderr)


class TwoAtOnce(Case):
    def test_a_second_process_is_told_who_holds_the_workspace(self):
        path = self.file("village.csv", village())
        self.ingest(path)
        bellwether("score", home=self.home)
        before = people(self.home)
        holder = subprocess.Popen([PROGRAM, "ingest", "-"], stdin=subprocess.PIPE, cwd=TMP, text=True,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env=environment(self.home))
        holder.stdin.write(VILLAGE_HEAD)
        holder.stdin.flush()
        lock = self.home / "log.lock"
        for _ in range(200):
            if str(holder.pid) in lock.read_text():
                break
            time.sleep(0.05)
        for command in (["rank"], ["ingest", path], ["score"], ["check"], ["check", "--repair"],
                        ["people", "consent", "csv:ana", "listed"]):
            done = run(*command, home=self.home)
            self.assertEqual(done.returncode, 3, done.stdout)
            self.assertIn(f"process {holder.pid} (", done.stderr)
            self.assertIn(" ingest)", done.stderr)
        holder.stdin.close()
        holder.wait(timeout=60)
        self.assertEqual(people(self.home), before)

    def test_while_a_server_holds_it_commands_go_through_the_server(self):
        self.ingest(self.file("village.csv", village()))
        bellwether("score", home=self.home)
        before = people(self.home)
        server = Server(self.home)
        self.addCleanup(server.end)
        self.assertEqual(people(self.home), before)
        bad = self.file("bad.csv", HEAD + "2025-05-01,a,dance,b\n")
        self.assertIn("1 × verb is not known", self.ingest(bad, code=1))
        self.assertIn("end it", bellwether("check", "--repair", home=self.home, code=3).stderr)
        self.assert_whole()
        self.assertEqual(server.end()[0], 0)


class Killed(Case):
    """kill -9 at many moments, spread over the time that the undisturbed command takes."""

    def setUp(self):
        super().setUp()
        # More than one batch of the log, so that a kill can leave a part of it.
        self.rows = 20_000 if SANITIZED else 300_000
        self.path = self.file("crowd.csv", crowd(self.rows))
        self.calm = self.folder / "calm"
        begin = time.monotonic()
        bellwether("ingest", self.path, home=self.calm)
        self.ingest_seconds = time.monotonic() - begin
        begin = time.monotonic()
        bellwether("score", home=self.calm)
        self.score_seconds = time.monotonic() - begin
        self.expected = people(self.calm)

    def kill(self, arguments, home, seconds):
        """True if the kill came before the end."""
        child = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=TMP, env=environment(home),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        child.kill()
        return child.wait() == -signal.SIGKILL

    def moments(self, seconds):
        return [seconds * (i + 0.5) / KILLS for i in range(KILLS)]

    def test_an_ingest_killed_at_any_moment_is_completed_by_the_next(self):
        killed = 0
        parts = set()
        for n, moment in enumerate(self.moments(self.ingest_seconds)):
            home = self.folder / f"home{n}"
            killed += self.kill(["ingest", self.path], home, moment)
            if (home / "log.duckdb").exists():
                # Either whole, or never begun; and no second command is needed to mend it.
                done = run("check", home=home)
                self.assertTrue(done.returncode == 0 or "never finished" in done.stderr, done.stderr)
            said = bellwether("ingest", self.path, home=home).stderr
            accepted, known = (int(re.search(rf"([\d,]+) {word}", said)[1].replace(",", ""))
                               for word in ("accepted", "duplicates"))
            self.assertEqual(accepted + known, self.rows, said)
            parts.add(known)
            bellwether("score", home=home)
            self.assertEqual(people(home), self.expected, f"killed after {moment:.3f} s")
            self.assert_whole(home)
            shutil.rmtree(home)
        self.assertGreater(killed, KILLS // 3)
        print(f"{killed} of {KILLS} ingests killed; acts found accepted: {sorted(parts)}")

    def test_a_score_killed_at_any_moment_leaves_the_last_one_and_can_be_repeated(self):
        fresh = self.folder / "fresh"
        bellwether("ingest", self.path, home=fresh)
        killed = 0
        for n, moment in enumerate(self.moments(self.score_seconds)):
            home = self.folder / f"home{n}"
            shutil.copytree(fresh, home)
            killed += self.kill(["score"], home, moment)
            self.assert_whole(home)
            bellwether("score", home=home)
            self.assertEqual(people(home), self.expected, f"killed after {moment:.3f} s")
            shutil.rmtree(home)
        self.assertGreater(killed, KILLS // 3)


class Flipped(Case):
    """One bit changed on the disk. It is refused by name, or found by check and harmless to answers,
    or harmless altogether; never a crash, and never another answer."""

    def setUp(self):
        super().setUp()
        self.path = self.file("village.csv", village())
        self.ingest(self.path)
        bellwether("people", "consent", "csv:ana", "listed", home=self.home)
        bellwether("people", "link", "csv:p1", "csv:p2", home=self.home)
        bellwether("score", home=self.home)

    def answers(self):
        commands = (["rank", "--all", "--limit", "0", "--json"],
                    ["rank", "--all", "--public", "--json"],
                    ["explain", "csv:ana", "--by", "act", "--json"])
        return [run(*command, home=self.home) for command in commands]

    def try_flips(self, file, positions):
        """How often it was found by check, and how often a command refused."""
        whole = file.read_bytes()
        before = [done.stdout for done in self.answers()]
        found = refused = 0
        for at in positions:
            bytes_now = bytearray(whole)
            bytes_now[at] ^= 1 << (at % 8)
            file.write_bytes(bytes_now)
            check = run("check", home=self.home)
            where = f"byte {at} of {file.name}"
            self.assertIn(check.returncode, (0, 3), f"{where}: {check.stderr}")
            if check.returncode == 3:
                found += 1
                self.assertIn(file.name, check.stdout + check.stderr, where)
            for done, expected in zip(self.answers(), before):
                self.assertIn(done.returncode, (0, 3), f"{where}: {done.stderr}")
                if done.returncode == 0:
                    self.assertEqual(done.stdout, expected, where)
                else:
                    refused += 1
                    self.assertIn(file.name, done.stderr, where)
                    self.assertEqual(check.returncode, 3, f"{where}: {done.stderr}")
            file.write_bytes(whole)
        self.assertEqual([done.stdout for done in self.answers()], before)
        print(f"{len(positions)} flipped bits in {file.name}: {found} found by check, "
              f"{refused} answers refused")
        return found, refused

    def positions(self, file, count):
        """Bytes that hold something, spread over the file, and always the heads of DuckDB's file."""
        content = file.read_bytes()
        used = [at for at, byte in enumerate(content) if byte != 0]
        chance = random.Random(11)
        return sorted(chance.sample(used, min(count, len(used))))

    def test_in_the_log(self):
        file = self.home / "log.duckdb"
        heads = [start + at for start in (0, 4096, 8192) for at in (1, 9, 16, 40, 64, 2000)]
        found, _ = self.try_flips(file, heads + self.positions(file, 8 if SANITIZED else 50))
        self.assertGreater(found, 5)

    def test_in_the_registry(self):
        file = self.home / "registry.sqlite"
        found, refused = self.try_flips(file, self.positions(file, 8 if SANITIZED else 40))
        self.assertGreater(found, 5)

    def test_in_the_write_ahead_log(self):
        # A server that is killed leaves one behind; the next command would merge it.
        more = self.file("more.csv", crowd(3_000, rng_seed=11))
        server = Server(self.home)
        bellwether("ingest", more, home=self.home)
        server.end(signal.SIGKILL)
        (self.home / "bellwether.sock").unlink()  # nobody answers there, and it cannot be copied
        wal = self.home / "log.duckdb.wal"
        self.assertTrue(wal.exists())
        kept = self.folder / "kept"
        shutil.copytree(self.home, kept)
        bellwether("ingest", more, home=self.home)
        bellwether("score", home=self.home)
        expected = people(self.home)
        content = (kept / wal.name).read_bytes()
        chance = random.Random(5)
        for at in sorted({0, 5, len(content) - 1, *chance.sample(range(len(content)), 6)}):
            shutil.rmtree(self.home)
            shutil.copytree(kept, self.home)
            damaged = bytearray(content)
            damaged[at] ^= 0x10
            wal.write_bytes(damaged)
            done = run("rank", "--all", home=self.home)
            self.assertEqual(done.returncode, 3, f"byte {at}: {done.stderr}")
            self.assertIn("check --repair", done.stderr)
            self.assertEqual(wal.read_bytes(), bytes(damaged))
            said = bellwether("check", "--repair", home=self.home)
            self.assertIn("whole", said.stdout)
            self.assertIn("Repair: ", said.stderr)
            bellwether("ingest", self.path, more, home=self.home)
            bellwether("score", home=self.home)
            self.assertEqual(people(self.home), expected, f"byte {at}")


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
