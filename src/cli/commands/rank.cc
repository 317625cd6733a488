// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <sstream>

#include "cli/output.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

void print_reasons(Context& context, std::string_view title, std::string_view sign,
                   const std::vector<Reason>& reasons) {
  if (reasons.empty()) return;
  context.out << '\n' << title << '\n';
  for (const Reason& reason : reasons) {
    fmt::print(context.out, "  {}{:5.1f}  {}\n", sign, reason.points,
               wrap(reason.text, static_cast<size_t>(context.columns), 10));
  }
}

void print_head(Context& context, const Meta& meta, const PersonRow& person,
                const std::string& sentence) {
  std::ostream& out = context.out;
  if (meta.simulated) out << "SIMULATED: a made-up community, nobody real.\n";
  out << person.name << '\n';
  std::string accounts;
  for (const std::string& account : person.accounts) {
    accounts += (accounts.empty() ? "" : " · ") + account;
  }
  fmt::print(out, "{}  (person {})\n\n  {}.\n", accounts, person.person, sentence);
  if (person.rank > 0) {
    fmt::print(
        out, "  {} of the settled; above {} of all with evidence; as of {}.\n",
        person.rank_low == person.rank_high
            ? fmt::format("Rank {}", grouped(person.rank_low))
            : fmt::format("Rank {} to {}", grouped(person.rank_low), grouped(person.rank_high)),
        above_share(person.percentile), to_day(meta.as_of));
  }
  if (const std::string ahead = forecast_words(person); !ahead.empty()) {
    fmt::print(out, "  L{}.\n", ahead.substr(1));
  }
  if (!person.topics.empty()) {
    constexpr size_t kShown = 12;
    std::string topics;
    for (size_t i = 0; i < std::min(kShown, person.topics.size()); ++i) {
      topics += (i == 0 ? "" : ", ") + person.topics[i];
    }
    if (person.topics.size() > kShown) {
      topics += fmt::format(" and {} more", person.topics.size() - kShown);
    }
    fmt::print(out, "  Topics, on evidence: {}.\n",
               wrap(topics, static_cast<size_t>(context.columns), 2));
  }
  if (meta.stale)
    out << "  The log has changed since: `bellwether score` brings this up to date.\n";
}

void print_missing(std::ostream& out, const std::vector<std::string>& missing) {
  if (missing.empty()) return;
  out << "\nWhat is missing for a settled score\n";
  for (const std::string& words : missing) out << "         " << words << '\n';
}

// A step of the waterfall: as wide as its points, from where the rows above end.
std::string step(double from, double points, double total, size_t width) {
  const auto column = [&](double value) {
    const double place = total > 0 ? value / total * static_cast<double>(width) : 0;
    return std::min(width, static_cast<size_t>(std::max(0.0, std::round(place))));
  };
  const size_t begin = std::min(column(from), width - 1);
  const size_t end = std::max(begin + 1, column(from + points));
  std::string bar(begin, ' ');
  for (size_t i = begin; i < end; ++i) bar += "\u2588";
  bar.append(width - end, ' ');
  return bar;
}

// `numbered`: with the number by which `what-if` knows the act.
std::string first_receipt(const ContributionRow& row, bool numbered) {
  if (row.receipts.empty()) return {};
  const Receipt& r = row.receipts.front();
  return fmt::format("   {}, {}{}", to_day(r.published),
                     numbered ? fmt::format("act {}, ", r.row) : "",
                     r.object.empty() ? fmt::format("record {}", r.record) : r.object);
}

