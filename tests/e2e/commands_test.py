# SPDX-License-Identifier: Apache-2.0
"""The program as people and scripts use it: outputs, exit codes, and a server in between."""

import collections
import csv
import gzip
import io
import itertools
import json
import math
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import tomllib
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree

from program import PROGRAM, TMP, bellwether, environment, run, village

DATA = pathlib.Path(os.environ["BELLWETHER_DATA"])
RANK_FIELDS = (
    "rank rank_low rank_high person accounts name score low high settled people_moved reach "
    "amplification audience momentum forecast_7d forecast_30d percentile topics as_of method policy"
).split()


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = TMP / self.id().split(".")[-1]
        self.folder.mkdir()
        self.home = self.folder / "home"
        self.file = self.folder / "village.csv"
        self.file.write_text(village())

    def ready(self):
        bellwether("ingest", self.file, home=self.home)
        bellwether("score", home=self.home)

    def test_a_ranking_keeps_the_contract_line_by_line(self):
        self.ready()
        lines = bellwether("rank", "--all", "--format", "ndjson", home=self.home).stdout.splitlines()
        people = [json.loads(line) for line in lines]
        self.assertEqual(len(people), 13)
        for person in people:
            for field in RANK_FIELDS:
                self.assertIn(field, person)
            self.assertAlmostEqual(
                person["people_moved"], 2 ** ((person["score"] - 1) / 4.95) - 1, places=9)
            self.assertLessEqual(person["low"], person["score"])
            self.assertLessEqual(person["score"], person["high"])
        ana = people[0]
        self.assertEqual((ana["rank"], ana["name"], ana["accounts"]), (1, "ana", ["csv:ana"]))
        self.assertIsNone(ana["amplification"])  # no posts are known: no evidence, not 0
        table = bellwether("rank", home=self.home).stdout
        self.assertIn("answered by 12 people", table)
        rows = list(csv.DictReader(io.StringIO(
            bellwether("rank", "--all", "--format", "csv", home=self.home).stdout)))
        self.assertEqual([r["name"] for r in rows], [p["name"] for p in people])

    def test_whom_standing_starts_from_is_named(self):
        bellwether("ingest", self.file, home=self.home)
        first = bellwether("score", home=self.home).stderr
        chosen = int(re.search(r"Chose (\d+) accounts of csv for standing to start from", first)[1])
        told = json.loads(bellwether("score", "--json", home=self.home).stdout)
        self.assertEqual((told["teleport_set"], len(set(told["teleport_accounts"]))),
                         (chosen, chosen))
        self.assertLessEqual(set(told["teleport_accounts"]), {f"csv:p{i}" for i in range(12)})
        (self.home / "policy.toml").write_text(
            '[standing]\nteleport = ["csv:p3", "csv:p33"]\n')
        own = bellwether("score", "--json", home=self.home)
        told = json.loads(own.stdout)
        self.assertEqual(told["teleport_accounts"], ["csv:p3"])
        self.assertEqual(told["teleport_unknown"], ["csv:p33"])
        self.assertRegex(own.stderr, r"Not in the log, though policy.toml names .*: csv:p33\.")

    def test_an_explanation_sums_to_the_score(self):
        self.ready()
        for by in ("act", "person", "verb", "topic", "network", "month"):
            told = json.loads(bellwether(
                "explain", "ana", "--by", by, "--json", home=self.home).stdout)
            total = sum(c["points"] for c in told["contributions"])
            self.assertAlmostEqual(total, told["score"] - 1, delta=1e-9)
            for key in ("reasons_up", "reasons_down", "score"):
                self.assertIn(key, told)
        self.assertTrue(told["reasons_up"])

    def test_months_are_told_newest_first(self):
        lines = ["time,actor,verb,target"]
        for month, people in ((1, 2), (2, 9), (3, 1), (4, 5)):
            lines += [f"2025-0{month}-05T08:0{n}:00Z,p{n},reply,ana" for n in range(people)]
        self.file.write_text("\n".join(lines) + "\n")
        self.ready()
        months = ["2025-04", "2025-03", "2025-02", "2025-01"]
        explain = ("explain", "ana", "--by", "month", "--format")
        told = json.loads(bellwether(*explain, "json", home=self.home).stdout)
        points = [c["points"] for c in told["contributions"]]
        self.assertNotEqual(points, sorted(points, reverse=True))
        self.assertEqual([c["label"] for c in told["contributions"]], months)
        self.assertEqual([row["label"] for row in csv.DictReader(io.StringIO(bellwether(
            *explain, "csv", home=self.home).stdout))], months)
        table = bellwether("explain", "ana", "--by", "month", "--limit", "2", home=self.home).stdout
        self.assertLess(table.index("2025-04"), table.index("2025-03"))
        self.assertLess(table.index("2025-03"), table.index("all others"))
        self.assertNotIn("2025-02", table)

    def test_a_simulated_community_is_written_scored_and_marked(self):
        made = bellwether("simulate", "--people", "300", "--days", "40", home=self.home)
        self.assertRegex(made.stdout + made.stderr, r"simulated:people=300.* accepted")
        again = bellwether("simulate", "--people", "300", "--days", "40", home=self.home)
        self.assertIn(" 0 accepted", again.stdout + again.stderr)
        bellwether("score", home=self.home)
        top = json.loads(bellwether(
            "rank", "--format", "ndjson", "--limit", "1", home=self.home).stdout)
        self.assertTrue(top["simulated"])
        # People with accounts on two networks are one, and have their score under either name.
        linked = [p for p in map(json.loads, bellwether(
            "rank", "--all", "--format", "ndjson", "--limit", "0", home=self.home)
            .stdout.splitlines()) if len(p["accounts"]) == 2]
        self.assertGreater(len(linked), 20)
        for account in linked[0]["accounts"]:
            card = json.loads(bellwether("show", account, "--json", home=self.home).stdout)
            self.assertEqual(card["score"], linked[0]["score"])

    def test_the_score_is_held_against_the_planted_truth(self):
        arguments = ("simulate", "--grade", "--seeds", "3", "--people", "200", "--days", "40")
        told = json.loads(bellwether(*arguments, "--json", home=self.home).stdout)
        self.assertTrue(told["simulated"])
        self.assertEqual([t["rng_seed"] for t in told["trials"]], [1, 2, 3])
        for trial in told["trials"]:
            by_name = {m["measure"]: m for m in trial["measures"]}
            best = max((m for m in trial["measures"] if m["baseline"]),
                       key=lambda m: m["spearman"])
            self.assertEqual(trial["best_baseline"], best["measure"])
            self.assertAlmostEqual(
                trial["margin"], by_name["score"]["spearman"] - best["spearman"], places=12)
        self.assertEqual(told["won"], sum(t["margin"] > 0 for t in told["trials"]))
        lines = bellwether(*arguments, "--format", "ndjson", home=self.home).stdout.splitlines()
        self.assertEqual(len(lines), 3 * len(told["measures"]))
        self.assertTrue(all(json.loads(line)["simulated"] for line in lines))
        rows = list(csv.DictReader(io.StringIO(
            bellwether(*arguments, "--format", "csv", home=self.home).stdout)))
        self.assertEqual([float(r["spearman"]) for r in rows],
                         [json.loads(line)["spearman"] for line in lines])
        table = bellwether(*arguments, home=self.home).stdout
        self.assertTrue(table.startswith("SIMULATED"))
        self.assertIn("distinct responders", table)
        self.assertFalse(self.home.exists(), "nothing is written")

    def test_attacks_have_a_price_list(self):
        arguments = ("simulate", "--people", "300", "--days", "40",
                     "--attack", "bought-followers:50", "--attack", "pod:5")
        told = json.loads(bellwether(*arguments, "--json", home=self.home).stdout)
        self.assertEqual(len(told["outcomes"]), 2 * 3 * 2)
        for outcome in told["outcomes"]:
            if outcome["attack"] == "bought-followers":
                self.assertEqual((outcome["accounts"], outcome["acts"]), (50, 50))
                self.assertAlmostEqual(
                    outcome["gained"], outcome["after"] - outcome["before"], places=12)
                if outcome["teleport_set_chosen"] == "before":
                    self.assertLessEqual(outcome["gained"], 3)
                if outcome["gained"] > 1e-9:
                    self.assertAlmostEqual(
                        outcome["acts_per_point"], 50 / outcome["gained"], places=6)
                else:
                    self.assertIsNone(outcome["acts_per_point"])
        lines = bellwether(*arguments, "--format", "ndjson", home=self.home).stdout.splitlines()
        self.assertEqual(len(lines), 12)
        rows = list(csv.DictReader(io.StringIO(
            bellwether(*arguments, "--format", "csv", home=self.home).stdout)))
        self.assertEqual([float(r["gained"]) for r in rows],
                         [o["gained"] for o in told["outcomes"]])
        table = bellwether(*arguments, home=self.home).stdout
        self.assertIn("pod:5", table)
        self.assertIn("a point costs", table)
        # The price is what the table is there for: a narrow terminal does not cut it off.
        narrow = bellwether(*arguments, home=self.home,
                            env=environment(self.home) | {"COLUMNS": "60"}).stdout
        self.assertRegex(narrow, r"\d+ accounts, \d+ acts\n")
        self.assertIn("bought-followers:50: 50 accounts made, 50 acts, 0 honest people drawn in, 1 day\n",
                      table)
        # Another policy, another price.
        policy = self.folder / "free.toml"
        policy.write_text("[score]\ncrowd_share = 0.0\n")
        strict = json.loads(bellwether(
            *arguments, "--policy", policy, "--json", home=self.home).stdout)
        self.assertNotEqual(strict["policy"], told["policy"])
        for outcome in strict["outcomes"]:
            if (outcome["attack"], outcome["teleport_set_chosen"]) == ("bought-followers", "before"):
                self.assertLess(abs(outcome["gained"]), 1e-9)
        self.assertFalse(self.home.exists(), "nothing is written")

    def test_a_simulation_that_makes_no_sense_is_told_why(self):
        for arguments, said in (
                (("--attack", "bomb:3"), "endorsement-bomb"),
                (("--attack", "pod:1"), "from 2 to 500"),
                (("--attack", "pod:3", "--grade"), "excludes"),
                (("--seeds", "3"), "--grade"),
                (("--people", "1"), "--people"),
                (("--json",), "--grade or --attack"),
                (("--grade", "--policy", "/nowhere.toml"), "/nowhere.toml")):
            ran = run("simulate", *arguments, home=self.home)
            self.assertIn(ran.returncode, (2, 3), arguments)
            self.assertIn(said, ran.stderr)

    # Twenty communities; minutes under sanitizers, and no other figures.
    @unittest.skipIf(os.environ.get("BELLWETHER_SANITIZED", "0") == "1", "takes too long")
    def test_the_figures_of_the_method_pages_are_the_programs(self):
        source = pathlib.Path(os.environ["BELLWETHER_SOURCE"])
        ran = subprocess.run([source / "tools" / "method-figures", "--check", "simulate"],
                             capture_output=True, text=True)
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_whoever_has_the_receipts_can_compute_the_score_again(self):
        self.ready()
        even = self.computed_again()
        # Half-lives that weigh unlike one another give another score, from the same evidence.
        (self.home / "policy.toml").write_text("[score]\nhalf_life_weights = [1, 0, 2, 5]\n")
        bellwether("score", home=self.home)
        told = self.computed_again()
        self.assertEqual([h["weight"] for h in told["horizons"]], [0.125, 0, 0.25, 0.625])
        self.assertEqual([h["weight"] for h in even["horizons"]], [0.25] * 4)
        self.assertEqual([h["moved"] for h in told["horizons"]], [h["moved"] for h in even["horizons"]])
        self.assertNotEqual(told["score"], even["score"])
        self.assertNotEqual(told["policy"], even["policy"])

    def computed_again(self):
        told = json.loads(bellwether("explain", "ana", "--by", "act", "--json", home=self.home).stdout)
        formula = told["formula"]
        movers = {}
        for act in told["contributions"]:
            terms = act["terms"]
            self.assertEqual(terms["weight"], 1)  # of replies and reshares
            mover = movers.setdefault(act["mover"], {"standing": terms["standing"], "x": [], "free": []})
            decayed = [terms["credit"] * left for left in terms["decay"]]
            mover["x"].append(decayed)
            mover["free"].append([0.0 if terms["courted"] else x for x in decayed])
            for left, horizon in zip(terms["decay"], told["horizons"]):
                self.assertAlmostEqual(
                    left, 2 ** (-terms["age_days"] / horizon["half_life_days"]), places=12)
            receipt = act["receipts"][0]
            self.assertEqual(receipt["source"], str(self.file))
            line = self.file.read_text().splitlines()[receipt["record"] - 1]
            self.assertIn(act["label"].split()[-1], line)
        doublings = 0
        for h in range(len(told["horizons"])):
            chance = lambda rows: 1 - math.exp(-sum(row[h] for row in rows))
            vouched = sum(m["standing"] * chance(m["free"]) for m in movers.values())
            crowd = sum((1 - m["standing"]) * chance(m["free"]) for m in movers.values())
            courted = sum(chance(m["x"]) - chance(m["free"]) for m in movers.values())
            others = min(courted, formula["courtesy_share"] * (1 + vouched)) + crowd
            moved = vouched + min(others, formula["crowd_share"] * (1 + vouched))
            doublings += math.log2(1 + moved) * told["horizons"][h]["weight"]
        self.assertAlmostEqual(
            told["score"], 1 + formula["points_per_doubling"] * doublings, delta=1e-9)
        return told

    def test_an_explanation_is_shown_beside_people_of_like_activity(self):
        self.ready()
        told = json.loads(bellwether("explain", "p0", "--by", "verb", "--json", home=self.home).stdout)
        self.assertEqual(told["peers"]["people"], 11)
        self.assertEqual(told["peers"]["given"], 4)
        for row in told["contributions"]:
            self.assertIsNotNone(row["median_of_peers"])
        table = bellwether("explain", "p0", home=self.home).stdout
        self.assertIn("medians over 11 people of like activity", table)
        self.assertIn("--by act", table)
        ana = json.loads(bellwether("explain", "ana", "--json", home=self.home).stdout)
        self.assertIsNone(ana["peers"])  # nobody else is as silent: no peers, not peers of 0

    def test_what_changed_sums_to_the_difference_of_two_scores(self):
        bellwether("ingest", self.file, home=self.home)
        bellwether("score", "--as-of", "2025-05-15", home=self.home)
        then = json.loads(bellwether("show", "ana", "--json", home=self.home).stdout)["score"]
        told = json.loads(bellwether("explain", "ana", "--json", home=self.home).stdout)
        self.assertIsNone(told["changed"])  # no snapshot before this one
        bellwether("score", home=self.home)
        for since in ("last", "1", "2025-05-15", "2025-05-20"):
            told = json.loads(bellwether(
                "explain", "ana", "--since", since, "--json", home=self.home).stdout)
            changed = told["changed"]
            self.assertEqual(changed["since"]["snapshot"], 1)
            self.assertEqual(changed["since"]["score"], then)
            parts = {part["cause"]: part for part in changed["parts"]}
            self.assertEqual(
                list(parts), "evidence withdrawn fading standing policy late".split())
            total = sum(part["points"] for part in changed["parts"])
            self.assertAlmostEqual(total, told["score"] - then, delta=1e-9)
            self.assertGreater(parts["evidence"]["points"], 0)
            self.assertLess(parts["fading"]["points"], 0)
            self.assertIn("12 people responded", parts["evidence"]["text"])
        table = bellwether("explain", "ana", home=self.home).stdout
        self.assertIn("What changed: up", table)
        self.assertNotIn("What changed", bellwether(
            "explain", "ana", "--since", "none", home=self.home).stdout)
        self.assertIn("the newest is 2", bellwether(
            "explain", "ana", "--since", "7", home=self.home, code=1).stderr)
        bellwether("explain", "ana", "--since", "soon", home=self.home, code=2)

    def test_what_if_is_the_score_of_a_log_without_the_acts_and_says_it_is_none(self):
        policy = '[standing]\nteleport = ["csv:p0", "csv:p1", "csv:p2", "csv:p3"]\n'
        at = ("--as-of", "2025-06-01")

        def scored(home, text):
            home.mkdir()
            (home / "policy.toml").write_text(policy)
            bellwether("ingest", "-", home=home, text=text)
            bellwether("score", *at, home=home)
            return json.loads(bellwether("show", "ana", "--json", home=home).stdout)

        lines = village().splitlines(keepends=True)
        was = scored(self.home, "".join(lines))
        asked = bellwether("explain", "ana", "--by", "act", "--json", home=self.home).stdout
        acts = {(act["label"], act["points"]): act["receipts"][0]["act"]
                for act in json.loads(asked)["contributions"]}
        first = acts[max(acts, key=lambda act: act[1])]
        mover = next(label for (label, _), act in acts.items() if act == first).split()[-1]
        verb = next(label for (label, _), act in acts.items() if act == first).split()[0]
        spelt = {"reply": "RE", "reshare": "RT"}[verb]
        for number, (options, drop) in enumerate([
                (("--without", "p1", "--without", "csv:p5"),
                 lambda line: re.search(r",p[15],\w+,ana,", line)),
                (("--without-verb", "reshare"), lambda line: ",RT,ana," in line),
                (("--without-verb", "reply", "--after", "2025-05-18"),
                 lambda line: ",RE,ana," in line and int(line.split(",")[0]) >= 1747526400),
                (("--without-act", first), lambda line: f",{mover},{spelt},ana," in line)]):
            told = json.loads(bellwether(
                "what-if", "ana", *options, "--json", home=self.home).stdout)
            kept = [line for line in lines if not drop(line)]
            self.assertEqual(told["acts_taken"], len(lines) - len(kept))
            without = scored(self.folder / f"without-{number}", "".join(kept))
            # Nobody is vouched for by ana, so nobody else's standing hangs on these acts.
            self.assertAlmostEqual(told["what_if"]["score"], without["score"], delta=1e-9)
            self.assertAlmostEqual(told["what_if"]["low"], without["low"], delta=1e-9)
            self.assertEqual(told["what_if"]["settled"], without["settled"])
            self.assertEqual(told["now"]["score"], was["score"])
        # It says of itself, in every form, that it is a simulation.
        more = ("what-if", "ana", "--more", "reshare:10", "--more", "reply:5")
        table = bellwether(*more, home=self.home).stdout
        self.assertTrue(table.startswith("Simulation: "))
        self.assertIn("SIMULATION", table)
        told = json.loads(bellwether(*more, "--json", home=self.home).stdout)
        self.assertIs(told["simulation"], True)
        self.assertEqual(list(told)[0], "simulation")
        self.assertTrue(told["sentence"].startswith("Simulation: "))
        self.assertEqual(told["acts_added"], 15)
        self.assertGreater(told["difference"], 0)
        crowd = json.loads(bellwether(*more, "--from", "crowd", "--json", home=self.home).stdout)
        self.assertLess(crowd["difference"], told["difference"])
        self.assertEqual(crowd["standing_added"], 0)
        line = json.loads(bellwether(*more, "--format", "ndjson", home=self.home).stdout)
        self.assertIs(line["simulation"], True)
        row, = csv.DictReader(io.StringIO(
            bellwether(*more, "--format", "csv", home=self.home).stdout))
        self.assertEqual(row["simulation"], "true")
        # Nothing of it is kept.
        again = json.loads(bellwether("show", "ana", "--json", home=self.home).stdout)
        self.assertEqual(again, was)
        for wrong in ((), ("--more", "post:3"), ("--more", "reshare"), ("--more", "reshare:0"),
                      ("--more", "reshare:100001"), ("--without-verb", "shout"),
                      ("--more", "reply:1", "--after", "soon"), ("--from", "friends")):
            bellwether("what-if", "ana", *wrong, home=self.home, code=2)
        bellwether("what-if", "ana", "--more", "reshare:100000", home=self.home)
        bellwether("what-if", "ana", "--without-act", "9999", home=self.home, code=1)
        bellwether("what-if", "ana", "--without", "nobody", home=self.home, code=1)
        bellwether("what-if", "ana", "--more", "reply:1", "--public", home=self.home, code=1)
        bellwether("people", "consent", "csv:ana", "listed", home=self.home)
        bellwether("what-if", "ana", "--more", "reply:1", "--public", home=self.home)
        bellwether("what-if", "ana", "--without", "p1", "--public", home=self.home, code=1)
        self.assertIn("operator", bellwether(
            "what-if", "ana", "--without-act", first, "--public", home=self.home, code=2).stderr)

    def test_a_replay_changes_nothing_that_was_published(self):
        self.ready()

        def told():
            person = json.loads(bellwether("explain", "ana", "--json", home=self.home).stdout)
            return person["score"], sum(c["points"] for c in person["contributions"])
        before = told()
        self.assertAlmostEqual(before[1], before[0] - 1, delta=1e-9)
        policy = self.home / "policy.toml"
        policy.write_text(re.sub(r"(?m)^(reply|reshare) = 1$", r"\1 = 0.3", policy.read_text()))
        for command in ("backtest", "--folds", "2"), ("backtest", "--sensitivity"), ("tune",):
            if command[0] == "tune":
                command += ("--output", self.folder / "tuned.toml")
            run(*command, home=self.home)
            self.assertEqual(told(), before, command)
        bellwether("score", home=self.home)
        after = told()
        self.assertNotEqual(after, before)
        self.assertAlmostEqual(after[1], after[0] - 1, delta=1e-9)

    def test_two_policies_are_held_against_each_other_and_nothing_is_published(self):
        self.home.mkdir()
        trusted = '[standing]\nteleport = [%s]\n' % ", ".join(f'"csv:p{i}"' for i in range(12))
        policy = self.home / "policy.toml"
        policy.write_text(trusted)
        self.ready()
        tried = self.folder / "tried.toml"
        tried.write_text('name = "tried"\n[credit]\nreply = 0\n[score]\nhalf_life_days = [5, 50]\n' + trusted)

        def everybody():
            lines = bellwether("rank", "--all", "--format", "ndjson", home=self.home).stdout
            return {p["person"]: p for p in map(json.loads, lines.splitlines())}

        def history():
            return json.loads(bellwether("show", "ana", "--json", home=self.home).stdout)["history"]

        as_it_is = everybody()
        before = history()
        told = json.loads(bellwether(
            "compare", "--policies", "current", tried, "--json", home=self.home).stdout)
        self.assertIs(told["published"], False)
        self.assertEqual(everybody(), as_it_is)
        self.assertEqual(history(), before)
        one, other = told["policies"]
        self.assertEqual((one["name"], other["name"]), ("default", "tried"))
        self.assertNotEqual(one["policy"], other["policy"])
        self.assertEqual(one["policy"], as_it_is[told["people"][0]["person"]]["policy"])
        # Under the policy in force it is the scores in force; under the other those that scoring
        # by it gives.
        for person in told["people"]:
            self.assertEqual(person["first"]["score"], as_it_is[person["person"]]["score"])
        policy.write_text(tried.read_text())
        bellwether("score", home=self.home)
        as_tried = everybody()
        for person in told["people"]:
            self.assertEqual(person["second"]["policy"], other["policy"])
            for key in ("score", "low", "high", "settled", "rank"):
                expected = as_tried.get(person["person"], {"settled": False}).get(key)
                self.assertEqual(person["second"][key], expected, key)
        # History is not rewritten by another policy; it goes on beside.
        after = history()
        self.assertEqual(after[:1], before)
        self.assertEqual([point["policy"] for point in after], [one["policy"], other["policy"]])
        # Now the first is a kept one, by number or by hash.
        for name in ("1", one["policy"]):
            again = json.loads(bellwether(
                "compare", "--policies", name, "current", "--json", home=self.home).stdout)
            self.assertEqual(again["people"], told["people"])
            self.assertEqual(again["agreement"], told["agreement"])
        same = json.loads(bellwether(
            "compare", "--policies", "current", tried, "--json", home=self.home).stdout)
        self.assertEqual(same["people"], [])
        self.assertAlmostEqual(same["agreement"]["spearman"], 1)
        self.assertIn("Nobody's score differs", bellwether(
            "compare", "--policies", "current", tried, home=self.home).stdout)
        # An older method beside the newest.
        older = self.folder / "older.toml"
        older.write_text('method = "bellwether/1"\n' + tried.read_text())
        methods = json.loads(bellwether(
            "compare", "--policies", older, "current", "ana", "--json", home=self.home).stdout)
        self.assertEqual(methods["policies"][0]["method"], "bellwether/1")
        self.assertNotEqual(methods["policies"][1]["method"], "bellwether/1")
        self.assertNotEqual(methods["policies"][0]["policy"], methods["policies"][1]["policy"])
        for side, told_of in zip(("first", "second"), methods["policies"]):
            self.assertEqual(methods["people"][0][side]["method"], told_of["method"])
        # Those asked about, as asked; and in the other forms.
        options = ("compare", "--policies", "1", tried, "p3", "ana")
        two = json.loads(bellwether(*options, "--json", home=self.home).stdout)["people"]
        self.assertEqual([p["name"] for p in two], ["p3", "ana"])
        table = bellwether(*options, home=self.home).stdout
        self.assertIn("Nothing is published", table)
        rows = list(csv.DictReader(io.StringIO(
            bellwether(*options, "--format", "csv", home=self.home).stdout)))
        self.assertEqual([float(r["second_score"]) for r in rows], [p["second"]["score"] for p in two])
        self.assertEqual(len(bellwether(
            *options, "--format", "ndjson", home=self.home).stdout.splitlines()), 2)
        # To the public, who is not listed does not exist.
        bellwether("people", "consent", "csv:ana", "listed", home=self.home)
        public = json.loads(bellwether(
            "compare", "--policies", "1", tried, "--public", "--json", home=self.home).stdout)
        self.assertEqual([p["name"] for p in public["people"]], ["ana"])
        self.assertEqual([side["people"] for side in public["policies"]], [1, 1])
        bellwether(*options, "--public", home=self.home, code=1)
        wrong = self.folder / "wrong.toml"
        wrong.write_text("[credit]\nreply = 11\n")
        for policies, code in ((("current", "no-such.toml"), 1), (("current", "9"), 1),
                               (("current", "0123456789abcdef"), 1), (("current", wrong), 2),
                               (("current",), 2)):
            bellwether("compare", "--policies", *policies, home=self.home, code=code)
        bellwether("compare", "ana", home=self.home, code=2)

    def test_a_backtest_holds_the_score_against_what_came(self):
        bellwether("ingest", self.file, home=self.home)
        told = json.loads(bellwether(
            "backtest", "--cut", "0.5", "--folds", "2", "--json", home=self.home).stdout)
        self.assertEqual(len(told["folds"]), 2)
        self.assertEqual(told["folds"][0]["end"], told["folds"][1]["cut"])
        self.assertEqual(told["folds"][0]["responses_before"], 24)
        self.assertGreater(told["measures"]["score"]["ndcg_100"], 0.5)
        self.assertIsNone(told["measures"]["followers"]["ndcg_100"])  # nobody follows anybody here
        training = [fold["training_windows"] for fold in told["folds"]]
        self.assertGreater(training[0], 0)
        self.assertEqual(training[1], training[0] + 1)  # the window before has come true
        self.assertTrue(0 <= told["calibration"]["coverage_90"] <= 1)
        lines = bellwether("backtest", "--cut", "0.5", "--folds", "2", "--format", "ndjson",
                           home=self.home).stdout.splitlines()
        chances = told["pair_chances"]
        self.assertEqual(len(lines), 2 * len(told["measures"]) + 2 + len(chances["measures"]))
        for line, measure in zip(map(json.loads, lines[-4:]), ("", "_constant", "_weighted_cascade",
                                                               "_plain_rate")):
            self.assertEqual(line["measure"], "pair_chances" + measure)
            self.assertEqual((line["fold"], line["cut"], line["end"]), (
                None, told["folds"][0]["cut"], told["folds"][1]["end"]))
            self.assertIn({k: line[k] for k in chances["measures"]["chances"]},
                          chances["measures"].values())
        self.assertLessEqual(chances["answered"], chances["exposures"])
        self.assertEqual(len(chances["tenths"]), 10)
        # How often the intervals held, in lines of their own.
        for fold, line in zip(told["folds"], map(json.loads, lines[-6:-4])):
            self.assertEqual((line["cut"], line["measure"]), (fold["cut"], "forecast_intervals"))
            self.assertEqual({key: line[key] for key in fold["calibration"]}, fold["calibration"])
        rows = list(csv.DictReader(io.StringIO(bellwether(
            "backtest", "--cut", "0.5", "--folds", "2", "--format", "csv",
            home=self.home).stdout)))
        self.assertEqual({row["measure"] for row in rows if row["fold"]},
                         {*told["measures"], "forecast_intervals"})
        losses = [float(row["log_loss"]) for row in rows if row["fold"] == ""]
        self.assertEqual(losses, [m["log_loss"] for m in chances["measures"].values()])
        for row in filter(lambda row: row["fold"], rows):
            held = row["measure"] == "forecast_intervals"
            self.assertEqual(row["coverage_90"] != "", held)
            if held:
                wanted = told["folds"][int(row["fold"]) - 1]["calibration"]
                self.assertAlmostEqual(float(row["coverage_90"]), wanted["coverage_90"])
                self.assertEqual(int(row["expected"]), wanted["expected"])
                self.assertEqual((row["ndcg_100"], row["auc"]), ("", ""))
        # Where nothing came before, there is nothing to fit a forecast on, and no such line.
        early = ("backtest", "--cut", "0.1", "--folds", "1")
        self.assertIsNone(json.loads(bellwether(
            *early, "--json", home=self.home).stdout)["folds"][0]["calibration"])
        self.assertNotIn("forecast_intervals", bellwether(
            *early, "--format", "csv", home=self.home).stdout)
        table = bellwether("backtest", home=self.home).stdout
        self.assertIn("distinct responders", table)
        self.assertRegex(table, "(?s)Pair chances: .*plain rate")
        self.assertNotIn("p1", table)  # it speaks of measures, never of people
        picture = self.folder / "backtest.svg"
        bellwether("backtest", "--plot", picture, home=self.home)
        root = xml.etree.ElementTree.parse(picture).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        words = " ".join(root.itertext())
        for word in ("forecast", "distinct responders", "pagerank"):
            self.assertIn(word, words)
        bellwether("backtest", "--plot", self.folder / "no/such/folder.svg", home=self.home, code=3)
        for wrong in (("--cut", "1.5"), ("--cut", "soon"), ("--window", "7"), ("--folds", "0")):
            bellwether("backtest", *wrong, home=self.home, code=2)
        bellwether("backtest", "--window", "900d", home=self.home, code=1)
        # What would be ignored is refused.
        for ignored in (("--kept", "--folds", "2"), ("--kept", "--cut", "0.5"),
                        ("--kept", "--window", "3d"), ("--kept", "--plot", picture),
                        ("--kept", "--sensitivity"), ("--sensitivity", "--folds", "2"),
                        ("--sensitivity", "--plot", picture)):
            self.assertIn(ignored[0], bellwether(
                "backtest", *ignored, home=self.home, code=2).stderr)

    def test_how_far_a_ranking_hangs_on_each_constant_is_told_to_the_operator(self):
        self.ready()
        before = bellwether("rank", "--all", "--json", home=self.home).stdout
        told = json.loads(bellwether(
            "backtest", "--sensitivity", "--limit", "3", "--json", home=self.home).stdout)
        self.assertIs(told["published"], False)
        # As it is, it is the ranking in force.
        everybody = {p["person"]: p for p in json.loads(before)["people"]}
        self.assertEqual(len(told["people"]), 3)
        for person in told["people"]:
            self.assertAlmostEqual(person["score"], everybody[person["person"]]["score"], places=9)
            self.assertIn(person["account"], everybody[person["person"]]["accounts"])
            self.assertLessEqual(person["best"], person["rank"])
            self.assertLessEqual(person["rank"], person["worst"])
        graded = json.loads(bellwether("backtest", "--json", home=self.home).stdout)
        self.assertAlmostEqual(told["ndcg_100"], graded["measures"]["score"]["ndcg_100"], places=9)
        keys = {v["key"] for v in told["variations"]}
        self.assertLessEqual({"credit.reply", "credit.reshare", "score.crowd_share",
                              "score.half_life_days.4", "standing.teleport"}, keys)
        self.assertNotIn("credit.meet", keys)  # nobody met anybody
        moves = [v["mean_move"] for v in told["variations"]]
        self.assertEqual(max(moves), max(moves[:3]))  # what moves most comes first
        lines = bellwether("backtest", "--sensitivity", "--limit", "3", "--format", "ndjson",
                           home=self.home).stdout.splitlines()
        self.assertEqual(len(lines), len(told["variations"]) + 3)
        rows = list(csv.DictReader(io.StringIO(bellwether(
            "backtest", "--sensitivity", "--format", "csv", home=self.home).stdout)))
        self.assertEqual({row["key"] for row in rows}, keys)
        table = bellwether("backtest", "--sensitivity", home=self.home).stdout
        self.assertIn("score.crowd_share", table)
        self.assertIn("standing.vouch_half_life_days ", table)  # a key that is cut off is none
        self.assertIn("Nothing of this is published", table)
        self.assertEqual(bellwether("rank", "--all", "--json", home=self.home).stdout, before)
        bellwether("backtest", "--limit", "3", home=self.home, code=2)
        bellwether("backtest", "--sensitivity", "--limit", "0", home=self.home, code=2)
        bellwether("backtest", "--sensitivity", "--window", "900d", home=self.home, code=1)

    def test_a_policy_is_tuned_into_a_file_and_nothing_in_force_changes(self):
        # Whom people reshare are the same four all along; whom they reply to is drawn by lot.
        rng = random.Random(5)
        rows = ["time,actor,verb,target"]
        for day in range(120):
            if day % 5 == 0:
                drawn = rng.sample(range(60), 4)
            for _ in range(14):
                verb, at = rng.choice([("reshare", rng.randrange(4)), ("reply", rng.choice(drawn))])
                mover = rng.choice([p for p in range(60) if p != at])
                rows.append(f"{1341100800 + day * 86400 + rng.randrange(86400)},p{mover},{verb},p{at}")
        self.file.write_text("\n".join(rows) + "\n")
        self.ready()
        before = bellwether("rank", "--all", "--json", home=self.home).stdout
        policy = (self.home / "policy.toml").read_text()
        tuned = self.folder / "ours.toml"
        told = json.loads(bellwether("tune", "--output", tuned, "--name", "ours", "--json",
                                     home=self.home).stdout)
        self.assertIs(told["published"], False)
        self.assertEqual(told["tuned_name"], "ours")
        self.assertEqual(len(told["folds"]), 3)
        self.assertLessEqual(told["two_weeks_of_silence"], 0.91)
        self.assertEqual(told["changed"], told["tuned"] != told["policy"])
        for fold in told["folds"]:
            self.assertGreaterEqual(fold["windows"], 3)
            self.assertLess(fold["log_likelihood_before"], 0)
            if not fold["changed"]:
                self.assertEqual(fold["before"], fold["after"])
        # Nothing in force is another.
        self.assertEqual(bellwether("rank", "--all", "--json", home=self.home).stdout, before)
        self.assertEqual((self.home / "policy.toml").read_text(), policy)
        # The file is a policy that every command takes.
        written = tomllib.loads(tuned.read_text())
        self.assertEqual(written["name"], "ours")
        for value in told["values"]:
            table, key, *place = value["key"].split(".")
            if key != "half_life_weights":
                found = written[table][key]
                self.assertEqual(found[int(place[0]) - 1] if place else found, value["after"])
        compared = json.loads(bellwether("compare", "--policies", "current", tuned, "--json",
                                         home=self.home).stdout)
        self.assertEqual(compared["policies"][1]["name"], "ours")
        # A file that is there is not overwritten unless that is asked for.
        refused = run("tune", "--output", tuned, home=self.home)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--force", refused.stderr)
        self.assertEqual(tomllib.loads(tuned.read_text())["name"], "ours")
        table = bellwether("tune", "--output", tuned, "--force", "--folds", "2", home=self.home).stdout
        self.assertIn("Nested folds", table)
        self.assertIn("Nothing in the workspace has changed", table)
        self.assertEqual(tomllib.loads(tuned.read_text())["name"], "tuned-2012-10-28")
        lines = bellwether("tune", "--output", tuned, "--force", "--format", "ndjson", home=self.home)
        self.assertEqual(len(lines.stdout.splitlines()), 3)
        rows = list(csv.DictReader(io.StringIO(bellwether(
            "tune", "--output", tuned, "--force", "--format", "csv", home=self.home).stdout)))
        self.assertEqual([row["fold"] for row in rows], ["1", "2", "3"])
        bellwether("tune", "--output", self.folder / "no/such/folder.toml", home=self.home, code=3)
        bellwether("tune", "--output", self.folder / "x.toml", "--window", "900d", home=self.home, code=1)
        self.assertFalse((self.folder / "x.toml").exists())
        bellwether("tune", "--cut", "soon", "--output", self.folder / "x.toml", home=self.home, code=2)

    def test_a_forecast_is_kept_graded_and_told_to_whom_it_concerns(self):
        bellwether("simulate", "--people", "80", "--days", "90", home=self.home)
        self.assertIn("`bellwether score`", bellwether("backtest", "--kept", home=self.home).stdout)
        bellwether("score", "--as-of", "2025-03-01", home=self.home)
        self.assertIn("No forecast has come due", bellwether("backtest", "--kept", home=self.home).stdout)
        self.assertEqual(
            json.loads(bellwether("backtest", "--kept", "--json", home=self.home).stdout), {"grades": []})
        said = {row["person"]: row for row in map(json.loads, bellwether(
            "rank", "--all", "--limit", "0", "--format", "ndjson", home=self.home).stdout.splitlines())}
        scored = bellwether("score", home=self.home)
        self.assertIn("Graded the forecast of snapshot 1 for 30 days", scored.stderr)
        grades = json.loads(bellwether("backtest", "--kept", "--json", home=self.home).stdout)["grades"]
        self.assertEqual([(g["snapshot"], g["days"]) for g in grades], [(1, 7), (1, 30)])
        self.assertAlmostEqual(
            grades[0]["said"], sum(row["forecast_7d"] for row in said.values()), delta=1e-3)
        self.assertGreater(grades[1]["came"], grades[0]["came"])
        self.assertTrue(all(g["simulated"] for g in grades))
        lines = bellwether("backtest", "--kept", "--format", "csv", home=self.home).stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(bellwether("rank", "--by", "forecast", home=self.home).stdout,
                         r"\d\.\d, \d+ to \d+ ")  # no forecast without its interval
        first = bellwether("rank", "--by", "forecast", "--limit", "1", "--format", "ndjson", home=self.home)
        person = json.loads(first.stdout)
        self.assertTrue(person["forecast_7d_low"] <= person["forecast_7d_high"])
        self.assertGreaterEqual(person["forecast_30d"], person["forecast_7d"])
        card = json.loads(bellwether("show", person["person"], "--json", home=self.home).stdout)
        self.assertEqual([past["days"] for past in card["forecasts"]], [7, 30])
        self.assertEqual(card["forecasts"][0]["mean"], said[person["person"]]["forecast_7d"])
        shown = bellwether("show", person["person"], home=self.home).stdout
        self.assertIn("Likely to move", shown)
        self.assertIn("What earlier forecasts said", shown)
        self.assertIn("within 7 days", bellwether("rank", "--by", "forecast", home=self.home).stdout)

    def habits_of(self, rows, person="ana"):
        self.file.write_text("time,actor,verb,target,object,id\n" + "".join(
            ",".join(map(str, row)) + "\n" for row in rows))
        self.ready()
        return json.loads(bellwether("show", person, "--json", home=self.home).stdout)

    def test_the_half_life_of_a_post_is_told_with_what_it_rests_on(self):
        start, hour = 1_746_000_000, 3600
        rows = []
        for day in range(40):
            at = start + day * 24 * hour
            rows.append((at, "ana", "post", "", f"ana/{day}", ""))
            for who, after in (("bo", 1), ("cy", 4), ("di", 20)):
                rows.append((at + after * hour, who, "reply", "", f"ana/{day}", ""))
            rows.append((at + 2 * hour, "ana", "reply", "", f"ana/{day}", ""))  # her own: no response
            rows.append((at + 5 * hour, "bo", "react", "", f"ana/{day}", ""))   # not bo's first
        told = self.habits_of(rows)
        half_life = told["post_half_life"]
        self.assertEqual((half_life["hours"], half_life["low"], half_life["high"]), (4, 4, 4))
        self.assertEqual((half_life["posts"], half_life["within_days"]), (40, 30))
        self.assertEqual(half_life["responses"], 3 * 40)
        self.assertNotIn("post_half_life", told["unknown"])
        table = bellwether("show", "ana", home=self.home).stdout
        self.assertIn("half of the responses to a post come within 4 hours", table)
        # Whoever posts nothing has none, and is told why.
        other = json.loads(bellwether("show", "bo", "--json", home=self.home).stdout)
        self.assertIsNone(other["post_half_life"])
        self.assertIn("no responses", other["unknown"]["post_half_life"])

    def test_the_hour_that_is_answered_is_told_in_the_zone_asked_for(self):
        hour, monday = 3600, 1_735_516_800  # 2024-12-30T00:00:00Z
        rows = []
        for week in range(40):
            for day, clock, answers in ((1, 8, 4), (3, 20, 0)):
                at = monday + (week * 7 + day) * 24 * hour + clock * hour
                rows.append((at, "ana", "post", "", f"ana/{week}/{day}", ""))
                for i in range(answers):
                    rows.append((at + (i + 1) * hour, f"p{i}", "reply", "", f"ana/{week}/{day}", ""))
        rows.append((monday + 41 * 7 * 24 * hour, "bo", "post", "", "bo/last", ""))
        told = self.habits_of(rows)["when_to_post"]
        self.assertEqual((told["zone"], told["of"]), ("UTC", "posts"))
        self.assertEqual(told["best"], [{"day": "Tuesday", "hour": 8}])
        self.assertEqual((told["posts_by_hour"][1][8], told["responders_by_hour"][1][8]), (40, 160))
        self.assertEqual(told["average"], 2)
        self.assertGreater(told["lows"][1][8], 2)
        self.assertLess(told["rates"][3][20], 1)
        shown = bellwether("show", "ana", "--hours", "--zone", "Asia/Kolkata", home=self.home).stdout
        self.assertIn("best on Tuesday 13:00 to 14:00 (Asia/Kolkata)", shown)
        row = next(line for line in shown.splitlines() if line.startswith("  Tuesday"))
        self.assertEqual(row[12:].index("\u2588\u2588"), 2 * 13)
        wrong = bellwether("show", "ana", "--zone", "Mars/Olympus", home=self.home, code=2)
        self.assertIn("Europe/Berlin", wrong.stderr)

    def test_where_no_response_names_a_post_the_hours_are_those_in_which_people_came(self):
        hour, monday = 3600, 1_735_516_800
        rows = []
        for week in range(30):
            for i in range(3):
                rows.append((monday + (week * 7 + 2) * 24 * hour + 18 * hour + i * 60,
                             f"p{i}", "reply", "ana", "", ""))
        told = self.habits_of(rows)
        self.assertEqual(told["when_to_post"]["of"], "arrivals")
        self.assertEqual(told["when_to_post"]["best"], [{"day": "Wednesday", "hour": 18}])
        self.assertIsNone(told["post_half_life"])
        shown = " ".join(bellwether("show", "ana", "--hours", home=self.home).stdout.split())
        self.assertIn("by when responses came", shown)
        self.assertIn("When responses come", shown)

    def test_a_sharer_and_a_creator_have_different_styles_and_few_acts_none(self):
        day, monday = 86400, 1_735_516_800
        rows = []
        for i in range(120):
            at = monday + i * day
            rows.append((at, "shea", "reshare", f"p{i % 40}", f"link/{i}", f"s/{i}"))
            rows.append((at + 60, "crea", "post", "", f"crea/{i}", f"crea/{i}"))
            if i % 3 == 0:
                rows.append((at + 120, "crea", "reply", "shea", "", f"c/{i}"))
                rows.append((at + 120, "shea", "react", f"p{i % 40}", f"x/{i}", f"r/{i}"))
        shea = self.habits_of(rows, "shea")["style"]
        self.assertEqual(shea["cell"], "Curator")
        self.assertEqual(shea["sharing_creating"]["side"], "sharing")
        self.assertLess(shea["sharing_creating"]["value"], 0.1)
        self.assertEqual(shea["broad_focused"]["of"], "people")
        crea = json.loads(bellwether("show", "crea", "--json", home=self.home).stdout)["style"]
        self.assertEqual((crea["cell"], crea["row"], crea["column"]), ("Thought Leader", 2, 3))
        self.assertEqual(crea["participating_listening"]["side"], "participating")
        table = bellwether("show", "crea", home=self.home).stdout
        self.assertIn("Thought Leader: creating, focused, participating, consistent", table)
        few = json.loads(bellwether("show", "p1", "--json", home=self.home).stdout)
        self.assertIsNone(few["style"])
        self.assertIn("30", few["unknown"]["style"])

    def test_a_source_that_links_no_response_to_a_post_has_no_half_life(self):
        self.ready()
        told = json.loads(bellwether("show", "ana", "--json", home=self.home).stdout)
        self.assertIsNone(told["post_half_life"])
        self.assertIn("do not say which act was answered", told["unknown"]["post_half_life"])
        self.assertIn("do not say which act was answered",
                      " ".join(bellwether("show", "ana", home=self.home).stdout.split()))

    def test_reading_twice_changes_nothing_and_a_unit_can_be_taken_back(self):
        self.ready()
        again = bellwether("ingest", self.file, home=self.home).stderr
        self.assertIn("0 accepted, 48 duplicates", again)
        bellwether("ingest", "--undo", "1", home=self.home)
        self.assertIn("undone", bellwether("ingest", "--list", home=self.home).stdout)
        bellwether("ingest", "--undo", "1", home=self.home, code=1)
        self.assertIn("48 accepted", bellwether("ingest", self.file, home=self.home).stderr)

    def test_an_erased_person_is_in_no_byte_of_the_workspace(self):
        text = self.file.read_text().replace("p7,", "quibblefax,")
        self.file.write_text(text + "soon,quibblefax,RE,ana,tea\n")
        bellwether("ingest", "--keep-rejects", self.file, home=self.home)
        bellwether("score", home=self.home)
        bellwether("people", "consent", "csv:quibblefax", "listed", home=self.home)

        def found():
            return [path.name for path in self.home.rglob("*")
                    if path.is_file() and b"quibblefax" in path.read_bytes()]

        def scores():
            lines = bellwether("rank", "--all", "--format", "ndjson", home=self.home).stdout
            return {p["name"]: p["score"] for p in map(json.loads, lines.splitlines())}

        self.assertTrue(found())
        before = scores()
        self.assertIn("--yes", bellwether("people", "erase", "quibblefax", home=self.home, code=2).stderr)
        told = json.loads(bellwether(
            "people", "erase", "quibblefax", "--yes", "--json", home=self.home).stdout)
        self.assertEqual(told["removed"]["acts"], 6)
        self.assertEqual(told["removed"]["rejected_contents"], 1)
        self.assertEqual(found(), [])
        moved = {m["account"].removeprefix("csv:") for m in told["moved"]}
        # Two people had hardly anybody else; the operator is told who.
        self.assertEqual(moved, {"p6", "p8"})
        after = scores()
        self.assertNotIn("quibblefax", after)
        for name in before.keys() - moved - {"quibblefax"}:
            self.assertAlmostEqual(after[name], before[name], delta=1e-9)
        rows = list(csv.DictReader(io.StringIO(
            bellwether("explain", "ana", "--format", "csv", home=self.home).stdout)))
        self.assertAlmostEqual(sum(float(r["points"]) for r in rows), after["ana"] - 1, delta=1e-9)
        erased = [r for r in rows if r["label"] == "people who were erased"]
        self.assertEqual([(r["acts"], r["people"], r["names"]) for r in erased], [("0", "1", "")])
        self.assertIn("already", bellwether(
            "people", "erase", "csv:quibblefax", "--yes", home=self.home).stdout)
        self.assertIn("was erased", bellwether("show", "quibblefax", home=self.home, code=1).stderr)
        again = bellwether("ingest", "--keep-rejects", self.file, home=self.home).stderr
        self.assertIn("6 × by or towards somebody who was erased", again)
        bellwether("score", home=self.home)
        self.assertEqual(scores(), after)
        self.assertEqual(found(), [])
        self.assertIn("whole", bellwether("check", home=self.home).stdout)
        bellwether("people", "erase", "csv:nobody-at-all", "--yes", home=self.home, code=1)

    def ontology(self, extra=""):
        """Three files as the published one has them: computing > languages > rust; drinks > tea."""
        folder = self.folder / "ontology"
        folder.mkdir(exist_ok=True)
        (folder / "topics.csv").write_text(
            '"topicId","topicSlug","topicDisplayName","wikiItemId","freebaseMachineId"\n'
            '10000000000000000001,"computing","Computing","Q11","0a"\n'
            '2,"languages","Programming Languages","Q12","0b"\n3,"rust","Rust","",""\n'
            '4,"drinks","Drinks","",""\n5,"tea","Tea","Q14",""\n')
        (folder / "edges.csv").write_text(
            '"parentTopicId","parrentTopicSlug","childTopicId","childTopicSlug"\n0,"_ROOT_",0,"_ROOT_"\n'
            '0,"_ROOT_",4,"drinks"\n10000000000000000001,"computing",2,"languages"\n'
            '2,"languages",3,"rust"\n4,"drinks",5,"tea"\n' + extra)
        (folder / "names.csv").write_text(
            '"topicId","language","topicDisplayName"\n5,"de","Tee"\n5,"fr","Thé"\n'
            '10000000000000000001,"de","Datenverarbeitung"\n')
        return folder

    def ranked(self, topic, *options):
        told = json.loads(bellwether("rank", "--topic", topic, "--all", "--limit", "0", "--json",
                                     *options, home=self.home).stdout)
        return told["topic"], {p["name"]: p["score"] for p in told["people"]}

    def test_a_topic_holds_what_is_below_it_and_every_act_once(self):
        self.file.write_text(village().replace("RT,ana,rust", "RT,ana,Rust;languages"))
        self.ready()
        alone = self.ranked("rust")[1]
        self.assertLess(self.ranked("languages")[1]["ana"], alone["ana"])
        bellwether("rank", "--topic", "computing", home=self.home, code=1)
        told = json.loads(bellwether(
            "topics", "import", self.ontology(), "--json", home=self.home).stdout)
        self.assertEqual((told["topics"], told["parents"], told["names"]), (5, 3, 3))
        self.assertEqual((told["rejected"], told["under_a_root"]), (0, 2))
        # Half of the acts are on both: below one roof they count once.
        for asked in ("computing", "Datenverarbeitung", "programming languages", "2",
                      "10000000000000000001"):
            self.assertEqual(self.ranked(asked)[1], alone, asked)
        self.assertEqual(self.ranked("Tee"), self.ranked("tea"))
        self.assertEqual(self.ranked("DRINKS"), ("drinks", self.ranked("tea")[1]))
        # The most specific that carry the evidence, not the chain above them.
        card = json.loads(bellwether("show", "ana", "--json", home=self.home).stdout)
        self.assertEqual(card["topics"], ["rust"])
        evidence = {t["topic"]: t for t in card["topic_evidence"]}
        self.assertEqual(evidence["rust"]["id"], "3")
        self.assertEqual(len(evidence["rust"]["receipts"]), 3)
        self.assertEqual(evidence["rust"]["acts"], 24)
        self.assertGreaterEqual(evidence["rust"]["vouched_movers"], 3)
        told = json.loads(bellwether(
            "explain", "ana", "--by", "topic", "--json", home=self.home).stdout)
        above = {t["topic"]: t for t in told["topic_evidence"]}["computing"]
        self.assertFalse(above["theirs"])
        self.assertIn("more specific", above["missing"][0])
        self.assertEqual(above["acts"], 24)
        listed = bellwether("topics", "list", "--search", "thé", home=self.home).stdout
        self.assertIn("Tea (5)", listed)
        line = json.loads(bellwether(
            "topics", "list", "--search", "rust", "--format", "ndjson", home=self.home).stdout)
        self.assertEqual(line["policy"], told["policy"])
        shown = bellwether("topics", "show", "rust", home=self.home).stdout
        self.assertIn("Above       languages", shown)
        self.assertIn("ana", shown)
        self.assertIn("whole", bellwether("check", home=self.home).stdout)

    def test_a_response_is_about_the_post_it_responds_to_whichever_was_read_first(self):
        posts = [f"2025-03-0{d}T08:00:00Z,@ana,post,,raku,note:{d}" for d in (1, 2)]
        likes = [f"2025-03-0{d}T09:0{n}:00Z,@p{n},{verb},,,note:{d}"
                 for d in (1, 2) for n in range(4) for verb in ("react", "reshare")]
        # They turn to each other, so that somebody is vouched for.
        likes += [f"2025-02-0{n + 1}T09:00:00Z,@p{n},reshare,@p{(n + 1) % 4},," for n in range(4)]
        files = []
        for name, rows in (("likes", likes), ("posts", posts)):
            files.append(self.folder / f"{name}.csv")
            files[-1].write_text("time,actor,verb,target,topics,object\n" + "\n".join(rows) + "\n")
        cards = []
        for number, order in enumerate((files, files[::-1])):
            home = self.folder / f"home{number}"
            for file in order:
                bellwether("ingest", file, home=home)
                if files[0] in order[:order.index(file) + 1]:  # else nobody responded yet
                    bellwether("score", home=home)
            cards.append(json.loads(bellwether("show", "@ana", "--json", home=home).stdout))
        for card in cards:
            self.assertEqual(card["topics"], ["raku"])
            evidence = card["topic_evidence"][0]
            self.assertEqual((evidence["acts"], evidence["days"]), (16, 2))
            self.assertEqual({t for r in evidence["receipts"] for t in r["topics"]}, {"raku"})
        self.assertEqual(cards[0]["score"], cards[1]["score"])
    def test_a_topic_that_only_the_ontology_knows_is_shown_without_people(self):
        self.file.write_text(village().replace(",tea", ",rust"))
        self.ready()
        bellwether("topics", "show", "tea", home=self.home, code=1)
        bellwether("topics", "import", self.ontology(), home=self.home)
        for asked in ("tea", "Thé", "#TEA", "teas", "5"):
            shown = bellwether("topics", "show", asked, home=self.home).stdout
            self.assertIn("Tea\ntea  (topic 5, Wikidata Q14)\n", shown, asked)
            self.assertIn("Above       drinks\n", shown)
            self.assertIn("Tee (de), Thé (fr)", shown)
            self.assertIn("No act here is about it or anything below it.", shown)
            self.assertNotIn("settled", shown)
        self.assertIn("Below       tea\n",
                      bellwether("topics", "show", "drinks", home=self.home).stdout)
        told = json.loads(bellwether("topics", "show", "tea", "--json", home=self.home).stdout)
        self.assertEqual((told["topic"], told["id"], told["in_log"], told["people"]),
                         ("tea", "5", False, []))
        self.assertIsNone(told["responses"])
        for form in ("ndjson", "csv"):
            rows = bellwether("topics", "show", "tea", "--format", form, home=self.home).stdout
            self.assertLessEqual(len(rows.splitlines()), form == "csv")
        # One that an act below it is about, and one that nobody knows.
        shown = bellwether("topics", "show", "computing", home=self.home).stdout
        self.assertNotIn("No act here", shown)
        self.assertIn("ana", shown)
        self.assertTrue(json.loads(bellwether(
            "topics", "show", "computing", "--json", home=self.home).stdout)["in_log"])
        bellwether("topics", "show", "coffee", home=self.home, code=1)
        self.assertIn("So far no act is about 'drinks' or anything below it.",
                      bellwether("topics", "hide", "ana", "drinks", home=self.home).stderr)

    def test_nobody_is_an_answer_and_a_name_that_is_not_there_is_none(self):
        acts = ["174800000,p1,reply,ana", "174900000,p2,reply,ana"]
        self.file.write_text("time,actor,verb,target\n" + "\n".join(f"1{a}" for a in acts) + "\n")
        self.ready()
        for form in ("table", "json", "ndjson", "csv"):
            for asked in (["rank"], ["rank", "--public"], ["lead"], ["lead", "ana"],
                          ["topics", "list"], ["people", "list", "--public"],
                          ["topics", "hide", "ana"]):
                bellwether(*asked, "--format", form, home=self.home)
            for asked in (["rank", "--topic", "tea"], ["rank", "--network", "nowhere"],
                          ["lead", "nobody"], ["lead", "--topic", "tea"], ["show", "nobody"],
                          ["topics", "list", "--search", "tea"], ["topics", "show", "tea"],
                          ["people", "list", "nobody"]):
                bellwether(*asked, "--format", form, home=self.home, code=1)
        self.assertIn("Nobody here is called so.",
                      bellwether("people", "list", "nobody", home=self.home, code=1).stdout)

    def test_a_ranking_of_a_topic_gives_the_topics_reasons(self):
        acts = [f"174800{n}000,p{n},reply,ana,tea" for n in range(3)]
        acts += [f"174800{n}000,p{n},reshare,ana,rust" for n in range(3, 9)]
        self.file.write_text("time,actor,verb,target,topics\n" + "\n".join(acts) + "\n")
        self.ready()
        why = lambda *options: json.loads(bellwether(
            "rank", *options, "--all", "--json", home=self.home).stdout)["people"][0]["reason"]
        self.assertRegex(why(), "^reshared by 6 people, replied to by 3 people|^reshared by 6 people")
        self.assertRegex(why("--topic", "tea"), "by 3 people")
        self.assertNotIn("reshared", why("--topic", "tea"))
        self.assertRegex(why("--topic", "rust"), "^reshared by 6 people$|^reshared by 6 people, most")
        self.assertEqual(why("--network", "csv"), why())

    def test_a_ranking_of_a_topic_leaves_out_what_was_passed_on_by_way_of_another(self):
        acts = [f"174800{n}000,ana,reply,p{n},tea" for n in range(6)]
        acts += [f"174900{n}000,p{n},reshare,ana,rust" for n in range(6)]
        self.file.write_text("time,actor,verb,target,topics\n" + "\n".join(acts) + "\n")
        self.ready()
        (self.home / "policy.toml").write_text('[standing]\nteleport = ["csv:ana"]\n')
        bellwether("score", home=self.home)
        for topic in ([], ["--topic", "rust"]):
            people = json.loads(bellwether("rank", *topic, "--all", "--json", home=self.home).stdout)
            ana = next(p for p in people["people"] if p["name"] == "ana")
            self.assertEqual(ana["audience"], 0, "who reshared her has standing through her alone")

    def test_damaged_rows_of_an_ontology_are_told_by_file_and_line(self):
        self.ready()
        folder = self.ontology('3,"rust",10000000000000000001,"computing"\n4,"drinks",77,\n2\n')
        (folder / "notes.csv").write_text("time,actor\n1,ana\n")
        done = bellwether("topics", "import", folder, home=self.home)
        self.assertIn("3 rows were rejected", done.stderr)
        # Whichever edge of the circle it is, that follows from the ids and not from the lines.
        self.assertRegex(done.stderr, r"edges\.csv:4: would close a circle: "
                                      r"languages > rust > computing > languages")
        self.assertRegex(done.stderr, r"edges\.csv:8: no topic has the id 77")
        self.assertRegex(done.stderr, r"edges\.csv:9: the row has another number of cells")
        self.assertRegex(done.stderr, r"Left out: .*notes\.csv")
        bellwether("topics", "import", "--strict", folder, home=self.home, code=1)
        bellwether("topics", "import", folder / "notes.csv", home=self.home, code=1)
        bellwether("topics", "import", folder / "absent.csv", home=self.home, code=1)

    def test_a_hidden_topic_is_shown_nowhere_and_changes_no_score(self):
        self.ready()
        bellwether("topics", "import", self.ontology(), home=self.home)
        for name in ("ana", "p1", "p2"):
            bellwether("people", "consent", f"csv:{name}", "listed", home=self.home)

        def public(*arguments):
            return bellwether(*arguments, "--public", home=self.home).stdout

        def told(*arguments):
            return json.loads(bellwether(
                "explain", "ana", "--by", "topic", "--json", *arguments, home=self.home).stdout)

        before = told()
        self.assertIn("rust", public("show", "ana"))
        bellwether("topics", "hide", "ana", "Rust", home=self.home)
        for arguments in (("show", "ana"), ("show", "ana", "--json"), ("rank", "--all", "--json"),
                          ("explain", "ana", "--by", "topic"),
                          ("explain", "ana", "--by", "topic", "--json"), ("compare", "ana", "p1"),
                          ("compare", "ana", "p1", "--json")):
            self.assertNotIn("rust", public(*arguments), arguments)
        after = told("--public")
        self.assertEqual(after["score"], before["score"])
        self.assertAlmostEqual(
            sum(c["points"] for c in after["contributions"]), after["score"] - 1, delta=1e-9)
        self.assertNotIn("ana", self.ranked("rust", "--public")[1])
        self.assertNotIn("ana", public("topics", "show", "rust"))
        # What is above it is another topic, of which they said nothing.
        self.assertIn("ana", self.ranked("computing", "--public")[1])
        # The operator sees it, marked.
        self.assertIn("ana", self.ranked("rust")[1])
        self.assertIn("hides this topic",
                      bellwether("rank", "--topic", "rust", "--all", home=self.home).stdout)
        marked = {t["topic"]: t["hidden"] for t in told()["topic_evidence"]}
        self.assertTrue(marked["rust"])
        self.assertIn("rust (hidden from others)",
                      bellwether("explain", "ana", "--by", "topic", home=self.home).stdout)
        self.assertEqual(told()["topics"], [])
        # It outlasts reading and scoring, and can be taken back by another name.
        more = self.folder / "more.csv"
        more.write_text("time,actor,verb,target,topics\n1748000000,p9,reply,ana,rust\n")
        bellwether("ingest", more, home=self.home)
        bellwether("score", home=self.home)
        self.assertNotIn("rust", public("show", "ana"))
        self.assertEqual(bellwether("topics", "hide", "ana", home=self.home).stdout, "rust\n")
        bellwether("topics", "restore", "ana", "#RUST", home=self.home)
        self.assertIn("rust", public("show", "ana"))
        bellwether("topics", "restore", "ana", "rust", home=self.home, code=1)
        bellwether("topics", "hide", "nobody", "rust", home=self.home, code=1)
        bellwether("topics", "hide", "ana", "#", home=self.home, code=2)
        # One may hide what is to come; but a word that nobody uses may be misspelt.
        told = bellwether("topics", "hide", "ana", "rusty", home=self.home).stderr
        self.assertIn("So far no act is about 'rusty'", told)
        told = bellwether("topics", "hide", "ana", "tea", home=self.home).stderr
        self.assertNotIn("no act", told)
        for topic in ("rusty", "tea"):
            bellwether("topics", "restore", "ana", topic, home=self.home)
        # It goes with the person.
        bellwether("topics", "hide", "csv:ana", "tea", home=self.home)
        gone = json.loads(bellwether(
            "people", "erase", "csv:ana", "--yes", "--json", home=self.home).stdout)
        self.assertEqual(gone["removed"]["hidden_topics"], 1)

    def test_a_topic_below_the_rule_says_what_it_lacks(self):
        self.file.write_text(village() + "1746000000,p1,reply,ana,zithers\n")
        self.ready()
        told = json.loads(bellwether(
            "explain", "ana", "--by", "topic", "--json", home=self.home).stdout)
        self.assertNotIn("zithers", told["topics"])
        lacks = {t["topic"]: t for t in told["topic_evidence"]}["zithers"]
        self.assertFalse(lacks["theirs"])
        self.assertEqual((lacks["vouched_movers"], lacks["days"], lacks["acts"]), (1, 1, 1))
        self.assertIn("1 of the 3 vouched people", lacks["missing"][0])
        self.assertIn("1 of the 2 days", lacks["missing"][1])
        self.assertIn("1 of the 3 vouched people",
                      bellwether("explain", "ana", "--by", "topic", home=self.home).stdout)

    def test_titles_count_where_their_words_are_topics_or_are_asked_for(self):
        lines = []
        for i, (kind, name, tag) in enumerate((
                ("Article", "How salt glazes run in a kiln", "SaltGlaze"),
                ("Article", "The kiln that did not fire", "pots"))):
            lines.append({"type": "Create", "actor": "mastodon:@ana@tern.example",
                          "id": f"https://tern.example/a/{i}", "published": f"2025-03-0{i + 1}T08:00:00Z",
                          "object": {"id": f"https://tern.example/n/{i}", "type": kind, "name": name,
                                     "attributedTo": "mastodon:@ana@tern.example",
                                     "tag": [{"type": "Hashtag", "name": "#" + tag}]}})
            for j in range(4):
                lines.append({"type": "Like", "actor": f"mastodon:@p{j}@tern.example",
                              "id": f"https://tern.example/l/{i}/{j}",
                              "published": f"2025-03-0{i + 1}T09:0{j}:00Z",
                              "object": {"id": f"https://tern.example/n/{i}", "type": kind, "name": name,
                                         "attributedTo": "mastodon:@ana@tern.example",
                                         "tag": [{"type": "Hashtag", "name": "#" + tag}]}})
        titles = self.folder / "titles.ndjson"
        titles.write_text("".join(json.dumps(line) + "\n" for line in lines))
        bellwether("ingest", titles, home=self.home)
        bellwether("score", home=self.home)
        # In any spelling, with or without the plural; a title says what nobody tagged.
        one = self.ranked("#SaltGlaze")
        self.assertEqual(one, self.ranked("salt glazes"))
        self.assertIn("@ana@tern.example", one[1])
        kilns = self.ranked("kiln")
        self.assertEqual(kilns[0], "kiln")
        shown = bellwether("rank", "--topic", "kiln", "--all", "--json", home=self.home).stdout
        self.assertEqual(json.loads(shown)["people"][0]["acts"], 8)
        bellwether("rank", "--topic", "how", home=self.home, code=1)
        # What only titles say is nobody's topic, and in no sum.
        told = json.loads(bellwether(
            "explain", "@ana@tern.example", "--by", "topic", "--json", home=self.home).stdout)
        self.assertEqual({c["label"] for c in told["contributions"]}, {"saltglaze", "pots"})
        for contribution in told["contributions"]:
            for receipt in contribution["receipts"]:
                self.assertLessEqual(set(receipt["topics"]), {"saltglaze", "salt-glazes", "pots"})

    def test_exit_codes_are_stable(self):
        bellwether(home=self.home, code=2)
        bellwether("dance", home=self.home, code=2)
        bellwether("rank", "--limit", "many", home=self.home, code=2)
        self.assertIn("no workspace", bellwether("rank", home=self.home, code=1).stderr)
        poem = self.folder / "poem.txt"
        poem.write_text("Beware lest you lose the substance\nby grasping at the shadow.\n")
        bellwether("ingest", poem, home=self.home, code=1)
        bellwether("ingest", self.folder / "absent.csv", home=self.home, code=1)
        mixed = self.folder / "mixed.csv"
        mixed.write_text("time,actor,verb,target\n2025-05-01,a,reply,b\nsoon,a,reply,b\n")
        self.assertIn("1 rejected", bellwether("ingest", mixed, home=self.home).stderr)
        bellwether("ingest", "--strict", mixed, home=self.home, code=1)
        rejects = bellwether("ingest", "--rejects", "1", home=self.home).stdout.splitlines()
        reject = json.loads(rejects[0])
        self.assertEqual(reject["record"], 3)
        self.assertIn("time", reject["reason"])
        self.assertIsNone(reject["content"])  # not kept unless asked for
        bellwether("show", "nobody", home=self.home, code=1)
        (self.folder / "file").write_text("")
        bellwether("ingest", self.file, home=self.folder / "file" / "home", code=3)

    def test_help_teaches_every_command(self):
        listing = bellwether("--help", home=self.home).stdout
        names = re.findall(r"^  ([a-z-]+)  +\S", listing, re.MULTILINE)
        self.assertGreaterEqual(len(names), 12)
        for name in names:
            text = bellwether(name, "--help", home=self.home).stdout
            self.assertIn("--home", text + bellwether(name, *(["list"] if name in ("people", "topics") else []),
                                                      "--help", home=self.home).stdout)
        self.assertRegex(bellwether("--version", home=self.home).stdout, r"^bellwether \d+\.\d+\.\d+")

    def test_standard_input_and_compressed_files_are_read_alike(self):
        text = self.file.read_text()
        self.assertIn("48 accepted", bellwether("ingest", "-", home=self.home, text=text).stderr)
        squeezed = self.folder / "anything.bin"
        squeezed.write_bytes(gzip.compress(text.encode()))
        self.assertIn("48 duplicates", bellwether("ingest", squeezed, home=self.home).stderr)

    def test_a_workspace_is_checked_and_damage_is_found(self):
        self.ready()
        self.assertIn("whole", bellwether("check", home=self.home).stdout)
        log = self.home / "log.duckdb"
        content = bytearray(log.read_bytes())
        # Every block carries a checksum; a flipped byte in the data is found when it is read.
        for at in range(300_000, len(content), 100_000):
            content[at] ^= 0x40
        log.write_bytes(content)
        done = bellwether("check", home=self.home, code=3)
        self.assertIn("log.duckdb", done.stdout + done.stderr)


