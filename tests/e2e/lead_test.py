# SPDX-License-Identifier: Apache-2.0
"""`bellwether lead`: who comes first, in a town with a bellwether, a busybody and a ring."""

import csv
import io
import json
import random
import sys
import unittest

from program import TMP, bellwether, village

DAY = 86_400
START = 1_700_000_000
TOWN = 40


def town():
    """A log in which tia's words are taken up by others; zed is early with everything, since he
    tries everything; mal invents words that only her fakes take up."""
    draw = random.Random(5)
    rows = ["time,actor,verb,target,object,topics"]

    def act(day, actor, verb, target="", topics="", obj=""):
        rows.append(f"{START + round(day * DAY)},{actor},{verb},{target},{obj},{topics}")

    people = [f"p{i}" for i in range(TOWN)] + ["tia", "zed", "mal"]
    # Everybody answers some others unasked, so that all are vouched for.
    for i, one in enumerate(people):
        for step in range(1, 21):
            act(0.5 + step * 2 + i / 100, one, "reply", people[(i + step) % len(people)])
    act(0, "p0", "post", topics="hello")
    for i in range(14):  # tia's own words
        begin = 60 + 12 * i
        act(begin, "tia", "post", topics=f"tia-{i}")
        for other in draw.sample(range(TOWN), 12):
            act(begin + 0.2 + 8 * draw.random(), f"p{other}", "post", topics=f"tia-{i}")
    for i in range(300):  # zed tries a word on every other hour; twelve of them catch on
        act(60 + i / 2, "zed", "post", topics=f"zed-{i}")
        if i % 25 == 0:
            for other in draw.sample(range(TOWN), 12):
                act(60 + i / 2 + 0.2 + 8 * draw.random(), f"p{other}", "post", topics=f"zed-{i}")
    for i in range(30):  # fashions from outside
        for person in people[:TOWN] + ["tia"]:
            if draw.random() < 0.35:
                act(60 + 5 * i + draw.expovariate(1 / 5), person, "post", topics=f"fashion-{i}")
    for i in range(20):  # the ring
        act(60 + 8 * i, "mal", "post", topics=f"mal-{i}")
        for fake in range(30):
            act(60.5 + 8 * i, f"fake{fake}", "post", topics=f"mal-{i}")
            act(60.6 + 8 * i, f"fake{fake}", "like", "mal")
    return "\n".join(rows) + "\n"