// The sum, row by row, each beside what is usual among people of like activity.
void print_waterfall(Context& context, const PersonExplanation& told) {
  const bool acts = told.grouping == Grouping::kAct;
  const double score = told.person.score.value_or(1);
  const std::string_view by =
      told.grouping == Grouping::kMover ? "person" : to_string(told.grouping);
  fmt::print(context.out, "\nIt adds up, by {}\n", by);
  constexpr int kWide = 90;  // columns, below which there is no room for a picture
  constexpr size_t kBar = 16;
  const bool bars = context.columns >= kWide;
  std::vector<Table::Column> columns{{"  points", true}};
  if (bars) columns.push_back({"", false});
  if (told.peers) columns.push_back({"peers", true});
  if (acts) {
    columns.insert(columns.end(), {{"credit", true}, {"standing", true}, {"left", true}});
  } else {
    columns.insert(columns.end(), {{"acts", true}, {"people", true}});
  }
  columns.push_back({"", false});
  Table table(std::move(columns));
  double from = 0;
  const auto row = [&](const std::string& points, double width, const std::optional<double>& peers,
                       std::vector<std::string> middle, const std::string& label) {
    std::vector<std::string> cells{points};
    if (bars) cells.push_back(step(from, width, score, kBar));
    if (told.peers) cells.push_back(peers ? fmt::format("{:.2f}", *peers) : "");
    if (acts) middle.resize(3);
    cells.insert(cells.end(), middle.begin(), middle.end());
    cells.push_back(label);
    table.row(std::move(cells));
    from += width;
  };
  row("1.00", 1, 1.0, {"", ""}, "where every score with evidence begins");
  for (const ContributionRow& each : told.contributions) {
    std::vector<std::string> middle{grouped(each.acts), grouped(each.people)};
    if (acts) {
      middle.assign(3, "");
      if (each.terms) {
        const auto [least, most] =
            std::minmax_element(each.terms->decay.begin(), each.terms->decay.end());
        middle = {
            fmt::format("{:.3g}{}", each.terms->credit, each.terms->courted ? " courted" : ""),
            fmt::format("{:.2f}", each.terms->standing),
            fmt::format("{:.0f}-{:.0f} %", *least * 100, *most * 100)};
      }
    }
    row(fmt::format("{:.2f}", each.points), each.points, each.median, middle,
        each.label + (each.hidden ? " (hidden from others)" : "") + first_receipt(each, acts));
  }
  if (told.others.acts > 0) {
    row(fmt::format("{:.2f}", told.others.points), told.others.points, told.others.median,
        acts ? std::vector<std::string>{}
             : std::vector<std::string>{grouped(told.others.acts), grouped(told.others.people)},
        acts ? fmt::format("all {} others", grouped(told.others.acts)) : "all others");
  }
  from = 0;
  row(fmt::format("{:.2f}", 1 + told.points_total), score,
      told.peers ? std::optional<double>(told.peers->score) : std::nullopt, {"", ""},
      fmt::format("together; the score is {:.2f}", score));
  table.print(context.out, context.columns);
  const auto width = static_cast<size_t>(context.columns);
  if (told.peers) {
    fmt::print(context.out, "  {}\n", wrap("peers: " + peers_words(*told.peers), width, 2));
  }
  if (acts) {
    fmt::print(
        context.out, "  {}\n",
        wrap("credit: the verb's weight, or what of it came here, times how often; standing: "
             "how far the mover is vouched for; left: of the credit, at the shortest and the "
             "longest half-life",
             width, 2));
  }
}

void print_where_receipts_are(Context& context, const PersonExplanation& told) {
  const std::string name =
      told.person.accounts.empty() ? told.person.person : told.person.accounts[0];
  fmt::print(context.out, "\n{}\n",
             wrap(told.grouping == Grouping::kAct
                      ? fmt::format("Receipts: `bellwether explain '{}' --by act --json` has every "
                                    "link and term, enough to compute the score again.",
                                    name)
                      : fmt::format("Receipts: `bellwether explain '{}' --by act` lists every act "
                                    "with its weight, the mover's standing and its age.",
                                    name),
                  static_cast<size_t>(context.columns), 0));
}