class Served(unittest.TestCase):
    """A server holds the workspace; commands go through it, and others see only the listed."""

    def setUp(self):
        self.folder = TMP / self.id().split(".")[-1]
        self.folder.mkdir()
        self.home = self.folder / "home"
        self.file = self.folder / "village.csv"
        self.file.write_text(village())
        self.server = subprocess.Popen(
            [PROGRAM, "start", "--home", self.home, "--listen", "127.0.0.1:0", str(self.file)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=TMP)
        self.printed = ""
        for line in self.server.stdout:
            self.printed += line
            if "Serving http" in line:
                break
        self.address, self.token = re.search(
            r"(http://[^/]+)/\?token=(\S+)", self.printed).groups()

    def tearDown(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.communicate(timeout=30)

    def get(self, path, token=None):
        request = urllib.request.Request(self.address + path)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_one_call_reads_scores_prints_and_serves(self):
        self.assertIn("ana", self.printed)
        self.assertIn("answered by 12 people", self.printed)
        status, body = self.get("/api/v3/people?limit=1", self.token)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["people"][0]["name"], "ana")
        status, body = self.get("/api/v3/people/csv:ana/explanation", self.token)
        told = json.loads(body)
        self.assertAlmostEqual(
            sum(c["points"] for c in told["contributions"]), told["score"] - 1, delta=1e-9)
        self.assertEqual(self.get("/healthz")[0], 200)

    def test_commands_go_through_the_server_and_consent_decides_what_others_see(self):
        self.assertNotIn("ana", self.get("/")[1])
        self.assertEqual(self.get("/api/v3/people/csv:ana")[0], 404)
        # This process cannot open the database: the server holds it. The command still works.
        bellwether("people", "consent", "csv:ana", "listed", home=self.home)
        self.assertEqual(self.get("/api/v3/people/csv:ana")[0], 200)
        self.assertIn("ana", self.get("/")[1])
        self.assertEqual(self.get("/api/v3/people/csv:p1")[0], 404)
        more = self.folder / "more.csv"
        more.write_text("time,actor,verb,target\n2025-06-01,p1,endorse,zoe\n")
        # A relative path is the client's.
        self.assertIn("1 accepted", bellwether(
            "ingest", more.relative_to(TMP), home=self.home).stderr)
        bellwether("score", home=self.home)
        self.assertIn("zoe", bellwether("people", "list", "zoe", home=self.home).stdout)
        bellwether("people", "consent", "csv:ana", "private", home=self.home)
        self.assertEqual(self.get("/api/v3/people/csv:ana")[0], 404)

    def test_a_signal_ends_it_in_order(self):
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(timeout=30), 0)
        self.assertIn("whole", bellwether("check", home=self.home).stdout)


