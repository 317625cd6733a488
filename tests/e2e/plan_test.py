# SPDX-License-Identifier: Apache-2.0
"""`bellwether plan`: whom to reach, in a town where the two of the highest score move the same people."""

import csv
import html
import io
import json
import random
import sys
import unittest

from program import TMP, bellwether, village

DAY = 86_400
START = 1_700_000_000
DAYS = 120


def town():
    """ana and bo move the same twenty, cy ten others, dee eight on another network, eve five on tea."""
    draw = random.Random(11)
    rows = ["time,actor,verb,target,topics,network"]

    def act(day, actor, verb, target, topics="news", network="square"):
        rows.append(f"{START + round(day * DAY)},{actor},{verb},{target},{topics},{network}")

    def follow(fans, target, rate, **more):
        for fan in fans:
            for day in range(DAYS):
                if draw.random() < rate:
                    act(day + draw.random(), fan, "reply", target, **more)

    many = [f"m{i}" for i in range(20)]
    few = [f"f{i}" for i in range(10)]
    there = [f"n{i}" for i in range(8)]
    drinkers = [f"t{i}" for i in range(5)]
    follow(many, "ana", 0.2)
    follow(many, "bo", 0.15)
    follow(few, "cy", 0.15)
    follow(there, "dee", 0.15, network="dock")
    follow(drinkers, "eve", 0.15, topics="tea")
    # Everybody knows their neighbours, so that all are vouched for.
    for group in (many + few + drinkers, there):
        for i, one in enumerate(group):
            for step in (1, 2, 3):
                act(10 * step + i / 50, one, "reply", group[(i + step) % len(group)],
                    network="dock" if one[0] == "n" else "square")
    return "\n".join(rows) + "\n"