void print_change(Context& context, const std::optional<ScoreChange>& change) {
  if (!change) return;
  fmt::print(context.out, "\nWhat changed: {}\n",
             wrap(change->sentence, static_cast<size_t>(context.columns), 2));
  constexpr double kWorthShowing = 0.005;
  for (const ChangePart& part : change->parts) {
    // Standing and fading of no account are not worth a line; what happened is, if it did nothing.
    const bool happened = !part.text.empty() && part.cause != "fading" && part.cause != "standing";
    if (std::abs(part.points) < kWorthShowing && !happened) continue;
    fmt::print(context.out, "  {:>6}  {:9}  {}\n", fmt::format("{:+.2f}", part.points),
               part.cause == "late" ? "known now" : part.cause,
               wrap(part.text, static_cast<size_t>(context.columns), 21));
  }
  fmt::print(context.out, "  {:>6}  together; the score then was {}\n",
             fmt::format("{:+.2f}", change->points),
             change->score ? fmt::format("{:.2f}", *change->score)
                           : "none, and is taken as 1, where every score begins");
}

// What topics rest on: of the person's own `most` at most, with `receipts` of each.
struct TopicsShown {
  size_t most, receipts;
  size_t total;  // of their topics, also those that `topics` leaves out
};
void print_topics(Context& context, const std::vector<TopicRow>& topics, TopicsShown shown) {
  const auto print = [&](std::string_view title, bool theirs) {
    Table table(
        {{"  points", true}, {"vouched", true}, {"days", true}, {"acts", true}, {"", false}});
    size_t rows = 0;
    for (const TopicRow& row : topics) {
      if (row.theirs != theirs) continue;
      if (theirs && ++rows > shown.most) continue;
      if (!theirs) ++rows;
      std::string text = row.topic + (row.hidden ? " (hidden from others)" : "");
      for (const std::string& words : row.missing) text += "   " + words;
      table.row({fmt::format("{:.2f}", row.points), grouped(row.vouched_movers), grouped(row.days),
                 grouped(row.acts), text});
      if (!theirs) continue;
      for (size_t i = 0; i < std::min(shown.receipts, row.receipts.size()); ++i) {
        const Receipt& r = row.receipts[i];
        table.row({"", "", "", "",
                   fmt::format("  {} {} by {}{}", to_day(r.published), to_string(r.verb), r.account,
                               r.object.empty() ? "" : ", " + r.object)});
      }
    }
    if (rows == 0) return;
    context.out << '\n' << title << '\n';
    table.print(context.out, context.columns);
    if (theirs && shown.total > shown.most) {
      fmt::print(context.out,
                 "  and {} more: `bellwether explain --by topic --limit 0` tells of all.\n",
                 shown.total - shown.most);
    }
  };
  print("What their topics rest on (responses of vouched people)", true);
  print("Topics that are not theirs, and why", false);
}

void print_neighbours(Context& context, std::string_view title,
                      const std::vector<Neighbour>& neighbours, bool points) {
  if (neighbours.empty()) return;
  context.out << '\n' << title << '\n';
  Table table(points ? std::vector<Table::Column>{{"  points", true},
                                                  {"moved lately", true},
                                                  {"acts", true},
                                                  {"last", false},
                                                  {"", false}}
                     : std::vector<Table::Column>{
                           {"  moved lately", true}, {"acts", true}, {"last", false}, {"", false}});
  for (const Neighbour& n : neighbours) {
    std::vector<std::string> cells;
    if (points) cells.push_back(fmt::format("{:.2f}", n.points));
    cells.push_back(fmt::format("{:.0f} %", n.chance * 100));
    cells.push_back(grouped(n.acts));
    cells.push_back(to_day(n.last));
    cells.push_back(n.name);
    table.row(std::move(cells));
  }
  table.print(context.out, context.columns);
}

// "Half-life of a post   half of ...", and in a second line what it rests on.
void print_habit(Context& context, std::string_view title, const std::string& words,
                 const std::string& evidence) {
  constexpr size_t kIndent = 22;
  const auto width = static_cast<size_t>(context.columns);
  fmt::print(context.out, "  {:<20}{}\n", title, wrap(words, width, kIndent));
  if (!evidence.empty()) {
    fmt::print(context.out, "{:{}}{}\n", "", kIndent, wrap(evidence, width, kIndent));
  }
}