class RealData(unittest.TestCase):
    def setUp(self):
        if not DATA.exists():
            print("skipped: the real data is not beside this checkout")
            self.skipTest("no real data")
        self.home = TMP / self.id().split(".")[-1]

    def test_higgs_is_read_to_the_line_and_its_top_is_explained(self):
        begin = time.monotonic()
        done = bellwether("start", "--no-serve", "--home", self.home,
                          DATA / "interactions/higgs-activity_time.txt.gz", home=self.home)
        print(f"higgs, raw to ranking: {time.monotonic() - begin:.1f} s")
        self.assertIn("563,069 accepted, 0 duplicates, 0 rejected", done.stderr)
        self.assertIn("reshare 354,930, mention 171,237, reply 36,902", done.stderr)
        top = json.loads(bellwether("rank", "--limit", "1", "--json", home=self.home).stdout)
        person = top["people"][0]
        told = json.loads(bellwether("explain", person["person"], "--json", home=self.home).stdout)
        self.assertAlmostEqual(
            sum(c["points"] for c in told["contributions"]), person["score"] - 1, delta=1e-9)

    def test_backtests_agree_with_figures_made_from_the_file_itself(self):
        file = DATA / "interactions/CollegeMsg.txt.gz"
        bellwether("ingest", file, home=self.home)
        told = json.loads(bellwether("backtest", "--json", home=self.home).stdout)
        with gzip.open(file, "rt") as lines:
            acts = sorted((int(at), one, other) for one, other, at in map(str.split, lines)
                          if one != other)
        cut = acts[int(0.75 * len(acts))][0]
        before = [a for a in acts if a[0] < cut]
        within = [a for a in acts if a[0] >= cut]
        people = sorted({p for a in before for p in a[1:]})
        came = distinct(within)
        first = max(0, len(before) - len(within))
        for measure, made in (
                ("responses", collections.Counter(a[2] for a in before)),
                ("distinct responders", distinct(before)),
                ("last responses", distinct(before[first:]))):
            self.assertAlmostEqual(
                told["measures"][measure]["ndcg_100"], ndcg(people, made, came), places=9,
                msg=measure)
        self.assertEqual(told["folds"][0]["people"], len(people))

    def test_the_forecast_beats_every_naive_measure_and_holds_its_intervals(self):
        for name in ("interactions/higgs-activity_time.txt.gz", "interactions/CollegeMsg.txt.gz",
                     "stackexchange/quantum"):
            home = self.home / pathlib.Path(name).name.split(".")[0]
            bellwether("ingest", DATA / name, home=home)
            told = json.loads(bellwether("backtest", "--json", home=home).stdout)
            measures = told["measures"]
            naive = [m for m in measures
                     if m not in ("forecast", "score", "score without the crowd rule")]
            for figure in ("ndcg_100", "spearman", "auc"):
                best = max(measures[m][figure] or -1 for m in naive)
                self.assertGreater(measures["forecast"][figure], best, msg=f"{name}, {figure}")
            held = told["calibration"]
            chances = told["pair_chances"]["measures"]
            ours = chances.pop("chances")
            for other, grade in chances.items():
                for figure in ("log_loss", "calibration_error", "alike_error"):
                    self.assertLess(ours[figure], grade[figure], msg=f"{name}, {other}, {figure}")
            print(f"{name}: forecast {measures['forecast']['ndcg_100']:.3f}, "
                  f"best naive {max(measures[m]['ndcg_100'] or -1 for m in naive):.3f}, "
                  f"held {held['coverage_90']:.3f} and {held['coverage_90_expected']:.3f}")
            self.assertTrue(.87 <= held["coverage_90"] <= .93, msg=name)
            self.assertTrue(.85 <= held["coverage_90_expected"] <= .95, msg=name)


def distinct(acts):
    """How many different people acted towards each."""
    return collections.Counter(other for _, other in {(one, other) for _, one, other in acts})


def ndcg(people, measure, came):
    """NDCG@100, expected over every way to break ties."""
    def gains(values):
        order = sorted(people, key=lambda p: -values[p])
        places = []
        for _, tied in itertools.groupby(order, key=lambda p: values[p]):
            tied = [math.log2(1 + came[p]) for p in tied]
            places += [sum(tied) / len(tied)] * len(tied)
        return sum(gain / math.log2(2 + i) for i, gain in enumerate(places[:100]))
    return gains(measure) / gains(came)


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