class Plan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = TMP / "plan"
        cls.folder.mkdir()
        cls.home = cls.folder / "home"
        file = cls.folder / "town.csv"
        file.write_text(town())
        bellwether("ingest", file, home=cls.home)
        bellwether("score", home=cls.home)

    def told(self, *arguments, code=0):
        return json.loads(bellwether(
            "plan", *arguments, "--json", home=self.home, code=code).stdout)

    def names(self, *arguments):
        return [person["name"] for person in self.told(*arguments)["people"]]

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    # ---- whom

    def test_people_who_move_the_same_are_not_both_chosen(self):
        told = self.told("--people", "3")
        names = [person["name"] for person in told["people"]]
        self.assertEqual(len({"ana", "bo"} & set(names)), 1)
        self.assertIn("cy", names)
        self.assertIn("dee", names)
        top = told["top_scores"]
        self.assertEqual(len(top["names"]), 3)
        self.assertLess(top["people"], told["reach"]["value"])
        # About as many as there are: twenty, ten and eight, and whom neighbours add.
        self.assertGreater(told["reach"]["value"], 30)
        self.assertLess(told["reach"]["value"], 46)
        self.assertLessEqual(told["reach"]["low"], told["reach"]["value"])
        self.assertGreaterEqual(told["reach"]["high"], told["reach"]["value"])
        self.assertEqual(told["window_days"], 30)
        self.assertGreater(told["certificate"]["ratio"], 0.7)
        self.assertGreaterEqual(told["certificate"]["best_at_most"], 0.9 * told["reach"]["value"])

    def test_what_each_adds_sums_to_what_the_group_reaches(self):
        told = self.told("--people", "5")
        people = told["people"]
        self.assertAlmostEqual(sum(p["adds"]["value"] for p in people), told["reach"]["value"], 9)
        for person in people:
            self.assertGreaterEqual(person["alone"] + 1e-9, person["adds"]["value"])
            self.assertGreaterEqual(person["adds"]["value"] + 1e-9, person["only"])
            self.assertAlmostEqual(person["alone"] - person["adds"]["value"], person["overlap"], 9)
            self.assertAlmostEqual(person["cost_per_person"], 1 / person["adds"]["value"], 9)
            self.assertTrue(person["reason"])
        both = {p["name"]: p for p in people}
        self.assertEqual(both["ana"]["shared"][0]["name"], "bo")
        self.assertGreater(both["ana"]["shared"][0]["people"], 10)
        self.assertLess(both["ana"]["only"], both["cy"]["only"])

    def test_receipts_are_responses_of_people_whom_they_move(self):
        [person] = self.told("--people", "1", "--include", "cy")["people"]
        self.assertEqual(len(person["receipts"]), 3)
        for receipt in person["receipts"]:
            self.assertIn(receipt["by"], {f"f{i}" for i in range(10)})
            self.assertEqual(receipt["target"], "square:cy")
        self.assertEqual(len({receipt["by"] for receipt in person["receipts"]}), 3)
        self.assertEqual(person["places"][0]["network"], "square")
        self.assertIsNone(person["shared"])
        for other in person["nobody_else"]:
            self.assertTrue(0 < other["chance"] <= 1)

    def test_one_more_and_one_fewer_are_told(self):
        told = self.told("--people", "2")
        names = {p["name"] for p in told["people"]}
        self.assertNotIn(told["one_more"]["name"], names)
        self.assertIn(told["one_fewer"]["name"], names)
        with_next = self.told("--people", "3")
        self.assertIn(told["one_more"]["name"], [p["name"] for p in with_next["people"]])
        self.assertAlmostEqual(with_next["reach"]["value"] - told["reach"]["value"],
                               told["one_more"]["people"], 6)
        least = min(told["people"], key=lambda person: person["only"])
        self.assertEqual(told["one_fewer"]["name"], least["name"])
        self.assertIsNone(self.told("--people", "1")["one_fewer"])

    def test_the_same_question_has_the_same_answer_on_any_number_of_threads(self):
        one = bellwether("plan", "--people", "4", "--json", "--threads", "1", home=self.home).stdout
        four = bellwether("plan", "--people", "4", "--json", "--threads", "4", home=self.home).stdout
        self.assertEqual(one, four)

    # ---- limits

    def test_a_topic_asks_for_those_who_move_people_on_it(self):
        told = self.told("--topic", "Tea", "--people", "1")
        self.assertEqual(told["topic"], "tea")
        self.assertEqual([p["name"] for p in told["people"]], ["eve"])
        self.assertLess(told["reach"]["value"], 6)
        self.assertEqual({r["by"][0] for r in told["people"][0]["receipts"]}, {"t"})
        error = bellwether("plan", "--topic", "submarines", home=self.home, code=1).stderr
        self.assertIn("submarines", error)

    def test_a_network_asks_for_those_who_move_people_there(self):
        told = self.told("--network", "dock", "--people", "1")
        self.assertEqual([p["name"] for p in told["people"]], ["dee"])
        error = bellwether("plan", "--network", "moon", home=self.home, code=1).stderr
        self.assertIn("moon", error)

    def test_who_is_included_is_there_and_who_is_excluded_is_not(self):
        told = self.told("--people", "2", "--include", "eve", "--exclude", "ana", "--exclude", "bo")
        names = [p["name"] for p in told["people"]]
        self.assertEqual(names[0], "eve")
        self.assertTrue(told["people"][0]["included"])
        self.assertFalse(told["people"][1]["included"])
        self.assertNotIn("ana", names)
        self.assertNotIn("bo", names)
        self.assertNotIn("ana", told["top_scores"]["names"])

    def test_limits_that_contradict_each_other_are_wrong_usage(self):
        for arguments, word in (
                (("--include", "ana", "--exclude", "ana"), "both"),
                (("--people", "1", "--include", "ana", "--include", "cy"), "--people"),
                (("--budget", "1", "--include", "ana", "--include", "cy"), "budget"),
                (("--quota", "square:0", "--include", "ana"), "quota"),
                (("--quota", "square"), "mastodon:3"),
                (("--people", "0"), "--people"),
                (("--budget", "-1"), "--budget"),
                (("--window", "soon"), "12h"),
                (("--model", "ic", "--window", "7d"), "--window"),
                (("--epsilon", "0.7"), "--epsilon"),
                (("--public", "--for", "all"), "--public"),
                (("--zone", "Mars/Base"), "Mars"),
                (("--briefing", "why.pdf"), "FILE.html")):
            with self.subTest(arguments):
                error = bellwether("plan", *arguments, home=self.home, code=2).stderr
                self.assertIn(word, error)

    def test_a_name_that_nobody_has_is_told_with_who_may_be_meant(self):
        error = bellwether("plan", "--include", "anna", home=self.home, code=1).stderr
        self.assertIn("'anna'", error)
        self.assertIn("perhaps square:ana", error)

    def test_who_was_reached_already_counts_nothing(self):
        reached = self.file("reached.csv", "name\n" + "".join(f"m{i}\n" for i in range(20))
                            + "stranger\n")
        done = bellwether("plan", "--people", "1", "--reached", reached, "--json", home=self.home)
        told = json.loads(done.stdout)
        self.assertEqual([p["name"] for p in told["people"]], ["cy"])
        self.assertEqual(told["reached_before"], 20)
        self.assertEqual(told["not_known"], ["stranger"])
        self.assertIn("stranger", done.stderr)

    def test_a_quota_leaves_room_for_other_networks(self):
        names = self.names("--people", "2", "--quota", "square:1")
        self.assertEqual(len(names), 2)
        self.assertIn("dee", names)
        self.assertEqual(self.names("--people", "2", "--quota", "square:0", "--quota", "dock:1"),
                         ["dee"])

    def test_a_budget_buys_what_moves_most_for_it(self):
        costs = self.file("costs.csv", "person,cost\nana,9\nbo,9\ncy,2\ndee,2\neve,1\n")
        told = self.told("--budget", "5", "--costs", costs)
        self.assertEqual({p["name"] for p in told["people"]}, {"cy", "dee", "eve"})
        self.assertEqual((told["cost"], told["budget"]), (5, 5))
        for person in told["people"]:
            self.assertAlmostEqual(person["cost_per_person"],
                                   person["cost"] / person["adds"]["value"], 9)
        self.assertLessEqual(told["top_scores"]["cost"], 5)
        self.assertEqual(len(self.told("--budget", "5", "--costs", costs, "--people", "1")["people"]),
                         1)
        # Whoever is in no line cannot be chosen, unless a line says what all others cost.
        self.assertEqual(told["candidates"], 5)
        others = self.file("others.csv", "person,cost\nana,9\n*,1\n")
        self.assertGreater(self.told("--budget", "5", "--costs", others)["candidates"], 20)

    def test_a_budget_that_buys_nobody_says_what_would(self):
        costs = self.file("dear.csv", "person;cost\nana;9\ncy;7.5\n")
        done = bellwether("plan", "--budget", "3", "--costs", costs, "--json", home=self.home)
        told = json.loads(done.stdout)
        self.assertEqual(told["people"], [])
        self.assertIn("7.5", told["missing"])
        for key in ("reach", "cost", "certificate", "top_scores", "one_more"):
            self.assertIsNone(told[key], key)
        nobody = self.file("nobody.csv", "person,cost\nstranger,1\n")
        self.assertIn("--costs", self.told("--budget", "3", "--costs", nobody)["missing"])

    def test_lists_that_cannot_be_read_say_where(self):
        for name, text, word in (("wrong.csv", "person,cost\nana,much\n", "line 2"),
                                 ("none.csv", "person\nana\n", "cost"),
                                 ("minus.csv", "ana,-1\n", "line 1"),
                                 ("empty.csv", "person,cost\n", "nobody")):
            with self.subTest(name):
                error = bellwether("plan", "--costs", self.file(name, text), home=self.home,
                                   code=2).stderr
                self.assertIn(word, error)
        bellwether("plan", "--reached", self.folder / "not-there.csv", home=self.home, code=1)

    def test_an_export_of_rank_is_such_a_list(self):
        export = self.file("rank.csv", bellwether("rank", "--format", "csv", "--all", "--limit", "3",
                                                  home=self.home).stdout)
        told = self.told("--people", "2", "--reached", export)
        self.assertEqual(told["reached_before"], 3)
        self.assertEqual(told["not_known_total"], 0)

    # ---- models, time

    def test_cascades_count_what_is_passed_on_and_know_no_time(self):
        for model in ("ic", "lt"):
            told = self.told("--people", "3", "--model", model)
            self.assertIsNone(told["window_days"])
            self.assertEqual(told["model"], model)
            self.assertEqual(len(told["people"]), 3)
            self.assertGreater(told["reach"]["value"], 1)
            self.assertLessEqual(told["reach"]["low"], told["reach"]["high"])

    def test_a_shorter_window_moves_fewer(self):
        week, month = (self.told("--people", "2", "--window", window)
                       for window in ("7d", "30d"))
        self.assertLess(week["reach"]["value"], month["reach"]["value"])
        self.assertEqual(week["window_days"], 7)
        told = self.told("--window", "300d")
        self.assertEqual(told["people"], [])
        self.assertIn("--window", told["missing"])

    def test_an_earlier_instant_knows_only_what_came_before(self):
        told = self.told("--people", "2", "--as-of", str(START + 80 * DAY))
        self.assertEqual(told["meta"]["as_of"][:10], "2024-02-02")
        for person in told["people"]:
            for receipt in person["receipts"]:
                self.assertLess(receipt["published"], told["meta"]["as_of"])
        bellwether("plan", "--as-of", "2001-01-01", home=self.home, code=1)

    # ---- forms

    def test_lines_hold_what_json_holds(self):
        told = self.told("--people", "3")
        lines = [json.loads(line) for line in bellwether(
            "plan", "--people", "3", "--format", "ndjson", home=self.home).stdout.splitlines()]
        self.assertEqual([line["name"] for line in lines], [p["name"] for p in told["people"]])
        for line, person in zip(lines, told["people"]):
            self.assertEqual(line["adds"], person["adds"])
            self.assertEqual(line["as_of"], told["meta"]["as_of"])
        rows = list(csv.DictReader(io.StringIO(bellwether(
            "plan", "--people", "3", "--format", "csv", home=self.home).stdout)))
        self.assertEqual([row["name"] for row in rows], [p["name"] for p in told["people"]])
        self.assertAlmostEqual(float(rows[0]["adds"]), told["people"][0]["adds"]["value"])
        self.assertEqual(rows[0]["receipts"].count("; "), 2)

    def test_the_table_says_who_and_why(self):
        out = bellwether("plan", "--people", "3", home=self.home).stdout
        for words in ("expected to move", "within 30 days", "No group within these limits",
                      "The 3 highest scores", "One more:", "One fewer:", "To meet: on square",
                      "no promise"):
            self.assertIn(words, out)

    def test_a_backtest_counts_whom_chosen_groups_moved(self):
        told = json.loads(bellwether("backtest", "--plans", "--json", home=self.home).stdout)
        [fold] = told["folds"]
        moved = {each["measure"]: each for each in fold["measures"]}
        self.assertEqual(list(moved)[0], "plan")
        for name in ("score", "forecast", "distinct responders", "pagerank", "random"):
            self.assertLessEqual(moved[name]["moved_10"], moved["best possible"]["moved_10"])
        self.assertLessEqual(moved["random"]["moved_10"], moved["plan"]["moved_10"])
        # Twenty, ten, eight and five fans, and neighbours of theirs.
        self.assertGreaterEqual(moved["plan"]["moved_10"], 40)
        self.assertGreater(fold["training_windows"], 0)
        lines = bellwether("backtest", "--plans", "--folds", "2", "--format", "ndjson",
                           home=self.home).stdout.splitlines()
        self.assertEqual(len(lines), 2 * len(moved))
        rows = list(csv.DictReader(io.StringIO(bellwether(
            "backtest", "--plans", "--format", "csv", home=self.home).stdout)))
        self.assertEqual([row["measure"] for row in rows], list(moved))
        self.assertIn("best possible", bellwether("backtest", "--plans", home=self.home).stdout)
        bellwether("backtest", "--plans", "--kept", home=self.home, code=2)

    def test_help_teaches(self):
        out = bellwether("plan", "--help", home=self.home).stdout
        for option in ("--topic", "--people", "--budget", "--costs", "--include", "--exclude",
                       "--reached", "--quota", "--network", "--for", "--model", "--epsilon",
                       "--rng-seed", "--briefing", "--window", "--zone", "Examples:"):
            self.assertIn(option, out)