// The week as shades, a row a day: how far an hour lies above or below the average.
void print_hours(Context& context, const Habits& habits) {
  const PostingHours& told = *habits.hours;
  std::ostream& out = context.out;
  fmt::print(out, "\n  {} ({})\n            0     3     6     9     12    15    18    21\n",
             habits.hours_by_arrival ? "When responses come" : "What a post gets, by its hour",
             habits.zone);
  constexpr std::array<std::string_view, 4> kShades{"\u00b7", "\u2591", "\u2592", "\u2593"};
  for (size_t day = 0; day < 7; ++day) {
    fmt::print(out, "  {:9} ", day_word(static_cast<int>(day)));
    for (size_t hour = 0; hour < 24; ++hour) {
      const HourRate& each = told.hours[24 * day + hour];
      const double ratio = each.rate / told.average;
      const size_t shade = ratio < 0.8 ? 0 : ratio < 1.1 ? 1 : ratio < 1.5 ? 2 : 3;
      fmt::print(out, "{}{}", each.stands_out ? "\u2588" : kShades[shade],
                 each.posts > 0 ? (each.stands_out ? "\u2588" : kShades[shade]) : " ");
    }
    out << '\n';
  }
  fmt::print(out, "  {}\n",
             wrap(fmt::format("\u00b7 below average, \u2591 about, \u2592 above, \u2593 half more "
                              "or better, \u2588 stands out; a narrow sign: {} in that very hour, "
                              "estimated from its neighbours",
                              habits.hours_by_arrival ? "nobody came" : "no post"),
                  static_cast<size_t>(context.columns), 2));
}

void print_habits(Context& context, const Habits& habits, bool hours) {
  context.out << "\nHabits\n";
  const auto print = [&](std::string_view title, bool known, const auto& words,
                         const auto& evidence, const std::string& unknown) {
    print_habit(context, title, known ? words() : unknown, known ? evidence() : std::string());
  };
  if (habits.style) {
    print_habit(context, "style", style_words(*habits.style), {});
    for (const std::string& line : style_axes_words(*habits.style)) {
      print_habit(context, "", line, {});
    }
    print_habit(context, "", style_evidence(*habits.style), {});
  } else {
    print_habit(context, "style", habits.style_unknown, {});
  }
  print(
      "when to post", habits.hours.has_value(), [&] { return hours_words(habits); },
      [&] { return hours_evidence(habits); }, habits.hours_unknown);
  print(
      "half-life of a post", habits.half_life.has_value(),
      [&] { return half_life_words(*habits.half_life); },
      [&] { return half_life_evidence(*habits.half_life); }, habits.half_life_unknown);
  if (hours && habits.hours) print_hours(context, habits);
}

// What became of earlier forecasts; the newest few.
void print_past_forecasts(Context& context, const std::vector<PastForecast>& forecasts) {
  if (forecasts.empty()) return;
  constexpr size_t kShown = 6;
  context.out << "\nWhat earlier forecasts said, and what came\n";
  Table table(
      {{"  as of", false}, {"within", true}, {"likely", true}, {"came", true}, {"", false}});
  const size_t begin = forecasts.size() - std::min(kShown, forecasts.size());
  for (size_t i = begin; i < forecasts.size(); ++i) {
    const PastForecast& past = forecasts[i];
    const bool held = past.came >= past.said.low && past.came <= past.said.high;
    table.row({to_day(past.as_of), fmt::format("{} days", past.days),
               fmt::format("{} to {}", grouped(past.said.low), grouped(past.said.high)),
               grouped(past.came), held ? "held" : "missed"});
  }
  table.print(context.out, context.columns);
}

}  // namespace

