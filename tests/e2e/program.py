# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: the program under test, a small community, a server."""

import http.client
import os
import pathlib
import re
import signal
import subprocess

PROGRAM = os.environ["BELLWETHER"]
TMP = pathlib.Path(os.environ["BELLWETHER_TMP"])
VILLAGE_HEAD = "time,actor,verb,target,topics\n"


def environment(home):
    return dict(os.environ, BELLWETHER_HOME=str(home), NO_COLOR="1")


def run(*arguments, home, text=None, **more):
    """Runs one command to its end, however it ends."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)], **(dict(
            capture_output=True, text=True, cwd=TMP, timeout=300, env=environment(home),
            input=text) | more))


def bellwether(*arguments, home, code=0, text=None, **more):
    """Runs one command and returns what it printed; the exit code must be the one expected."""
    done = run(*arguments, home=home, text=text, **more)
    assert done.returncode == code, (
        f"{arguments}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
    return done


def village(people=12):
    """Everybody answers and reshares ana; neighbours answer one another."""
    rows = [VILLAGE_HEAD]
    start = 1_746_000_000
    for i in range(people):
        one, other = f"p{i}", f"p{(i + 1) % people}"
        for day, actor, verb, target, topic in (
            (i, one, "reply", other, "tea"),
            (i + 12, other, "RT", one, "tea"),
            (i + 2, one, "RT", "ana", "rust"),
            (i + 15, one, "RE", "ana", "rust"),
        ):
            rows.append(f"{start + day * 86400},{actor},{verb},{target},{topic}\n")
    return "".join(rows)


class Server:
    """`bellwether serve`, with the address it printed."""

    def __init__(self, home, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", *options], cwd=TMP, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home))
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=([\w.~-]+)", line)
            if found:
                self.port, self.token = int(found[1]), found[2]
                return
        raise AssertionError("no address was printed: " + self.process.stderr.read())

    def get(self, path, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=fields)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()

    def as_operator(self, path, **fields):
        return self.get(path, Authorization=f"Bearer {self.token}", **fields)

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err