class Consent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = TMP / "plan-consent"
        cls.folder.mkdir()
        cls.home = cls.folder / "home"
        file = cls.folder / "town.csv"
        # A name that would be markup, if it were not escaped.
        file.write_text(town().replace(",cy,", ",<b>c*y</b>,"))
        bellwether("ingest", file, home=cls.home)
        bellwether("score", home=cls.home)

    def plan(self, *arguments):
        return bellwether("plan", *arguments, home=self.home)

    def test_1_nobody_listed_nobody_planned_for_others(self):
        told = json.loads(self.plan("--for", "listed", "--json").stdout)
        self.assertEqual(told["people"], [])
        self.assertEqual(told["candidates"], 0)
        self.assertIn("listed", told["missing"])
        path = self.folder / "nobody.html"
        self.plan("--briefing", path)
        self.assertIn("asked to be listed", path.read_text())

    def test_2_a_briefing_names_only_who_is_listed_unless_told_otherwise(self):
        for name in ("square:ana", "square:<b>c*y</b>", "square:f3"):
            bellwether("people", "consent", name, "listed", home=self.home)
        listed = {"ana", "<b>c*y</b>", "f3"}
        told = json.loads(self.plan("--public", "--json").stdout)
        self.assertEqual(told["for"], "listed")
        self.assertLessEqual({p["name"] for p in told["people"]}, listed)
        self.assertLessEqual(set(told["top_scores"]["names"]), listed)
        for person in told["people"]:
            self.assertLessEqual({other["name"] for other in person["nobody_else"]}, listed)
            for receipt in person["receipts"]:
                self.assertIn(receipt["by"], listed)
                self.assertNotIn("source", receipt)
        # What they move is counted over everybody, as a score is.
        self.assertGreater(told["reach"]["value"], 20)
        for ending in ("html", "md"):
            path = self.folder / f"listed.{ending}"
            self.plan("--briefing", path)
            page = path.read_text()
            for stranger in ("dee", "eve", "m1", "f1"):
                self.assertNotRegex(page, rf"\b{stranger}\b")
            path = self.folder / f"all.{ending}"
            self.plan("--briefing", path, "--for", "all", "--people", "4")
            self.assertIn("dee", path.read_text())
            self.assertIn("not to be passed on", path.read_text())

    def test_3_to_ask_for_somebody_unlisted_tells_nothing(self):
        error = bellwether("plan", "--public", "--include", "dee", home=self.home, code=1).stderr
        same = bellwether("plan", "--public", "--include", "zoe", home=self.home, code=1).stderr
        self.assertEqual(error.replace("dee", "zoe").split(";")[0], same.split(";")[0])

    def test_4_a_briefing_is_one_page_that_fetches_nothing_and_escapes_names(self):
        bellwether("people", "consent", "square:<b>c*y</b>", "listed", home=self.home)
        path = self.folder / "page.html"
        self.plan("--briefing", path, "--for", "all", "--people", "3")
        page = path.read_text()
        self.assertIn(html.escape("<b>c*y</b>"), page)
        self.assertNotIn("<b>c*y</b>", page)
        for forbidden in ("<script", "src=", "@import", "url(", "<link", "<iframe", "javascript:"):
            self.assertNotIn(forbidden, page)
        self.assertIn("default-src 'none'", page)
        for words in ("Why not simply the highest scores?", "Could another group do better?",
                      "Why each of them", "Receipts:", "What this does not say", "no proof of"):
            self.assertIn(words, page)
        path = self.folder / "page.md"
        self.plan("--briefing", path, "--for", "all", "--people", "3")
        self.assertIn(r"\<b\>c\*y\</b\>", path.read_text())
        bellwether("plan", "--briefing", self.folder / "no-such" / "page.md", home=self.home, code=3)


class Small(unittest.TestCase):
    def test_what_is_not_scored_yet_says_how(self):
        home = TMP / "plan-nothing"
        bellwether("ingest", "-", home=home, text=village())
        error = bellwether("plan", home=home, code=1).stderr
        self.assertIn("bellwether score", error)

    def test_a_simulated_town_is_marked_everywhere(self):
        home = TMP / "plan-simulated"
        bellwether("simulate", "--people", "100", "--days", "60", home=home)
        bellwether("score", home=home)
        self.assertIn("SIMULATED", bellwether("plan", home=home).stdout)
        path = TMP / "simulated.html"
        bellwether("plan", "--for", "all", "--briefing", path, home=home)
        self.assertIn("SIMULATED", path.read_text())
        told = json.loads(bellwether("plan", "--json", home=home).stdout)
        self.assertTrue(told["meta"]["simulated"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