int command_rank(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Who moves most people. The order follows people moved; a rank is a range, because a "
      "score has a margin.",
      "bellwether rank");
  CommonOptions common;
  add_common(app, context, common, true, true);
  RankRequest request;
  std::string by = "score";
  std::string topic;
  std::string network;
  std::string as_of;
  app.add_option("--by", by, "order")
      ->check(CLI::IsMember({"score", "momentum", "forecast"}))
      ->capture_default_str();
  app.add_option("--topic", topic,
                 "only what is about this topic or any below it; by any name, in any spelling");
  app.add_option("--network", network, "only what happened on this network");
  app.add_option("--limit", request.limit, "at most so many; 0: all")->capture_default_str();
  app.add_option("--offset", request.offset, "leave out the first so many")->capture_default_str();
  app.add_option("--as-of", as_of, "the snapshot of this instant; otherwise the newest");
  app.add_flag("--all", request.all, "the provisional too, after the settled");
  bool plain = false;
  app.add_flag("--plain", plain, "without reasons and topics, which cost a look at each person");
  app.footer(
      "Examples:\n  bellwether rank\n  bellwether rank --topic rust --limit 50 --format csv");
  if (const auto code = parse(app, context, arguments)) return *code;
  request.by = by == "momentum"   ? RankBy::kMomentum
               : by == "forecast" ? RankBy::kForecast
                                  : RankBy::kScore;
  request.reasons = !plain;
  if (!topic.empty()) request.topic = topic;
  if (!network.empty()) request.network = network;
  if (!as_of.empty()) {
    request.as_of = parse_instant(as_of);
    if (!request.as_of) {
      fmt::print(context.err, "bellwether rank: '{}' is no time; write 2012-07-05T12:00:00Z\n",
                 as_of);
      return kExitUsage;
    }
  }
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  const auto ranking = open->query().rank(request, common.viewer());
  if (!ranking.ok()) return complain(context, ranking.error());
  if (!print_for_programs(context, common.output(), *ranking)) print_ranking(context, *ranking);
  return kExitDone;
}

int command_show(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app("One person: score with its margin, reasons, whom they move and who moves them.",
               "bellwether show");
  CommonOptions common;
  add_common(app, context, common, true, true);
  std::vector<std::string> people;
  app.add_option("PERSON", people, "network:name, the person's id, or a name only one person has")
      ->required();
  std::string zone_name = "UTC";
  bool hours = false;
  app.add_option("--zone", zone_name, "the time zone for hours of the week, as in Europe/Berlin")
      ->capture_default_str();
  app.add_flag("--hours", hours, "draw what posts got in each hour of the week");
  app.footer(
      "Examples:\n  bellwether show mastodon:@ana@example.social\n"
      "  bellwether show @ana@example.social --hours --zone Europe/Berlin");
  if (const auto code = parse(app, context, arguments)) return *code;
  const auto zone = TimeZone::find(zone_name);
  if (!zone.ok()) {
    fmt::print(context.err, "bellwether show: {}\n", zone.error().message);
    return kExitUsage;
  }
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  for (const std::string& person : people) {
    const auto card = open->query().show(person, common.viewer(), *zone);
    if (!card.ok()) return complain(context, card.error());
    if (print_for_programs(context, common.output(), *card)) continue;
    print_head(context, card->meta, card->person, card->sentence);
    print_reasons(context, "What holds it up", "+", card->reasons_up);
    print_reasons(context, "What holds it back", "-", card->reasons_down);
    print_missing(context.out, card->missing);
    print_topics(context, card->topic_evidence, {5, 1, card->person.topics.size()});
    print_neighbours(context, "Whom they move", card->moves, true);
    print_neighbours(context, "Who moves them", card->moved_by, false);
    print_past_forecasts(context, card->forecasts);
    print_habits(context, card->habits, hours);
    context.out << '\n';
    print_footer(context, card->meta);
  }
  return kExitDone;
}

