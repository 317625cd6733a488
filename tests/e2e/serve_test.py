# SPDX-License-Identifier: Apache-2.0
"""A server that runs, and what happens around it: commands that go through its socket, clients that
go away, servers that die, addresses that are taken."""

import gzip
import json
import os
import signal
import socket
import subprocess
import time
import unittest

from program import PROGRAM, TMP, VILLAGE_HEAD, Server, environment, run, village


class Serving(unittest.TestCase):
    def setUp(self):
        self.folder = TMP / self.id().split(".")[-1]
        self.folder.mkdir()
        self.home = self.folder / "home"
        self.file = self.folder / "village.csv"
        self.file.write_text(village())
        for command in (["ingest", self.file], ["score"]):
            done = run(*command, home=self.home)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.server = Server(self.home)
        self.addCleanup(self.server.end)

    def test_a_command_says_the_same_through_the_server_as_alone(self):
        commands = (
            ["rank", "--all", "--json"], ["rank", "--all"], ["explain", "csv:ana", "--format", "csv"],
            ["show", "csv:ana", "--public"], ["show", "nobody"], ["rank", "--frobnicate"],
            ["people", "list", "--format", "ndjson"], ["compare", "csv:p1", "csv:ana"],
        )
        through = [run(*c, home=self.home) for c in commands]
        code, _, _ = self.server.end()
        self.assertEqual(code, 0)
        alone = [run(*c, home=self.home) for c in commands]
        for command, one, other in zip(commands, through, alone):
            self.assertEqual(
                (one.returncode, one.stdout, one.stderr),
                (other.returncode, other.stdout, other.stderr), command)
        self.assertEqual(through[0].returncode, 0)
        self.assertNotEqual(through[4].returncode, 0)
        self.assertEqual(through[5].returncode, 2)

    def test_the_api_and_the_command_line_say_the_same(self):
        status, fields, body = self.server.as_operator("/api/v3/people?all=true&limit=1000")
        self.assertEqual(status, 200)
        self.assertEqual(body.decode(), run("rank", "--all", "--limit", "0", "--json",
                                            home=self.home).stdout)
        status, fields, zipped = self.server.as_operator(
            "/api/v3/people?all=true&limit=1000", **{"Accept-Encoding": "gzip"})
        self.assertEqual(fields["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(zipped), body)
        status, _, csv = self.server.as_operator("/api/v3/people.csv?all=true")
        self.assertEqual(csv.decode(), subprocess.run(
            [PROGRAM, "rank", "--all", "--format", "csv"], capture_output=True, cwd=TMP,
            env=environment(self.home), timeout=60).stdout.decode())

    def test_standard_input_reaches_the_server(self):
        done = run("ingest", "-", home=self.home,
                   text=VILLAGE_HEAD + "1747600000,zoe,reply,ana,tea\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 accepted", done.stderr)
        self.assertIn(b'"stale":true', self.server.get("/healthz")[2])
        self.assertEqual(run("score", home=self.home).returncode, 0)
        self.assertIn(b'"stale":false', self.server.get("/healthz")[2])
        _, _, body = self.server.as_operator("/api/v3/people/csv:ana/explanation?grouping=act")
        self.assertIn("csv:zoe", body.decode())

    def test_a_relative_path_is_the_clients(self):
        (self.folder / "more.csv").write_text(VILLAGE_HEAD + "1747600000,yan,reply,ana,tea\n")
        done = subprocess.run([PROGRAM, "ingest", "more.csv"], cwd=self.folder, text=True,
                              capture_output=True, env=environment(self.home), timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 accepted", done.stderr)

    def test_consent_decides_at_once_what_others_see(self):
        def public():
            return json.loads(self.server.get("/api/v3/people?all=true")[2])["people"]

        def page():
            return self.server.get("/people/csv:ana")[0]

        self.assertEqual((public(), page()), ([], 404))
        self.assertEqual(run("people", "consent", "csv:ana", "listed", home=self.home).returncode, 0)
        self.assertEqual([p["name"] for p in public()], ["ana"])
        self.assertEqual(page(), 200)
        self.assertEqual(run("people", "consent", "csv:ana", "private", home=self.home).returncode, 0)
        self.assertEqual((public(), page()), ([], 404))

    def test_a_person_is_erased_through_a_server_that_answers_meanwhile(self):
        explanation = "/api/v3/people/csv:ana/explanation?grouping=act"
        self.assertIn(b"p7", self.server.as_operator(explanation)[2])
        before = json.loads(run("show", "csv:ana", "--json", home=self.home).stdout)
        asked = run("people", "erase", "csv:p7", home=self.home)
        self.assertEqual(asked.returncode, 2)
        self.assertIn("--yes", asked.stderr)
        done = run("people", "erase", "csv:p7", "--yes", "--json", home=self.home)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.assertFalse(told["already"])
        self.assertEqual(told["removed"]["acts"], 6)
        status, _, body = self.server.as_operator(explanation)
        self.assertEqual(status, 200)
        self.assertNotIn(b"csv:p7", body)
        self.assertIn(b"people who were erased", body)
        after = json.loads(run("show", "csv:ana", "--json", home=self.home).stdout)
        self.assertAlmostEqual(after["score"], before["score"], delta=1e-9)
        self.assertEqual(self.server.as_operator("/api/v3/people/csv:p7")[0], 404)
        page = self.server.as_operator("/people/" + after["person"])
        self.assertEqual(page[0], 200)
        self.assertIn(b"people who were erased", page[2])
        again = run("people", "erase", "csv:p7", "--yes", home=self.home)
        self.assertEqual(again.returncode, 0)
        self.assertIn("already", again.stdout)
        more = run("ingest", self.file, home=self.home)
        self.assertIn("0 accepted", more.stdout + more.stderr)
        self.assertEqual(self.server.end()[0], 0)

    def test_a_second_server_is_refused_and_told_who_serves(self):
        done = run("serve", "--listen", "127.0.0.1:0", home=self.home)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn(str(self.server.process.pid), done.stderr)
        self.assertEqual(self.server.get("/healthz")[0], 200)

    def test_a_taken_port_is_named(self):
        other = self.folder / "other"
        done = run("serve", "--listen", f"127.0.0.1:{self.server.port}", home=other)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn(f"127.0.0.1:{self.server.port}", done.stderr)

    def test_what_a_killed_server_leaves_behind_is_in_nobodys_way(self):
        before = run("rank", "--all", "--json", home=self.home).stdout
        self.server.end(signal.SIGKILL)
        self.assertTrue((self.home / "bellwether.sock").exists())
        self.assertEqual(run("rank", "--all", "--json", home=self.home).stdout, before)
        again = Server(self.home)
        self.addCleanup(again.end)
        self.assertEqual(again.as_operator("/api/v3/people?all=true")[0], 200)
        self.assertEqual(run("rank", "--all", "--json", home=self.home).stdout, before)
        self.assertEqual(again.end()[0], 0)
        self.assertFalse((self.home / "bellwether.sock").exists())

    def test_the_socket_is_the_owners_alone(self):
        self.assertEqual((self.home / "bellwether.sock").stat().st_mode & 0o777, 0o600)

    def test_a_client_that_is_killed_ends_nothing(self):
        reader, writer = os.pipe()
        client = subprocess.Popen([PROGRAM, "ingest", "-"], stdin=reader, cwd=TMP, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=environment(self.home))
        os.close(reader)
        os.write(writer, VILLAGE_HEAD.encode())
        time.sleep(0.5)
        client.kill()
        client.communicate(timeout=60)
        # What is still to come is read by the server, from the file that it was handed.
        os.write(writer, b"1747600000,xen,reply,ana,tea\n")
        os.close(writer)
        for _ in range(100):
            if b'"stale":true' in self.server.get("/healthz")[2]:
                break
            time.sleep(0.1)
        done = run("score", home=self.home)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("csv:xen", self.server.as_operator(
            "/api/v3/people/csv:ana/explanation?grouping=act")[2].decode())

    def test_a_reader_that_has_had_enough_ends_nothing(self):
        done = subprocess.run(f"'{PROGRAM}' rank --all --json | head -c 10", shell=True, text=True,
                              capture_output=True, cwd=TMP, env=environment(self.home), timeout=60)
        self.assertEqual(len(done.stdout), 10)
        self.assertEqual(self.server.get("/healthz")[0], 200)
        self.assertEqual(run("rank", home=self.home).returncode, 0)

    def test_a_request_under_way_is_answered_when_the_server_is_told_to_end(self):
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        time.sleep(0.3)
        self.server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(b"host\r\n\r\n")
        reply = b""
        while piece := connection.recv(65536):
            reply += piece
        connection.close()
        self.assertTrue(reply.startswith(b"HTTP/1.1 200 OK\r\n"), reply)
        self.assertIn(b'"status":"ok"', reply)
        self.assertEqual(self.server.end()[0], 0)

    def test_the_token_is_of_this_run_alone(self):
        first = self.server.token
        self.assertGreaterEqual(len(first), 40)
        self.server.end()
        again = Server(self.home)
        self.addCleanup(again.end)
        self.assertNotEqual(again.token, first)
        self.assertEqual(again.get("/?token=" + first)[0], 403)


if __name__ == "__main__":
    unittest.main(verbosity=2)
