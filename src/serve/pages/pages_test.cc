// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "serve/pages/html.h"
#include "serve/pages/person.h"
#include "serve/pages/ranking.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

const std::string kHostile = "<script>alert(1)</script>\"' onmouseover=\"x";

Meta some_meta() {
  Meta meta;
  meta.as_of = *parse_instant("2012-07-08");
  meta.snapshot = 1;
  meta.method = "bellwether/1";
  meta.policy = "0123456789abcdef";
  meta.policy_name = "default";
  meta.sources = 1;
  return meta;
}

PersonRow person(std::string name, double score, bool settled = true) {
  PersonRow row;
  row.person = "00000000000000aa";
  row.accounts = {"csv:" + name};
  row.name = std::move(name);
  row.score = score;
  row.low = score - 2;
  row.high = score + 3;
  row.settled = settled;
  if (settled) {
    row.rank = 12;
    row.rank_low = 12;
    row.rank_high = 15;
  }
  row.people_moved = 140.4;
  row.reach = 140;
  row.movers = 9;
  row.vouched_movers = 2;
  row.acts = 20;
  row.reason = "reshared by @bo and 31 others";
  return row;
}

RankingPage ranking_of(std::vector<PersonRow> people) {
  RankingPage page;
  page.ranking.meta = some_meta();
  for (const PersonRow& row : people) {
    ++(row.settled ? page.ranking.settled : page.ranking.provisional);
  }
  page.ranking.people = std::move(people);
  return page;
}