int command_explain(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Why a score is what it is: contributions that add up to score - 1, down to single acts.",
      "bellwether explain");
  CommonOptions common;
  add_common(app, context, common, true, true);
  std::vector<std::string> people;
  std::string by = "person";
  ExplainRequest request;
  std::optional<uint32_t> limit;
  app.add_option("PERSON", people, "network:name, the person's id, or a name only one person has")
      ->required();
  app.add_option(
         "--by", by,
         "what to add up by: the largest first, of months the newest, so that --limit leaves "
         "out the oldest")
      ->check(CLI::IsMember({"act", "person", "verb", "topic", "network", "month"}))
      ->capture_default_str();
  app.add_option("--limit", limit,
                 "show so many, and the rest in one line; 0: all (default: 15 in a "
                 "table, else all)");
  app.add_option("--since", request.since,
                 "say what changed since then: a snapshot's number, a time, `last` (the snapshot "
                 "before), `none`")
      ->capture_default_str()
      ->type_name("SNAPSHOT|TIME");
  app.footer(
      "Examples:\n  bellwether explain @ana\n  bellwether explain @ana --by act --json\n"
      "  bellwether explain @ana --since 2012-07-03");
  if (const auto code = parse(app, context, arguments)) return *code;
  request.grouping = *parse_grouping(by);
  const bool in_table = common.output() == OutputForm::kTable;
  request.limit = limit.value_or(in_table ? 15 : 0);
  if (in_table) request.receipts = 1;
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  for (const std::string& person : people) {
    const auto told = open->query().explain(person, request, common.viewer());
    if (!told.ok()) return complain(context, told.error());
    if (print_for_programs(context, common.output(), *told)) continue;
    print_head(context, told->meta, told->person, told->sentence);
    if (!told->person.score) {
      print_change(context, told->changed);
      continue;
    }
    print_reasons(context, "What holds it up", "+", told->reasons_up);
    print_reasons(context, "What holds it back", "-", told->reasons_down);
    print_missing(context.out, told->missing);
    print_waterfall(context, *told);
    print_change(context, told->changed);
    if (request.grouping == Grouping::kTopic) {
      const size_t most = request.limit == 0 ? told->topic_evidence.size() : request.limit;
      print_topics(context, told->topic_evidence, {most, 3, told->person.topics.size()});
    }
    print_where_receipts_are(context, *told);

    context.out << '\n';
    print_footer(context, told->meta);
  }
  return kExitDone;
}

namespace {

// A word that is no file is for the query to make out.
Result<PolicyChoice> policy_choice(const Context& context, const std::string& word) {
  const bool is_word =
      word == kPolicyCurrent || word.find_first_not_of("0123456789abcdef") == std::string::npos;
  PolicyChoice choice;
  choice.asked = word;
  if (is_word) return choice;
  const std::string path = absolute(context, word);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("'{}' is neither a policy file that can be read, nor `current`, nor "
                             "the number or the policy hash of a snapshot",
                             word)};
  }
  std::ostringstream text;
  text << file.rdbuf();
  choice.text = text.str();
  return choice;
}

void print_policies(Context& context, const PolicyComparison& comparison) {
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << '\n'; };
  if (comparison.meta.simulated) context.out << "SIMULATED: a made-up community, nobody real.\n";
  say(fmt::format("The same acts under two policies, as of {}. Nothing is published.",
                  to_day(comparison.meta.as_of)));
  context.out << '\n';
  Table sides({{"", false},
               {"policy", false},
               {"hash", false},
               {"method", false},
               {"people", true},
               {"settled", true},
               {"from", false}});
  for (size_t side = 0; side < 2; ++side) {
    const PolicyComparison::Side& s = comparison.sides[side];
    sides.row({side == 0 ? "A" : "B", s.name, s.policy, s.method, grouped(s.people),
               grouped(s.settled), s.asked});
  }
  sides.print(context.out, context.columns);
  const Agreement& a = comparison.agreement;
  context.out << '\n';
  std::string sentence =
      a.spearman
          ? fmt::format("The two orders of {} people agree by {:.3f} (Spearman, 1 is the same)",
                        grouped(a.people), *a.spearman)
          : std::string("There is no order to compare");
  if (a.places > 1) {
    sentence +=
        fmt::format("; of the first {} of each, {} are the same", a.places, a.places_shared);
  }
  if (a.ranked > 1) {
    sentence += fmt::format("; among the {} ranked by both, the largest change is of {} {}",
                            grouped(a.ranked), grouped(a.largest_rank_change),
                            a.largest_rank_change == 1 ? "rank" : "ranks");
  }
  say(sentence + ".");
  if (comparison.people.empty()) {
    say("Nobody's score differs.");
    return;
  }
  context.out << '\n';
  Table table({{"A score", true},
               {"likely", true},
               {"rank", true},
               {"B score", true},
               {"likely", true},
               {"rank", true},
               {"moves", true},
               {"", false}});
  for (const PolicyComparison::Person& person : comparison.people) {
    std::vector<std::string> cells;
    for (const auto& under : person.under) {
      cells.push_back(under.score ? fmt::format("{:.1f}{}", *under.score, under.settled ? "" : "?")
                                  : "-");
      cells.push_back(under.score ? fmt::format("{:.0f} to {:.0f}", under.low, under.high) : "");
      cells.push_back(under.rank > 0 ? grouped(under.rank) : "-");
    }
    const auto& [first, second] = person.under;
    cells.push_back(first.rank == 0 || second.rank == 0
                        ? ""
                        : fmt::format("{:+}", int64_t{first.rank} - int64_t{second.rank}));
    cells.push_back(person.name);
    table.row(std::move(cells));
  }
  table.print(context.out, context.columns);
  context.out << '\n';
  say("? provisional, hence not ranked. Scores compare only under one policy; what can be compared "
      "is the order.");
  say(std::string(kNotAVerdict));
}