class Lead(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = TMP / "lead"
        cls.folder.mkdir()
        cls.home = cls.folder / "home"
        file = cls.folder / "town.csv"
        file.write_text(town())
        bellwether("ingest", file, home=cls.home)
        bellwether("score", home=cls.home)

    def told(self, *arguments, code=0):
        return json.loads(bellwether(
            "lead", *arguments, "--json", home=self.home, code=code).stdout)

    def test_whose_words_are_taken_up_leads_and_nobody_else(self):
        told = self.told("--items", "20")
        self.assertEqual([p["name"] for p in told["people"]], ["tia"])
        self.assertEqual(told["leading"], 1)
        self.assertGreater(told["tested"], 30)
        tia = told["people"][0]
        self.assertTrue(tia["leads"])
        self.assertLess(tia["q"], 0.1)
        self.assertGreater(tia["followed"], tia["by_chance"])
        self.assertGreaterEqual(tia["followers"], 20)
        self.assertGreaterEqual(tia["first"], 14)
        own = [e for e in tia["evidence"] if e["item"].startswith("tia-")]
        self.assertEqual(len(own), 14)
        for item in own:
            self.assertEqual((item["position"], item["adopters"], item["followed"]), (1, 13, 12))
            self.assertGreater(item["followed"], item["by_chance"])
            self.assertEqual(len(item["next"]), 3)
        self.assertEqual(tia["evidence"][0]["item"][:4], "tia-", "the most telling first")

    def test_who_tries_everything_is_first_by_chance(self):
        told = self.told("zed", "--items", "0")
        zed = told["people"][0]
        self.assertFalse(zed["leads"])
        self.assertEqual(zed["first"], 12)
        self.assertEqual(zed["evidence"], [])

    def test_a_ring_that_nobody_vouches_for_is_nobody(self):
        everybody = self.told("--all", "--limit", "0", "--items", "100")
        self.assertNotIn("mal", [p["name"] for p in everybody["people"]])
        self.assertFalse(any("fake" in p["name"] for p in everybody["people"]))
        items = {e["item"] for p in everybody["people"] for e in p["evidence"]}
        self.assertFalse(any(item.startswith("mal-") for item in items))
        self.assertEqual(everybody["items_few"] > 0, True)
        mal = self.told("mal")
        self.assertIn("not enough is known of them", mal["missing"])

    def test_it_explains_itself(self):
        table = bellwether("lead", home=self.home).stdout
        self.assertIn("One leads of", table)
        self.assertRegex(table, r"#tia-\d+, 20\d\d-\d\d-\d\d: 1st of 13; \w+, \w+, \w+ and 9 others")
        self.assertIn("Most often after them:", table)
        self.assertIn("Who comes first need not be the cause", " ".join(table.split()))
        rows = list(csv.DictReader(io.StringIO(bellwether(
            "lead", "--items", "5", "--format", "csv", home=self.home).stdout)))
        self.assertEqual([r["name"] for r in rows], ["tia"] * 5)
        line = json.loads(bellwether("lead", "--format", "ndjson", home=self.home).stdout)
        meta = self.told()["meta"]
        for each in (rows[0], line):
            self.assertEqual((each["method"], each["policy"]), (meta["method"], meta["policy"]))
        self.assertEqual(line["person"], self.told()["people"][0]["person"])

    def test_parts_of_the_log(self):
        only = self.told("--topic", "fashion-3")
        self.assertEqual((only["topic"], only["items"], only["people"]), ("fashion-3", 1, []))
        self.assertIn("nobody was tested", only["missing"])
        self.assertEqual(self.told("--network", "csv")["people"], self.told()["people"])
        bellwether("lead", "--network", "nowhere", home=self.home, code=1)
        bellwether("lead", "--topic", "nothing-of-the-kind", home=self.home, code=1)
        before = self.told("--as-of", "2024-01-20")
        self.assertIn("missing", before)
        self.assertTrue(before["meta"]["as_of"].startswith("2024-01-20"))
        bellwether("lead", "--as-of", "yesterday", home=self.home, code=2)
        bellwether("lead", "--false-discovery", "1", home=self.home, code=2)
        self.assertEqual(self.told("--false-discovery", "0.5")["false_discovery"], 0.5)

    def test_the_public_sees_the_listed_only(self):
        hidden = self.told("--public")
        self.assertEqual((hidden["people"], hidden["tested"], hidden["of_standing"]),
                         ([], 0, None))
        self.assertIn("nobody who asked to be shown was tested", hidden["missing"])
        bellwether("people", "consent", "csv:tia", "listed", home=self.home)
        bellwether("people", "consent", "csv:p3", "listed", home=self.home)
        try:
            told = self.told("--public", "--items", "50")
            self.assertEqual([p["name"] for p in told["people"]], ["tia"])
            self.assertEqual(told["tested"], 2)
            names = {n for e in told["people"][0]["evidence"] for n in e["next"]}
            self.assertLessEqual(names, {"p3", "tia"})
            bellwether("topics", "hide", "tia", "tia-3", home=self.home)
            items = {e["item"] for e in
                     self.told("--public", "--items", "50")["people"][0]["evidence"]}
            self.assertNotIn("tia-3", items)
            self.assertIn("tia-4", items)
            own = self.told("tia", "--items", "50")["people"][0]["evidence"]
            self.assertEqual([e["item"] for e in own if e["hidden"]], ["tia-3"])
        finally:
            bellwether("topics", "restore", "tia", "tia-3", home=self.home)
            bellwether("people", "consent", "csv:tia", "private", home=self.home)
            bellwether("people", "consent", "csv:p3", "private", home=self.home)

    def test_where_nothing_is_new_it_says_so(self):
        home = self.folder / "village"
        file = self.folder / "village.csv"
        file.write_text(village())
        bellwether("lead", home=home, code=1)
        bellwether("ingest", file, home=home)
        bellwether("score", home=home)
        told = bellwether("lead", home=home).stdout
        self.assertIn("Nobody of standing took up any topic or link.", told)


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