PersonExplanation explanation_of(PersonRow row) {
  PersonExplanation e;
  e.meta = some_meta();
  e.person = std::move(row);
  e.sentence = "62, settled";
  e.points_total = *e.person.score - 1;
  const double third = e.points_total / 3;
  for (const char* label : {"@bo", "@cy", "@di"}) {
    ContributionRow c;
    c.label = label;
    c.points = third;
    c.acts = 4;
    c.people = 1;
    e.contributions.push_back(c);
  }
  return e;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Every tag is closed in order; void ones apart. Catches what an unescaped name would break.
void expect_well_formed(const std::string& html) {
  std::vector<std::string> open;
  const std::vector<std::string> empty{"meta", "link", "input", "!doctype", "rect"};
  for (size_t at = 0; (at = html.find('<', at)) != std::string::npos;) {
    const size_t end = html.find('>', at);
    ASSERT_NE(end, std::string::npos);
    std::string tag = html.substr(at + 1, end - at - 1);
    at = end;
    const bool closes = tag[0] == '/';
    const std::string name =
        tag.substr(closes ? 1 : 0, tag.find_first_of(" /", 1) - (closes ? 1 : 0));
    if (std::find(empty.begin(), empty.end(), name) != empty.end()) continue;
    if (!closes) {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << name;
      ASSERT_EQ(open.back(), name) << html.substr(end > 200 ? end - 200 : 0, 200);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

// Every habit there is, with an hour that stands out.
Habits all_habits() {
  Habits habits;
  habits.half_life = HalfLife{3, 2, 5, 30, 12, 40};
  PostingHours hours;
  hours.average = 2;
  hours.posts = 40;
  hours.responders = 80;
  for (HourRate& hour : hours.hours) hour = {0, 0, 2, 1, 3, false};
  hours.hours[33] = {20, 80, 4, 3, 5, true};
  hours.best = {33};
  habits.hours = hours;
  Style style;
  style.cell = style_cell(1, 2);
  style.acts = 99;
  style.as_of = style.since = Instant{1'704'067'200'000};
  for (StyleSide& side : style.axes) side = {0.7, true, 7, 3};
  habits.style = style;
  return habits;
}

TEST(Pages, HabitsAreAPictureWithATableOfTheSame) {
  PersonExplanation e = explanation_of(person("Ana", 62));
  e.habits = all_habits();
  e.habits->zone = kHostile;
  const std::string html = render(to_page(e, 20, Viewer::kPublic));
  expect_well_formed(html);
  EXPECT_FALSE(holds(html, "<script"));
  EXPECT_TRUE(holds(html, "<svg class=\"week\""));
  EXPECT_TRUE(holds(html, "role=\"img\""));
  EXPECT_TRUE(holds(html, "Tuesday 9:00 to 10:00"));
  EXPECT_TRUE(holds(html, "<td class=\"n\">4* (20)</td>"));
  EXPECT_TRUE(holds(html, "Thought Leader"));
  EXPECT_TRUE(holds(html, "half of the responses to a post come within 3 hours") ||
              holds(html, "Half of the responses to a post come within 3 hours"));
  size_t cells = 0;
  for (size_t at = 0; (at = html.find("<td class=\"n\">", at)) != std::string::npos; ++at) ++cells;
  EXPECT_GE(cells, 168u);
}

TEST(Pages, AHabitThatCannotBeToldSaysWhyAndDrawsNothing) {
  PersonExplanation e = explanation_of(person("Ana", 62));
  e.habits = Habits{};
  e.habits->half_life_unknown = "the sources do not say which act was answered";
  e.habits->hours_unknown = e.habits->style_unknown = "too little to tell";
  const std::string html = render(to_page(e, 20, Viewer::kPublic));
  expect_well_formed(html);
  EXPECT_TRUE(holds(html, "The sources do not say which act was answered"));
  EXPECT_FALSE(holds(html, "<svg class=\"week\""));
  e.habits.reset();
  EXPECT_FALSE(holds(render(to_page(e, 20, Viewer::kPublic)), "Habits"));
}

TEST(Pages, AHostileNameStaysText) {
  PersonRow row = person(kHostile, 62);
  row.reason = kHostile;
  row.topics = {kHostile};
  RankingPage ranking = ranking_of({row, person(kHostile, 20, false)});
  ranking.search = kHostile;
  PersonExplanation e = explanation_of(row);
  e.sentence = kHostile;
  e.contributions[0].label = kHostile;
  e.contributions[0].names = {kHostile};
  Receipt receipt;
  receipt.account = kHostile;
  receipt.object = "javascript:alert(1)";
  receipt.source = kHostile;
  e.contributions[0].receipts = {receipt};
  e.reasons_up = {{1, kHostile}};
  e.reasons_down = {{1, kHostile}};
  e.missing = {kHostile};
  for (const Grouping grouping : {Grouping::kMover, Grouping::kTopic}) {
    e.grouping = grouping;
    for (const std::string& html :
         {render(to_page(ranking)), render(to_page(e, 20, Viewer::kOperator))}) {
      EXPECT_FALSE(holds(html, "<script"));
      EXPECT_FALSE(holds(html, "onmouseover=\""));
      EXPECT_FALSE(holds(html, "href=\"javascript:"));
      EXPECT_TRUE(holds(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;"));
      expect_well_formed(html);
    }
  }
  EXPECT_FALSE(
      holds(problem_page({404, "x", kHostile, kHostile}, Viewer::kPublic).body, "<script"));
}

TEST(Pages, NoScriptAndNoInlineStyleIsNeeded) {
  const auto e = explanation_of(person("Ana", 62));
  for (const std::string& html : {render(to_page(ranking_of({person("Ana", 62)}))),
                                  render(to_page(e, 20, Viewer::kOperator))}) {
    EXPECT_FALSE(holds(html, "<script"));
    EXPECT_FALSE(holds(html, "style=\""));
    EXPECT_FALSE(holds(html, "<style"));
  }
}

TEST(Pages, TheRankingSaysRankAsARangeScoreWholeAndMarginInWords) {
  const std::string html = render(to_page(ranking_of({person("Ana", 62.4)})));
  EXPECT_TRUE(
      holds(html, "12<span aria-hidden=\"true\">–</span><span class=\"heard\"> to </span>15"));
  EXPECT_TRUE(holds(html, "<strong>62</strong>"));
  EXPECT_TRUE(holds(html, "likely 60 to 65"));
  EXPECT_TRUE(holds(html, "<strong>140</strong>"));
  EXPECT_TRUE(holds(html, "<caption>"));
  EXPECT_TRUE(holds(html, "scope=\"col\""));
  EXPECT_TRUE(holds(html, "scope=\"row\""));
  EXPECT_TRUE(holds(html, "Reshared by @bo and 31 others"));
}

TEST(Pages, TheProvisionalStandApartInWordsAndUnranked) {
  const std::string html =
      render(to_page(ranking_of({person("Ana", 62), person("Bo", 80, false)})));
  const size_t table_end = html.find("</table>");
  ASSERT_NE(table_end, std::string::npos);
  EXPECT_GT(html.find("<bdi>Bo</bdi>"), table_end);
  EXPECT_TRUE(holds(html, "Too early to say"));
  EXPECT_TRUE(holds(html, "80?: 9 people responded, 2 of them vouched for, none unasked"));
}

TEST(Pages, ASimulationSaysSoInItsFirstWords) {
  RankingPage ranking = ranking_of({person("Ana", 62)});
  ranking.ranking.meta.simulated = true;
  PersonExplanation e = explanation_of(person("Ana", 62));
  e.meta.simulated = true;
  for (const std::string& html :
       {render(to_page(ranking)), render(to_page(e, 20, Viewer::kPublic))}) {
    EXPECT_TRUE(holds(html, "<title>Simulated: "));
    EXPECT_TRUE(holds(html, "<h1>Simulated: "));
    EXPECT_TRUE(holds(html, "<strong>Simulated.</strong>"));
  }
  ranking.ranking.meta.simulated = false;
  EXPECT_FALSE(holds(render(to_page(ranking)), "Simulated"));
}

TEST(Pages, StaleAndBrokenSourcesAreSaid) {
  RankingPage ranking = ranking_of({person("Ana", 62)});
  EXPECT_FALSE(holds(render(to_page(ranking)), "Stale."));
  ranking.ranking.meta.stale = true;
  ranking.ranking.meta.sources = 3;
  ranking.ranking.meta.sources_broken = 2;
  const std::string html = render(to_page(ranking));
  EXPECT_TRUE(holds(html, "<strong>Stale.</strong>"));
  EXPECT_TRUE(holds(html, "2 of 3 sources could not be read to the end"));
}

TEST(Pages, TheFooterNamesMethodPolicyAndWhatAScoreIsNot) {
  const std::string html = render(to_page(ranking_of({person("Ana", 62)})));
  EXPECT_TRUE(holds(html, "<code>bellwether/1</code>"));
  EXPECT_TRUE(holds(html, "<code>0123456789abcdef</code>"));
  EXPECT_TRUE(holds(html, std::string(kNotAVerdict)));
}

TEST(Pages, EmptyStatesTeachTheNextCommand) {
  RankingPage ranking = ranking_of({});
  EXPECT_TRUE(holds(render(to_page(ranking)), "Nobody here has asked to be shown"));
  EXPECT_TRUE(holds(render(to_page(ranking)), "bellwether people consent ACCOUNT listed"));
  ranking.viewer = Viewer::kOperator;
  EXPECT_TRUE(holds(render(to_page(ranking)), "bellwether ingest FILE"));
  EXPECT_FALSE(holds(render(to_page(ranking)), "asked to be shown"));
  ranking.search = "zz";
  EXPECT_TRUE(holds(render(to_page(ranking)), "these letters"));
  const HttpReply nothing = unscored_page(Viewer::kPublic, "words");
  EXPECT_EQ(nothing.status, 200);
  EXPECT_TRUE(holds(nothing.body, "bellwether score"));
}

TEST(Pages, PagesOfTheRankingLeadOnAndBack) {
  RankingPage ranking = ranking_of({person("Ana", 62)});
  ranking.ranking.settled = 120;
  EXPECT_TRUE(
      holds(render(to_page(ranking)), "<a rel=\"next\" href=\"/?offset=50\">The next 50</a>"));
  EXPECT_FALSE(holds(render(to_page(ranking)), "rel=\"prev\""));
  ranking.offset = 100;
  ranking.topic = "a&b";
  EXPECT_TRUE(
      holds(render(to_page(ranking)), "<a rel=\"prev\" href=\"/?topic=a%26b&amp;offset=50\">"));
  EXPECT_FALSE(holds(render(to_page(ranking)), "rel=\"next\""));
  ranking.offset = 70;
  EXPECT_FALSE(holds(render(to_page(ranking)), "rel=\"next\""));
}

// The numbers of the table's last column but one, in order.
std::vector<double> points_on(const std::string& html) {
  std::vector<double> points;
  const std::string sum = html.substr(html.find("<table class=\"sum\">"));
  const std::string cell = "<td class=\"n points\">";
  for (size_t at = 0; (at = sum.find(cell, at)) != std::string::npos; at += cell.size()) {
    std::string text = sum.substr(at + cell.size(), 30);
    if (text.starts_with("<strong>")) text = text.substr(8);
    points.push_back(std::stod(text));
  }
  return points;
}

TEST(Pages, WhatStandsInTheTableAddsUpToWhatStandsBelowIt) {
  PersonExplanation e = explanation_of(person("Ana", 62.4));
  e.others.acts = 2;
  e.others.people = 2;
  e.others.points = e.contributions.back().points;
  e.contributions.pop_back();
  const std::string html = render(to_page(e, 2, Viewer::kPublic));
  const auto points = points_on(html);
  ASSERT_EQ(points.size(), 4U);
  EXPECT_NEAR(1 + points[0] + points[1] + points[2], points[3], 1e-9);
  EXPECT_NEAR(points[3], 62.4, 1e-9);
  EXPECT_TRUE(holds(html, "shown as 62"));
}

TEST(Pages, BesideEachRowStandsWhatIsUsualAmongPeopleOfLikeActivity) {
  PersonExplanation e = explanation_of(person("Ana", 62));
  const std::string alone = render(to_page(e, 20, Viewer::kPublic));
  EXPECT_FALSE(holds(alone, "Peers"));
  EXPECT_FALSE(holds(alone, "class=\"n peers\""));
  e.peers = Peers{12, 6, 41.257};
  e.contributions[0].median = 3.456;
  e.contributions[1].median = 0;
  ContributionRow erased;  // has no median
  erased.label = "(erased people)";
  e.contributions.push_back(erased);
  const std::string html = render(to_page(e, 20, Viewer::kPublic));
  expect_well_formed(html);
  EXPECT_TRUE(holds(html,
                    "Peers: medians over 12 people of like activity (who gave 3 to 12 responses "
                    "within the last year; this person gave 6); medians do not add up.</caption>"));
  EXPECT_TRUE(holds(html, "<th scope=\"col\" class=\"n\">Peers</th>"));
  EXPECT_TRUE(holds(html, "<td class=\"n peers\">3.46</td>"));
  EXPECT_TRUE(holds(html, "<td class=\"n peers\">0.00</td>"));
  EXPECT_TRUE(holds(html, "<td class=\"n peers\"></td>"));
  EXPECT_TRUE(holds(html, "<td class=\"n peers\">41.26</td>"));
  // Every row of the table has as many cells as its head.
  const std::string table = html.substr(html.find("<table class=\"sum\">"));
  for (size_t at = 0; (at = table.find("<tr>", at)) < table.find("</table>"); ++at) {
    const std::string row = table.substr(at, table.find("</tr>", at) - at);
    size_t cells = 0;
    for (const char* cell : {"<td", "<th "}) {
      for (size_t c = 0; (c = row.find(cell, c)) != std::string::npos; ++c) ++cells;
    }
    EXPECT_EQ(cells, 5U) << row;
  }
  e.peers = Peers{5, 0, 20};
  EXPECT_TRUE(holds(render(to_page(e, 20, Viewer::kPublic)),
                    "(who responded to nobody within the last year either)"));
}

TEST(Pages, WhatChangedIsSaidAsCalmlyOfAFallAsOfARise) {
  PersonExplanation e = explanation_of(person("Ana", 62));
  EXPECT_FALSE(holds(render(to_page(e, 20, Viewer::kPublic)), "What changed"));
  ScoreChange change;
  change.as_of = Instant{1'341'403'200'000};
  change.score = 63.5;
  change.points = -1.5;
  change.sentence = "down 1.5 points since 2012-07-04, mostly by fading";
  change.parts = {{"evidence", 0.75, "<b> responded in one act", {}},
                  {"fading", -2.25, "what was there then is 30 days older", {}},
                  {"standing", 0.001, "those who responded are vouched for more than then", {}}};
  e.changed = change;
  const std::string html = render(to_page(e, 20, Viewer::kPublic));
  EXPECT_TRUE(holds(html, "Down 1.5 points since 2012-07-04, mostly by fading"));
  EXPECT_TRUE(holds(html, "− 2.2</span> <span><bdi>What was there then is 30 days older"));
  EXPECT_TRUE(holds(html, "&lt;b&gt; responded"));
  EXPECT_FALSE(holds(html, "vouched for more"));  // shown as nothing, so not shown
  expect_well_formed(html);
}

TEST(Pages, ReceiptsAreLinkedOnlyToTheWeb) {
  PersonExplanation e = explanation_of(person("Ana", 62));
  Receipt receipt;
  receipt.account = "mastodon:@bo@example.social";
  receipt.object = "https://example.social/@ana/1?a=1&b=2";
  receipt.source = "outbox.json";
  receipt.record = 17;
  e.contributions[0].receipts = {receipt};
  const std::string html = render(to_page(e, 20, Viewer::kOperator));
  EXPECT_TRUE(holds(html,
                    "<a rel=\"noreferrer nofollow\" "
                    "href=\"https://example.social/@ana/1?a=1&amp;b=2\">"));
  EXPECT_TRUE(holds(html, "record 17"));
}

TEST(Pages, SomebodyWithoutEvidenceHasNoNumberAndNoTable) {
  PersonExplanation e;
  e.meta = some_meta();
  e.person.person = "00000000000000bb";
  e.person.name = "Bo";
  e.sentence = "No evidence: nobody has been seen to respond to them, so there is no score";
  const std::string html = render(to_page(e, 20, Viewer::kOperator));
  EXPECT_TRUE(holds(html, "No evidence: nobody has been seen"));
  EXPECT_FALSE(holds(html, "<table"));
  EXPECT_FALSE(holds(html, "class=\"score\""));
  expect_well_formed(html);
}

TEST(ShownPoints, AddUpAsTheyStand) {
  const std::vector<double> thirds(3, 10.0 / 3);
  EXPECT_EQ(shown_points(thirds, 10, 2), (std::vector<std::string>{"3.34", "3.33", "3.33"}));
  uint32_t state = 7;
  for (int round = 0; round < 200; ++round) {
    std::vector<double> points;
    for (int i = 0; i < 1 + round % 40; ++i) {
      state = state * 1664525 + 1013904223;
      points.push_back(static_cast<double>(state >> 8) / 1e6);
    }
    const double total = std::accumulate(points.begin(), points.end(), 0.0);
    const auto texts = shown_points(points, total, 2);
    int64_t cents = 0;
    for (size_t i = 0; i < points.size(); ++i) {
      cents += std::llround(std::stod(texts[i]) * 100);
      EXPECT_NEAR(std::stod(texts[i]), points[i], 0.011);
    }
    EXPECT_EQ(cents, std::llround(total * 100)) << round;
  }
}

TEST(Words, OfNumbers) {
  EXPECT_EQ(ordinal(1), "1st");
  EXPECT_EQ(ordinal(2), "2nd");
  EXPECT_EQ(ordinal(3), "3rd");
  EXPECT_EQ(ordinal(4), "4th");
  EXPECT_EQ(ordinal(11), "11th");
  EXPECT_EQ(ordinal(112), "112th");
  EXPECT_EQ(ordinal(1'021), "1,021st");
  EXPECT_EQ(people_number(0), "less than 0.1");
  EXPECT_EQ(people_number(3.44), "3.4");
  EXPECT_EQ(people_number(9.96), "10");
  EXPECT_EQ(people_number(12345.6), "12,346");
  EXPECT_EQ(likely(57.6, 66.2), "likely 58 to 66");
}

TEST(Words, MomentumIsHeldAgainstTheWeekBefore) {
  PersonRow row = person("Ana", 62);
  row.momentum = 20;
  row.momentum_before = 18;
  EXPECT_EQ(momentum_word(row), "rising");
  row.momentum_before = 22;
  EXPECT_EQ(momentum_word(row), "cooling");
  row.momentum_before = 21.9;
  EXPECT_EQ(momentum_word(row), "steady");
  row.momentum_before = 18.1;
  EXPECT_EQ(momentum_word(row), "steady");
}

}  // namespace
}  // namespace bellwether