int compare_policies(Context& context, const CommonOptions& common,
                     const std::array<std::string, 2>& words,
                     const std::vector<std::string>& people, uint32_t limit) {
  std::array<PolicyChoice, 2> policies;
  for (size_t side = 0; side < 2; ++side) {
    auto choice = policy_choice(context, words[side]);
    if (!choice.ok()) return complain(context, choice.error());
    policies[side] = std::move(*choice);
  }
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  const auto comparison = open->query().compare_policies(
      policies, people, limit, common.viewer(), [&](std::string_view phase) { line.phase(phase); });
  line.clear();
  if (!comparison.ok()) return complain(context, comparison.error());
  if (!print_for_programs(context, common.output(), *comparison)) {
    print_policies(context, *comparison);
  }
  return kExitDone;
}

}  // namespace

int command_compare(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Two to five people side by side, and how likely it is that one moves more than another.",
      "bellwether compare");
  CommonOptions common;
  add_common(app, context, common, true, true);
  std::vector<std::string> people;
  std::pair<std::string, std::string> policies;
  uint32_t limit = 20;
  app.add_option("PERSON", people, "network:name, the person's id, or a name only one person has");
  const CLI::Option* asked =
      app.add_option(
             "--policies", policies,
             "the same acts under two policies instead, publishing neither: files, `current`, "
             "or the number or policy hash of a snapshot; with PERSON any number of people, "
             "without those whose rank moves most")
          ->type_name("A B");
  app.add_option("--limit", limit, "of --policies: how many of those who move")
      ->check(CLI::Range(1U, 1'000'000U))
      ->capture_default_str();
  app.footer(
      "Examples:\n  bellwether compare @ana @bo\n"
      "  bellwether compare --policies current tried.toml\n"
      "  bellwether compare --policies 3 current @ana --json");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (asked->count() > 0) {
    return compare_policies(context, common, {policies.first, policies.second}, people, limit);
  }
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  const auto comparison = open->query().compare(people, common.viewer());
  if (!comparison.ok()) return complain(context, comparison.error());
  if (print_for_programs(context, common.output(), *comparison)) return kExitDone;
  if (comparison->meta.simulated) context.out << "SIMULATED: a made-up community, nobody real.\n";
  for (const Comparison::Pair& pair : comparison->pairs) context.out << pair.sentence << ".\n";
  context.out << '\n';
  Table table({{"", false},
               {"score", true},
               {"likely", true},
               {"people moved", true},
               {"state", false},
               {"why", false}});
  for (const PersonRow& p : comparison->people) {
    if (!p.score) {
      table.row({p.name, "-", "", "", "no evidence", ""});
      continue;
    }
    table.row({p.name, fmt::format("{:.0f}", *p.score),
               fmt::format("{:.0f} to {:.0f}", p.low, p.high),
               grouped(static_cast<uint64_t>(std::llround(p.people_moved))),
               std::string(state_word(p)), p.reason});
  }
  table.print(context.out, context.columns);
  context.out << '\n';
  print_footer(context, comparison->meta);
  return kExitDone;
}

}  // namespace bellwether
