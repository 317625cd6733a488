// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

using Json = nlohmann::ordered_json;

// Names come from files, so a dump must not throw over a byte in one.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string line_of(const Json& json) { return text_of(json) + '\n'; }

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json instant(Instant at) { return at.known() ? Json(to_string(at)) : Json(nullptr); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json place(uint32_t rank) { return rank == 0 ? Json(nullptr) : Json(rank); }

Json strings(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const std::string& value : values) list.push_back(value);
  return list;
}

// What every line of NDJSON says of where it comes from.
void stamp(Json& to, const Meta& meta) {
  to["simulated"] = meta.simulated;
  to["as_of"] = instant(meta.as_of);
  to["method"] = meta.method;
  to["policy"] = meta.policy;
}

Json meta_json(const Meta& meta) {
  return {
      {"as_of", instant(meta.as_of)},
      {"computed", instant(meta.computed)},
      {"snapshot", meta.snapshot},
      {"method", meta.method},
      {"policy", meta.policy},
      {"policy_name", meta.policy_name},
      {"completeness",
       {{"sources", meta.sources}, {"sources_broken", meta.sources_broken}, {"stale", meta.stale}}},
      {"simulated", meta.simulated},
      {"note", kNotAVerdict}};
}

// A value that means nothing without evidence.
template <typename T>
Json seen(const PersonRow& row, const T& value) {
  return row.score ? Json(value) : Json(nullptr);
}

void add_row(Json& to, const PersonRow& row, const Meta& meta) {
  const bool scored = row.score.has_value();
  const auto points = [&](double value) { return scored ? number(value) : Json(nullptr); };
  to["rank"] = place(row.rank);
  to["rank_low"] = place(row.rank_low);
  to["rank_high"] = place(row.rank_high);
  to["person"] = row.person;
  to["accounts"] = strings(row.accounts);
  to["name"] = row.name;
  to["score"] = number(row.score);
  to["low"] = points(row.low);
  to["high"] = points(row.high);
  to["settled"] = row.settled;
  to["people_moved"] = points(row.people_moved);
  to["reach"] = seen(row, row.reach);
  to["amplification"] = number(row.amplification);
  to["audience"] = number(row.audience);
  to["momentum"] = points(row.momentum);
  to["momentum_before"] = points(row.momentum_before);
  for (size_t w = 0; w < row.forecast.size(); ++w) {
    const auto& forecast = row.forecast[w];
    const std::string name = fmt::format("forecast_{}d", kForecastDays[w]);
    to[name] = forecast ? number(forecast->mean) : Json(nullptr);
    to[name + "_low"] = forecast ? Json(forecast->low) : Json(nullptr);
    to[name + "_high"] = forecast ? Json(forecast->high) : Json(nullptr);
  }
  to["percentile"] = points(row.percentile);
  to["topics"] = strings(row.topics);
  to["standing"] = number(row.standing);
  to["movers"] = seen(row, row.movers);
  to["vouched_movers"] = seen(row, row.vouched_movers);
  to["independent_movers"] = seen(row, row.independent_movers);
  to["acts"] = seen(row, row.acts);
  to["last_evidence"] = instant(row.last_evidence);
  to["reason"] = text_or_null(row.reason);
  to["listed"] = row.listed;
  stamp(to, meta);
}

Json row_json(const PersonRow& row, const Meta& meta) {
  Json json = Json::object();
  add_row(json, row, meta);
  if (row.topic_hidden) json["topic_hidden"] = true;
  return json;
}

Json receipt_json(const Receipt& receipt) {
  return {{"act", receipt.row},
          {"account", receipt.account},
          {"verb", to_string(receipt.verb)},
          {"object", text_or_null(receipt.object)},
          {"target", text_or_null(receipt.target)},
          {"published", instant(receipt.published)},
          {"topics", strings(receipt.topics)},
          {"source", receipt.source},
          {"record", receipt.record},
          {"record_hash", fmt::format("{:016x}", receipt.record_hash)}};
}

Json terms_json(const std::optional<ActTerms>& terms) {
  if (!terms) return nullptr;
  return {{"weight", number(terms->weight)},     {"credit", number(terms->credit)},
          {"standing", number(terms->standing)}, {"courted", terms->courted},
          {"age_days", number(terms->age_days)}, {"decay", terms->decay}};
}

Json topic_evidence_json(const std::vector<TopicRow>& rows) {
  Json list = Json::array();
  for (const TopicRow& row : rows) {
    Json receipts = Json::array();
    for (const Receipt& receipt : row.receipts) receipts.push_back(receipt_json(receipt));
    list.push_back({{"topic", row.topic},
                    {"id", text_or_null(row.id)},
                    {"theirs", row.theirs},
                    {"hidden", row.hidden},
                    {"points", number(row.points)},
                    {"vouched_movers", row.vouched_movers},
                    {"days", row.days},
                    {"acts", row.acts},
                    {"missing", strings(row.missing)},
                    {"receipts", std::move(receipts)}});
  }
  return list;
}

Json contribution_json(const ContributionRow& row, bool others) {
  Json receipts = Json::array();
  for (const Receipt& receipt : row.receipts) receipts.push_back(receipt_json(receipt));
  return {{"label", row.label},
          {"mover", text_or_null(row.person)},
          {"points", number(row.points)},
          {"median_of_peers", number(row.median)},
          {"acts", row.acts},
          {"people", row.people},
          {"names", strings(row.names)},
          {"others", others},
          {"terms", terms_json(row.terms)},
          {"receipts", std::move(receipts)}};
}

Json peers_json(const std::optional<Peers>& peers) {
  if (!peers) return nullptr;
  return {{"people", peers->people}, {"given", peers->given}, {"score", number(peers->score)}};
}

Json formula_json(const PersonExplanation& explanation) {
  if (!explanation.person.score) return nullptr;
  return {{"points_per_doubling", number(explanation.points_per_doubling)},
          {"crowd_share", number(explanation.crowd_share)},
          {"courtesy_share", number(explanation.courtesy_share)}};
}

Json change_json(const std::optional<ScoreChange>& change) {
  if (!change) return nullptr;
  Json parts = Json::array();
  for (const ChangePart& part : change->parts) {
    Json by = Json::array();
    for (const ChangePart::Mover& mover : part.movers) {
      by.push_back({{"name", mover.name}, {"points", number(mover.points)}, {"acts", mover.acts}});
    }
    parts.push_back({{"cause", part.cause},
                     {"points", number(part.points)},
                     {"text", text_or_null(part.text)},
                     {"by", std::move(by)}});
  }
  return {{"since",
           {{"snapshot", change->snapshot},
            {"as_of", instant(change->as_of)},
            {"computed", instant(change->computed)},
            {"method", change->method},
            {"policy", change->policy},
            {"policy_name", change->policy_name},
            {"score", number(change->score)}}},
          {"points", number(change->points)},
          {"sentence", change->sentence},
          {"parts", std::move(parts)}};
}

bool has_others(const PersonExplanation& explanation) {
  return explanation.others.acts > 0 || explanation.others.points != 0;
}

// What the limit or consent left out is one more contribution, so that the points of the list sum
// to score - 1 whatever is shown.
Json contributions_json(const PersonExplanation& explanation) {
  Json list = Json::array();
  for (const ContributionRow& row : explanation.contributions) {
    list.push_back(contribution_json(row, false));
  }
  if (has_others(explanation)) list.push_back(contribution_json(explanation.others, true));
  return list;
}

Json reasons_json(const std::vector<Reason>& reasons) {
  Json list = Json::array();
  for (const Reason& reason : reasons) {
    list.push_back({{"points", number(reason.points)}, {"text", reason.text}});
  }
  return list;
}

// `counted`: their share of the score is part of the answer.
Json neighbours_json(const std::vector<Neighbour>& neighbours, bool counted) {
  Json list = Json::array();
  for (const Neighbour& n : neighbours) {
    list.push_back({{"person", text_or_null(n.person)},
                    {"name", n.name},
                    {"account", n.account},
                    {"acts", n.acts},
                    {"points", counted ? number(n.points) : Json(nullptr)},
                    {"chance", number(n.chance)},
                    {"last", instant(n.last)}});
  }
  return list;
}

Json history_json(const std::vector<Store::HistoryPoint>& history) {
  Json list = Json::array();
  for (const Store::HistoryPoint& point : history) {
    list.push_back({{"as_of", instant(point.snapshot.as_of)},
                    {"computed", instant(point.snapshot.computed)},
                    {"snapshot", point.snapshot.snapshot},
                    {"score", number(point.value)},
                    {"low", number(point.low)},
                    {"high", number(point.high)},
                    {"settled", point.settled},
                    {"method", point.snapshot.method},
                    {"policy", point.snapshot.policy_hash}});
  }
  return list;
}

Json forecasts_json(const std::vector<PastForecast>& forecasts) {
  Json list = Json::array();
  for (const PastForecast& past : forecasts) {
    list.push_back({{"as_of", instant(past.as_of)},
                    {"days", past.days},
                    {"mean", number(past.said.mean)},
                    {"low", past.said.low},
                    {"high", past.said.high},
                    {"came", past.came},
                    {"held", past.came >= past.said.low && past.came <= past.said.high}});
  }
  return list;
}

Json horizons_json(const PersonExplanation& explanation) {
  Json list = Json::array();
  for (size_t h = 0; h < explanation.horizons.size(); ++h) {
    const auto& [half_life_days, moved] = explanation.horizons[h];
    list.push_back({{"half_life_days", number(half_life_days)},
                    {"weight", number(explanation.horizon_shares[h])},
                    {"vouched", number(moved.vouched)},
                    {"crowd", number(moved.crowd)},
                    {"courted", number(moved.courted)},
                    {"moved", number(moved.moved)},
                    {"crowd_factor", number(moved.crowd_factor)},
                    {"courted_factor", number(moved.courted_factor)}});
  }
  return list;
}

Json half_life_json(const std::optional<HalfLife>& half_life) {
  if (!half_life) return nullptr;
  return {{"hours", number(half_life->hours)},
          {"low", number(half_life->low)},
          {"high", number(half_life->high)},
          {"within_days", number(half_life->within_days)},
          {"posts", half_life->posts},
          {"responses", half_life->responses},
          {"sentence", half_life_words(*half_life)}};
}

// A number for each hour of each day, from Monday 00:00.
template <typename Of>
Json week_json(const PostingHours& hours, Of of) {
  Json days = Json::array();
  for (size_t day = 0; day < 7; ++day) {
    Json row = Json::array();
    for (size_t hour = 0; hour < 24; ++hour) row.push_back(of(hours.hours[24 * day + hour]));
    days.push_back(std::move(row));
  }
  return days;
}

Json hours_json(const Habits& habits) {
  if (!habits.hours) return nullptr;
  const PostingHours& told = *habits.hours;
  Json best = Json::array();
  for (const int hour : told.best) {
    best.push_back({{"day", day_word(hour / 24)}, {"hour", hour % 24}});
  }
  return {
      {"zone", habits.zone},
      {"of", habits.hours_by_arrival ? "arrivals" : "posts"},
      {"best", std::move(best)},
      {"average", number(told.average)},
      {"dispersion", number(told.dispersion)},
      {"posts", told.posts},
      {"responders", told.responders},
      {"rates", week_json(told, [](const HourRate& h) { return number(h.rate); })},
      {"lows", week_json(told, [](const HourRate& h) { return number(h.low); })},
      {"highs", week_json(told, [](const HourRate& h) { return number(h.high); })},
      {"posts_by_hour", week_json(told, [](const HourRate& h) { return Json(h.posts); })},
      {"responders_by_hour", week_json(told, [](const HourRate& h) { return Json(h.responders); })},
      {"sentence", hours_words(habits)}};
}

Json style_json(const std::optional<Style>& style) {
  if (!style) return nullptr;
  const auto axis = [&](StyleAxis which, const char* high, const char* low) -> Json {
    const StyleSide& side = style->axes[static_cast<size_t>(which)];
    if (which == StyleAxis::kFocused) {
      return {{"value", number(side.value)},
              {"side", side.high ? high : low},
              {"of", style->by_topics ? "topics" : "people"},
              {"effective", number(side.for_it)}};
    }
    return {{"value", number(side.value)},
            {"side", side.high ? high : low},
            {high, number(side.for_it)},
            {low, number(side.against_it)}};
  };
  return {
      {"cell", style->cell},
      {"row", style->row + 1},
      {"column", style->column + 1},
      {"sharing_creating", axis(StyleAxis::kCreating, "creating", "sharing")},
      {"broad_focused", axis(StyleAxis::kFocused, "focused", "broad")},
      {"participating_listening", axis(StyleAxis::kParticipating, "participating", "listening")},
      {"consistent_casual", axis(StyleAxis::kConsistent, "consistent", "casual")},
      {"acts", style->acts},
      {"as_of", instant(style->as_of)},
      {"since", instant(style->since)},
      {"sentence", style_words(*style)}};
}

// Each habit, or null; and of those that are null, why.
void add_habits(Json& json, const Habits& habits) {
  Json unknown = Json::object();
  const auto put = [&](const char* name, Json value, const std::string& why) {
    if (value.is_null()) unknown[name] = why;
    json[name] = std::move(value);
  };
  put("post_half_life", half_life_json(habits.half_life), habits.half_life_unknown);
  put("when_to_post", hours_json(habits), habits.hours_unknown);
  put("style", style_json(habits.style), habits.style_unknown);
  json["unknown"] = std::move(unknown);
}

Json card_json(const PersonCard& card) {
  Json json = Json::object();
  add_row(json, card.person, card.meta);
  json["sentence"] = card.sentence;
  json["moves"] = neighbours_json(card.moves, true);
  json["moved_by"] = neighbours_json(card.moved_by, false);
  json["history"] = history_json(card.history);
  json["forecasts"] = forecasts_json(card.forecasts);
  json["reasons_up"] = reasons_json(card.reasons_up);
  json["reasons_down"] = reasons_json(card.reasons_down);
  json["missing"] = strings(card.missing);
  json["topic_evidence"] = topic_evidence_json(card.topic_evidence);
  add_habits(json, card.habits);
  return json;
}

Json pair_json(const Comparison& comparison, const Comparison::Pair& pair) {
  const PersonRow& first = comparison.people[pair.first];
  const PersonRow& second = comparison.people[pair.second];
  // Where either has no score there is nothing to be probable.
  const bool both = first.score && second.score;
  return {{"first", first.person},
          {"second", second.person},
          {"first_higher", both ? number(pair.first_higher) : Json(nullptr)},
          {"sentence", pair.sentence}};
}

// ---- CSV
// ------------------------------------------------------------------------------------------

class CsvLine {
 public:
  explicit CsvLine(std::string& out) : out_(out) {}
  ~CsvLine() { out_ += "\r\n"; }
  CsvLine(const CsvLine&) = delete;
  CsvLine& operator=(const CsvLine&) = delete;

  CsvLine& text(std::string_view value) {
    separate();
    out_ += csv_cell(value);
    return *this;
  }
  CsvLine& number(double value, bool known = true) {
    separate();
    if (known && std::isfinite(value)) out_ += fmt::format("{}", value);
    return *this;
  }
  CsvLine& number(const std::optional<double>& value) {
    return number(value.value_or(0), value.has_value());
  }
  CsvLine& count(uint64_t value, bool known = true) {
    separate();
    if (known) out_ += fmt::format("{}", value);
    return *this;
  }
  CsvLine& truth(bool value) {
    separate();
    out_ += value ? "true" : "false";
    return *this;
  }
  CsvLine& instant(Instant at) {
    separate();
    if (at.known()) out_ += to_string(at);
    return *this;
  }
  CsvLine& list(const std::vector<std::string>& values) {
    std::string joined;
    for (const std::string& value : values) joined += (joined.empty() ? "" : "; ") + value;
    return text(joined);
  }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  std::string& out_;
  bool first_ = true;
};

void csv_header(std::string& out, std::initializer_list<std::string_view> names) {
  CsvLine line(out);
  for (const std::string_view name : names) line.text(name);
}

void csv_people_header(std::string& out) {
  csv_header(out, {"rank",
                   "rank_low",
                   "rank_high",
                   "person",
                   "accounts",
                   "name",
                   "score",
                   "low",
                   "high",
                   "settled",
                   "people_moved",
                   "reach",
                   "amplification",
                   "audience",
                   "momentum",
                   "momentum_before",
                   "forecast_7d",
                   "forecast_7d_low",
                   "forecast_7d_high",
                   "forecast_30d",
                   "forecast_30d_low",
                   "forecast_30d_high",
                   "percentile",
                   "topics",
                   "standing",
                   "movers",
                   "vouched_movers",
                   "independent_movers",
                   "acts",
                   "last_evidence",
                   "reason",
                   "listed",
                   "simulated",
                   "as_of",
                   "method",
                   "policy"});
}

void csv_person(std::string& out, const PersonRow& row, const Meta& meta) {
  const bool scored = row.score.has_value();
  CsvLine line(out);
  line.count(row.rank, row.rank != 0)
      .count(row.rank_low, row.rank_low != 0)
      .count(row.rank_high, row.rank_high != 0)
      .text(row.person)
      .list(row.accounts)
      .text(row.name)
      .number(row.score)
      .number(row.low, scored)
      .number(row.high, scored)
      .truth(row.settled)
      .number(row.people_moved, scored)
      .count(row.reach, scored)
      .number(row.amplification)
      .number(row.audience)
      .number(row.momentum, scored)
      .number(row.momentum_before, scored);
  for (const auto& forecast : row.forecast) {
    const ForecastRow said = forecast.value_or(ForecastRow{});
    line.number(said.mean, forecast.has_value())
        .count(said.low, forecast.has_value())
        .count(said.high, forecast.has_value());
  }
  line.number(row.percentile, scored)
      .list(row.topics)
      .number(row.standing)
      .count(row.movers, scored)
      .count(row.vouched_movers, scored)
      .count(row.independent_movers, scored)
      .count(row.acts, scored)
      .instant(row.last_evidence)
      .text(row.reason)
      .truth(row.listed)
      .truth(meta.simulated)
      .instant(meta.as_of)
      .text(meta.method)
      .text(meta.policy);
}

bool is_plain_handle(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '@' ||
           c == '.' || c == '_' || c == '-';
  });
}

bool looks_like_a_formula(std::string_view text) {
  if (text.empty()) return false;
  switch (text.front()) {
    case '=':
    case '+':
    case '-':
    case '\t':
    case '\r':
    case '\n':
      return true;
    case '@':
      return !is_plain_handle(text);
    default:
      return false;
  }
}

}  // namespace

std::string csv_cell(std::string_view text) {
  const bool formula = looks_like_a_formula(text);
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos &&
      (text.empty() || (text.front() != ' ' && text.back() != ' '))) {
    return std::string(text);
  }
  std::string cell = formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + '"';
}

std::string to_json(const Meta& meta) { return line_of(meta_json(meta)); }

std::string to_json(const Ranking& ranking) {
  Json people = Json::array();
  for (const PersonRow& row : ranking.people) people.push_back(row_json(row, ranking.meta));
  return line_of({{"meta", meta_json(ranking.meta)},
                  {"topic", text_or_null(ranking.topic)},
                  {"settled", ranking.settled},
                  {"provisional", ranking.provisional},
                  {"people", std::move(people)}});
}

std::string to_json(const PersonCard& card) {
  Json json = {{"meta", meta_json(card.meta)}};
  json.update(card_json(card));
  return line_of(json);
}

std::string to_json(const PersonExplanation& explanation) {
  Json json = {{"meta", meta_json(explanation.meta)}};
  add_row(json, explanation.person, explanation.meta);
  json["sentence"] = explanation.sentence;
  json["grouping"] = to_string(explanation.grouping);
  json["contributions"] = contributions_json(explanation);
  json["points_total"] =
      explanation.person.score ? number(explanation.points_total) : Json(nullptr);
  json["reasons_up"] = reasons_json(explanation.reasons_up);
  json["reasons_down"] = reasons_json(explanation.reasons_down);
  json["missing"] = strings(explanation.missing);
  json["peers"] = peers_json(explanation.peers);
  json["formula"] = formula_json(explanation);
  json["changed"] = change_json(explanation.changed);
  json["horizons"] = horizons_json(explanation);
  json["topic_evidence"] = topic_evidence_json(explanation.topic_evidence);
  return line_of(json);
}

std::string to_json(const Comparison& comparison) {
  Json people = Json::array();
  for (const PersonRow& row : comparison.people) people.push_back(row_json(row, comparison.meta));
  Json pairs = Json::array();
  for (const Comparison::Pair& pair : comparison.pairs)
    pairs.push_back(pair_json(comparison, pair));
  return line_of({{"meta", meta_json(comparison.meta)},
                  {"people", std::move(people)},
                  {"pairs", std::move(pairs)}});
}

std::string to_ndjson(const Ranking& ranking) {
  std::string out;
  for (const PersonRow& row : ranking.people) out += line_of(row_json(row, ranking.meta));
  return out;
}

std::string to_ndjson(const PersonCard& card) { return line_of(card_json(card)); }

std::string to_ndjson(const PersonExplanation& explanation) {
  std::string out;
  for (const Json& contribution : contributions_json(explanation)) {
    Json json = {{"person", explanation.person.person},
                 {"name", explanation.person.name},
                 {"score", number(explanation.person.score)},
                 {"grouping", to_string(explanation.grouping)}};
    json.update(contribution);
    stamp(json, explanation.meta);
    out += line_of(json);
  }
  return out;
}

std::string to_ndjson(const Comparison& comparison) {
  std::string out;
  for (const Comparison::Pair& pair : comparison.pairs) {
    Json json = pair_json(comparison, pair);
    stamp(json, comparison.meta);
    out += line_of(json);
  }
  return out;
}

std::string to_csv(const Ranking& ranking) {
  std::string out;
  csv_people_header(out);
  for (const PersonRow& row : ranking.people) csv_person(out, row, ranking.meta);
  return out;
}

std::string to_csv(const PersonCard& card) {
  std::string out;
  csv_people_header(out);
  csv_person(out, card.person, card.meta);
  return out;
}

std::string to_csv(const PersonExplanation& explanation) {
  std::string out;
  csv_header(out, {"person", "name", "score", "grouping", "label", "points", "median_of_peers",
                   "acts", "people", "names", "others", "simulated", "as_of", "method", "policy"});
  const auto add = [&](const ContributionRow& row, bool others) {
    CsvLine line(out);
    line.text(explanation.person.person)
        .text(explanation.person.name)
        .number(explanation.person.score)
        .text(to_string(explanation.grouping))
        .text(row.label)
        .number(row.points)
        .number(row.median)
        .count(row.acts)
        .count(row.people)
        .list(row.names)
        .truth(others)
        .truth(explanation.meta.simulated)
        .instant(explanation.meta.as_of)
        .text(explanation.meta.method)
        .text(explanation.meta.policy);
  };
  for (const ContributionRow& row : explanation.contributions) add(row, false);
  if (has_others(explanation)) add(explanation.others, true);
  return out;
}

std::string to_csv(const Comparison& comparison) {
  std::string out;
  csv_header(out, {"first", "first_name", "first_score", "second", "second_name", "second_score",
                   "first_higher", "sentence", "simulated", "as_of", "method", "policy"});
  for (const Comparison::Pair& pair : comparison.pairs) {
    const PersonRow& first = comparison.people[pair.first];
    const PersonRow& second = comparison.people[pair.second];
    CsvLine line(out);
    line.text(first.person)
        .text(first.name)
        .number(first.score)
        .text(second.person)
        .text(second.name)
        .number(second.score)
        .number(pair.first_higher, first.score && second.score)
        .text(pair.sentence)
        .truth(comparison.meta.simulated)
        .instant(comparison.meta.as_of)
        .text(comparison.meta.method)
        .text(comparison.meta.policy);
  }
  return out;
}

namespace {

Json state_json(const Simulation::State& state) {
  const bool scored = state.score.has_value();
  const auto count = [&](uint32_t value) { return scored ? Json(value) : Json(nullptr); };
  return {{"score", number(state.score)},
          {"low", scored ? number(state.low) : Json(nullptr)},
          {"high", scored ? number(state.high) : Json(nullptr)},
          {"settled", state.settled},
          {"people_moved", scored ? number(state.people_moved) : Json(nullptr)},
          {"movers", count(state.movers)},
          {"independent_movers", count(state.independent_movers)}};
}

// A simulation says so first, before there is any number.
Json simulation_json(const Simulation& simulation) {
  return {{"simulation", true},
          {"sentence", simulation.sentence},
          {"person", simulation.person},
          {"accounts", strings(simulation.accounts)},
          {"name", simulation.name},
          {"now", state_json(simulation.now)},
          {"what_if", state_json(simulation.then)},
          {"difference", number(simulation.difference)},
          {"acts_taken", simulation.acts_taken},
          {"people_taken", simulation.people_taken},
          {"acts_added", simulation.acts_added},
          {"standing_added",
           simulation.acts_added > 0 ? number(simulation.standing_added) : Json(nullptr)},
          {"assumptions", strings(simulation.assumptions)}};
}

}  // namespace

namespace {

Json under_json(const PolicyComparison::Person::Under& under, const PolicyComparison::Side& side) {
  const bool scored = under.score.has_value();
  return {{"method", side.method},
          {"policy", side.policy},
          {"score", number(under.score)},
          {"low", scored ? number(under.low) : Json(nullptr)},
          {"high", scored ? number(under.high) : Json(nullptr)},
          {"settled", under.settled},
          {"rank", place(under.rank)},
          {"rank_low", place(under.rank_low)},
          {"rank_high", place(under.rank_high)}};
}

// How far up somebody moves; null: not ranked under both.
Json rank_change_json(const PolicyComparison::Person& person) {
  if (person.under[0].rank == 0 || person.under[1].rank == 0) return nullptr;
  return int64_t{person.under[0].rank} - int64_t{person.under[1].rank};
}

Json person_json(const PolicyComparison& comparison, const PolicyComparison::Person& person) {
  return {{"person", person.person},
          {"accounts", strings(person.accounts)},
          {"name", person.name},
          {"first", under_json(person.under[0], comparison.sides[0])},
          {"second", under_json(person.under[1], comparison.sides[1])},
          {"rank_change", rank_change_json(person)}};
}

}  // namespace

std::string to_json(const PolicyComparison& comparison) {
  Json sides = Json::array();
  for (const PolicyComparison::Side& side : comparison.sides) {
    sides.push_back({{"asked", side.asked},
                     {"name", side.name},
                     {"policy", side.policy},
                     {"method", side.method},
                     {"people", side.people},
                     {"settled", side.settled}});
  }
  Json people = Json::array();
  for (const PolicyComparison::Person& person : comparison.people) {
    people.push_back(person_json(comparison, person));
  }
  const Agreement& agreement = comparison.agreement;
  return line_of({{"meta", meta_json(comparison.meta)},
                  {"published", false},
                  {"policies", std::move(sides)},
                  {"agreement",
                   {{"people", agreement.people},
                    {"spearman", number(agreement.spearman)},
                    {"ranked", agreement.ranked},
                    {"largest_rank_change", agreement.largest_rank_change},
                    {"first", agreement.places},
                    {"first_shared", agreement.places_shared}}},
                  {"people", std::move(people)}});
}

std::string to_ndjson(const PolicyComparison& comparison) {
  std::string out;
  for (const PolicyComparison::Person& person : comparison.people) {
    Json json = person_json(comparison, person);
    json["simulated"] = comparison.meta.simulated;
    json["as_of"] = instant(comparison.meta.as_of);
    out += line_of(json);
  }
  return out;
}

std::string to_csv(const PolicyComparison& comparison) {
  std::string out;
  csv_header(out, {"person", "name", "first_method", "first_policy", "first_score", "first_low",
                   "first_high", "first_settled", "first_rank", "second_method", "second_policy",
                   "second_score", "second_low", "second_high", "second_settled", "second_rank",
                   "simulated", "as_of"});
  for (const PolicyComparison::Person& person : comparison.people) {
    CsvLine line(out);
    line.text(person.person).text(person.name);
    for (size_t side = 0; side < 2; ++side) {
      const auto& under = person.under[side];
      line.text(comparison.sides[side].method)
          .text(comparison.sides[side].policy)
          .number(under.score)
          .number(under.low, under.score.has_value())
          .number(under.high, under.score.has_value())
          .truth(under.settled)
          .count(under.rank, under.rank != 0);
    }
    line.truth(comparison.meta.simulated).instant(comparison.meta.as_of);
  }
  return out;
}

std::string to_json(const Simulation& simulation) {
  Json json = simulation_json(simulation);
  json["meta"] = meta_json(simulation.meta);
  return line_of(json);
}

std::string to_ndjson(const Simulation& simulation) {
  Json json = simulation_json(simulation);
  stamp(json, simulation.meta);
  return line_of(json);
}

std::string to_csv(const Simulation& simulation) {
  std::string out;
  csv_header(out,
             {"simulation",      "person",      "name",          "score_now",    "low_now",
              "high_now",        "settled_now", "score_what_if", "low_what_if",  "high_what_if",
              "settled_what_if", "difference",  "acts_taken",    "people_taken", "acts_added",
              "standing_added",  "sentence",    "simulated",     "as_of",        "method",
              "policy"});
  CsvLine line(out);
  line.truth(true).text(simulation.person).text(simulation.name);
  for (const Simulation::State* state : {&simulation.now, &simulation.then}) {
    const bool scored = state->score.has_value();
    line.number(state->score)
        .number(state->low, scored)
        .number(state->high, scored)
        .truth(state->settled);
  }
  line.number(simulation.difference)
      .count(simulation.acts_taken)
      .count(simulation.people_taken)
      .count(simulation.acts_added)
      .number(simulation.standing_added, simulation.acts_added > 0)
      .text(simulation.sentence)
      .truth(simulation.meta.simulated)
      .instant(simulation.meta.as_of)
      .text(simulation.meta.method)
      .text(simulation.meta.policy);
  return out;
}

namespace {

// What was not counted, or is not in the log, is null.
Json relatives_json(const std::vector<TopicCard::Relative>& list) {
  Json json = Json::array();
  for (const TopicCard::Relative& each : list) {
    json.push_back({{"topic", each.topic},
                    {"name", each.name},
                    {"responses", each.responses == 0 ? Json(nullptr) : Json(each.responses)},
                    {"people", each.responses == 0 ? Json(nullptr) : Json(each.people)}});
  }
  return json;
}

Json summary_json(const TopicSummary& summary) {
  return {{"topic", summary.topic},
          {"name", text_or_null(summary.name)},
          {"id", text_or_null(summary.id)},
          {"responses", summary.responses == 0 ? Json(nullptr) : Json(summary.responses)},
          {"people", summary.responses == 0 ? Json(nullptr) : Json(summary.people)}};
}

}  // namespace

namespace {

Json lead_json(const LeadAnswer::Person& person) {
  Json most = Json::array();
  for (const LeadAnswer::Person::Follower& each : person.most) {
    most.push_back({{"name", each.name}, {"items", each.items}});
  }
  Json evidence = Json::array();
  for (const LeadAnswer::Item& item : person.evidence) {
    evidence.push_back({{"item", item.name},
                        {"kind", item.link ? "link" : "topic"},
                        {"published", instant(item.published)},
                        {"position", item.position},
                        {"adopters", item.adopters},
                        {"followed", item.followed},
                        {"by_chance", number(item.expected)},
                        {"next", strings(item.next)},
                        {"hidden", item.hidden}});
  }
  return {{"person", person.person},
          {"name", person.name},
          {"accounts", strings(person.accounts)},
          {"leads", person.leads},
          {"items", person.items},
          {"occasions", person.occasions},
          {"first", person.first},
          {"followed", number(person.followed)},
          {"by_chance", number(person.expected)},
          {"p", number(person.p)},
          {"q", number(person.q)},
          {"followers", person.followers == 0 ? Json(nullptr) : Json(person.followers)},
          {"most", std::move(most)},
          {"evidence", std::move(evidence)}};
}

}  // namespace

std::string to_json(const LeadAnswer& answer) {
  Json people = Json::array();
  for (const LeadAnswer::Person& person : answer.people) people.push_back(lead_json(person));
  return line_of(
      {{"meta", meta_json(answer.meta)},
       {"topic", text_or_null(answer.topic)},
       {"network", text_or_null(answer.network)},
       {"false_discovery", number(answer.false_discovery)},
       {"window_days", answer.window_days},
       {"leading", answer.leading},
       {"tested", answer.tested},
       {"of_standing", answer.of_standing == 0 ? Json(nullptr) : Json(answer.of_standing)},
       {"items", answer.items},
       {"items_old", answer.items_old},
       {"items_few", answer.items_few},
       {"haste", answer.tested == 0 ? Json(nullptr) : number(answer.haste)},
       {"habit", answer.tested == 0 ? Json(nullptr) : number(answer.habit)},
       {"missing", text_or_null(answer.missing)},
       {"people", std::move(people)}});
}

std::string to_ndjson(const LeadAnswer& answer) {
  std::string out;
  for (const LeadAnswer::Person& person : answer.people) {
    Json json = lead_json(person);
    stamp(json, answer.meta);
    out += line_of(json);
  }
  return out;
}

std::string to_csv(const LeadAnswer& answer) {
  std::string out;
  csv_header(out,
             {"person", "name", "leads", "q", "item", "kind", "published", "position", "adopters",
              "followed", "by_chance", "next", "simulated", "as_of", "method", "policy"});
  for (const LeadAnswer::Person& person : answer.people) {
    for (const LeadAnswer::Item& item : person.evidence) {
      CsvLine line(out);
      line.text(person.person)
          .text(person.name)
          .truth(person.leads)
          .number(person.q)
          .text(item.name)
          .text(item.link ? "link" : "topic")
          .instant(item.published)
          .count(item.position)
          .count(item.adopters)
          .count(item.followed)
          .number(item.expected)
          .list(item.next)
          .truth(answer.meta.simulated)
          .instant(answer.meta.as_of)
          .text(answer.meta.method)
          .text(answer.meta.policy);
    }
  }
  return out;
}

namespace {

// People; the ends of the range hold 9 of 10 outcomes.
Json range_json(const ReachRange& range) {
  return {{"value", number(range.value)}, {"low", number(range.low)}, {"high", number(range.high)}};
}

Json planned_json(const PlanAnswer::Person& person, size_t order, bool alone_in_group) {
  Json shared = Json::array();
  for (const PlanAnswer::Shared& each : person.shared) {
    shared.push_back({{"name", each.name}, {"people", number(each.people)}});
  }
  Json nobody_else = Json::array();
  for (const PlanAnswer::Named& each : person.nobody_else) {
    nobody_else.push_back({{"name", each.name}, {"chance", number(each.chance)}});
  }
  Json receipts = Json::array();
  for (size_t i = 0; i < person.receipts.size(); ++i) {
    receipts.push_back(receipt_json(person.receipts[i]));
    receipts.back()["by"] = person.receipts_by[i];
    // Of a plan for others.
    if (person.receipts[i].row == 0) {
      for (const char* key : {"act", "source", "record", "record_hash"}) receipts.back().erase(key);
    }
  }
  Json places = Json::array();
  for (const auto& [network, responses] : person.places) {
    places.push_back({{"network", network}, {"responses", responses}});
  }
  const PersonRow& row = person.row;
  return {{"order", order},
          {"person", row.person},
          {"name", row.name},
          {"accounts", strings(row.accounts)},
          {"included", person.included},
          {"listed", row.listed},
          {"adds", range_json(person.marginal)},
          {"alone", number(person.alone)},
          {"only", number(person.only)},
          {"newcomers", number(person.newcomers)},
          {"overlap", number(person.removed)},
          {"shared", alone_in_group ? Json(nullptr) : std::move(shared)},
          {"cost", number(person.cost)},
          {"cost_per_person", number(person.cost_per_person)},
          {"nobody_else", std::move(nobody_else)},
          {"score", number(row.score)},
          {"low", row.score ? number(row.low) : Json(nullptr)},
          {"high", row.score ? number(row.high) : Json(nullptr)},
          {"settled", row.score ? Json(row.settled) : Json(nullptr)},
          {"movers", seen(row, row.movers)},
          {"vouched_movers", seen(row, row.vouched_movers)},
          {"acts", seen(row, row.acts)},
          {"last_evidence", instant(row.last_evidence)},
          {"places", std::move(places)},
          {"hours", text_or_null(person.hours)},
          {"hours_stand_out", person.hours.empty() ? Json(nullptr) : Json(person.hours_stand_out)},
          {"hours_unknown", text_or_null(person.hours_unknown)},
          {"receipts", std::move(receipts)},
          {"reason", person.sentence}};
}

Json next_json(const std::optional<PlanAnswer::Next>& next) {
  if (!next) return nullptr;
  return {{"name", next->name}, {"people", number(next->people)}, {"cost", number(next->cost)}};
}

Json window_days(const std::optional<int64_t>& window_ms) {
  if (!window_ms) return nullptr;
  return number(static_cast<double>(*window_ms) / static_cast<double>(kMsPerDay));
}

}  // namespace

std::string to_json(const PlanAnswer& answer) {
  Json people = Json::array();
  for (const PlanAnswer::Person& person : answer.people) {
    people.push_back(planned_json(person, people.size() + 1, answer.people.size() == 1));
  }
  const bool any = !answer.people.empty();
  Json top = nullptr;
  if (answer.top) {
    top = {{"names", strings(answer.top->names)},
           {"in_common", answer.top->in_common},
           {"people", number(answer.top->people)},
           {"cost", number(answer.top->cost)}};
  }
  Json certificate = nullptr;
  if (any) {
    certificate = {{"ratio", number(answer.ratio)},
                   {"best_at_most", number(answer.optimum_high)},
                   {"epsilon", number(answer.epsilon)},
                   {"delta", number(answer.delta)},
                   {"text", answer.certificate}};
  }
  return line_of({{"meta", meta_json(answer.meta)},
                  {"topic", text_or_null(answer.topic)},
                  {"network", text_or_null(answer.network)},
                  {"for", answer.viewer == Viewer::kPublic ? "listed" : "all"},
                  {"model", to_string(answer.model)},
                  {"window_days", window_days(answer.window_ms)},
                  {"occasion_days", window_days(answer.occasion_ms)},
                  {"training_windows", answer.window_ms ? Json(answer.training_windows) : Json()},
                  {"candidates", answer.candidates},
                  {"reached_before", answer.reached_before},
                  {"not_known", strings(answer.not_known)},
                  {"not_known_total", answer.not_known_total},
                  {"budget", number(answer.budget)},
                  {"cost", any ? number(answer.cost) : Json(nullptr)},
                  {"reach", any ? range_json(answer.reach) : Json(nullptr)},
                  {"certificate", std::move(certificate)},
                  {"one_more", next_json(answer.one_more)},
                  {"one_fewer", next_json(answer.one_fewer)},
                  {"top_scores", std::move(top)},
                  {"sentence", text_or_null(answer.sentence)},
                  {"assumptions", strings(answer.assumptions)},
                  {"missing", text_or_null(answer.missing)},
                  {"people", std::move(people)}});
}

std::string to_ndjson(const PlanAnswer& answer) {
  std::string out;
  size_t order = 0;
  for (const PlanAnswer::Person& person : answer.people) {
    Json json = planned_json(person, ++order, answer.people.size() == 1);
    json["topic"] = text_or_null(answer.topic);
    json["model"] = to_string(answer.model);
    json["window_days"] = window_days(answer.window_ms);
    stamp(json, answer.meta);
    out += line_of(json);
  }
  return out;
}

std::string to_csv(const PlanAnswer& answer) {
  std::string out;
  csv_header(
      out,
      {"order",       "person",      "name",      "accounts",        "included",    "listed",
       "adds",        "adds_low",    "adds_high", "alone",           "only",        "newcomers",
       "overlap",     "shared_with", "cost",      "cost_per_person", "nobody_else", "score",
       "low",         "high",        "settled",   "movers",          "acts",        "last_evidence",
       "places",      "hours",       "receipts",  "reason",          "topic",       "model",
       "window_days", "simulated",   "as_of",     "method",          "policy"});
  uint64_t order = 0;
  for (const PlanAnswer::Person& person : answer.people) {
    std::vector<std::string> shared, nobody_else, places, receipts;
    for (const PlanAnswer::Shared& each : person.shared) shared.push_back(each.name);
    for (const PlanAnswer::Named& each : person.nobody_else) nobody_else.push_back(each.name);
    for (const auto& [network, responses] : person.places) places.push_back(network);
    for (const Receipt& each : person.receipts) {
      receipts.push_back(fmt::format("{} {} by {}{}", to_day(each.published), to_string(each.verb),
                                     each.account,
                                     each.object.empty() ? "" : " to " + each.object));
    }
    const PersonRow& row = person.row;
    const bool scored = row.score.has_value();
    CsvLine line(out);
    line.count(++order)
        .text(row.person)
        .text(row.name)
        .list(row.accounts)
        .truth(person.included)
        .truth(row.listed)
        .number(person.marginal.value)
        .number(person.marginal.low)
        .number(person.marginal.high)
        .number(person.alone)
        .number(person.only)
        .number(person.newcomers)
        .number(person.removed)
        .list(shared)
        .number(person.cost)
        .number(person.cost_per_person)
        .list(nobody_else)
        .number(row.score)
        .number(row.low, scored)
        .number(row.high, scored)
        .text(scored ? (row.settled ? "true" : "false") : "")
        .count(row.movers, scored)
        .count(row.acts, scored)
        .instant(row.last_evidence)
        .list(places)
        .text(person.hours)
        .list(receipts)
        .text(person.sentence)
        .text(answer.topic)
        .text(to_string(answer.model))
        .number(answer.window_ms
                    ? static_cast<double>(*answer.window_ms) / static_cast<double>(kMsPerDay)
                    : 0,
                answer.window_ms.has_value())
        .truth(answer.meta.simulated)
        .instant(answer.meta.as_of)
        .text(answer.meta.method)
        .text(answer.meta.policy);
  }
  return out;
}

namespace {

Json plan_measure_json(const PlanBacktest::Measure& measure) {
  Json json = {{"measure", measure.name}};
  for (size_t i = 0; i < kPlanBacktestPeople.size(); ++i) {
    json[fmt::format("moved_{}", kPlanBacktestPeople[i])] = number(measure.moved[i]);
  }
  return json;
}

}  // namespace

std::string to_json(const PlanBacktest& result) {
  Json folds = Json::array();
  for (const PlanBacktest::Fold& fold : result.folds) {
    Json measures = Json::array();
    for (const PlanBacktest::Measure& each : fold.measures) {
      measures.push_back(plan_measure_json(each));
    }
    folds.push_back({{"cut", instant(fold.cut)},
                     {"end", instant(fold.end)},
                     {"responses_before", fold.responses_before},
                     {"responses_within", fold.responses_within},
                     {"training_windows", fold.training_windows},
                     {"measures", std::move(measures)}});
  }
  return line_of({{"folds", std::move(folds)},
                  {"simulated", result.simulated},
                  {"method", result.method},
                  {"policy", result.policy_hash},
                  {"policy_name", result.policy_name}});
}

std::string to_ndjson(const PlanBacktest& result) {
  std::string out;
  for (const PlanBacktest::Fold& fold : result.folds) {
    for (const PlanBacktest::Measure& each : fold.measures) {
      Json json = plan_measure_json(each);
      json["cut"] = instant(fold.cut);
      json["end"] = instant(fold.end);
      json["simulated"] = result.simulated;
      json["policy"] = result.policy_hash;
      out += line_of(json);
    }
  }
  return out;
}

std::string to_csv(const PlanBacktest& result) {
  std::string out;
  csv_header(out,
             {"cut", "end", "measure", "moved_10", "moved_20", "moved_50", "simulated", "policy"});
  for (const PlanBacktest::Fold& fold : result.folds) {
    for (const PlanBacktest::Measure& each : fold.measures) {
      CsvLine line(out);
      line.instant(fold.cut).instant(fold.end).text(each.name);
      for (const auto& moved : each.moved) line.number(moved);
      line.truth(result.simulated).text(result.policy_hash);
    }
  }
  return out;
}

std::string to_json(const TopicList& list) {
  Json topics = Json::array();
  for (const TopicSummary& summary : list.topics) topics.push_back(summary_json(summary));
  return line_of({{"meta", meta_json(list.meta)},
                  {"found", list.found},
                  {"in_ontology", list.in_ontology},
                  {"topics", std::move(topics)}});
}

std::string to_json(const TopicCard& card) {
  Json json = {{"meta", meta_json(card.meta)}};
  json.update(summary_json(card.summary));
  json["in_log"] = card.in_log;
  json["wiki"] = text_or_null(card.wiki);
  json["spellings"] = strings(card.spellings);
  Json names = Json::array();
  for (const Ontology::Name& name : card.names) {
    names.push_back({{"language", text_or_null(name.language)}, {"name", name.name}});
  }
  json["names"] = std::move(names);
  json["parents"] = relatives_json(card.parents);
  json["children"] = relatives_json(card.children);
  json["also"] = relatives_json(card.also);
  json["settled"] = card.settled;
  json["provisional"] = card.provisional;
  Json people = Json::array();
  for (const PersonRow& row : card.people) people.push_back(row_json(row, card.meta));
  json["people"] = std::move(people);
  return line_of(json);
}

std::string to_ndjson(const TopicList& list) {
  std::string out;
  for (const TopicSummary& summary : list.topics) {
    Json json = summary_json(summary);
    stamp(json, list.meta);
    out += line_of(json);
  }
  return out;
}

std::string to_ndjson(const TopicCard& card) {
  std::string out;
  for (const PersonRow& row : card.people) out += line_of(row_json(row, card.meta));
  return out;
}

std::string to_csv(const TopicList& list) {
  std::string out;
  csv_header(out, {"topic", "name", "id", "responses", "people", "simulated", "as_of", "method",
                   "policy"});
  for (const TopicSummary& summary : list.topics) {
    CsvLine line(out);
    line.text(summary.topic)
        .text(summary.name)
        .text(summary.id)
        .count(summary.responses, summary.responses > 0)
        .count(summary.people, summary.responses > 0)
        .truth(list.meta.simulated)
        .instant(list.meta.as_of)
        .text(list.meta.method)
        .text(list.meta.policy);
  }
  return out;
}

std::string to_csv(const TopicCard& card) {
  std::string out;
  csv_people_header(out);
  for (const PersonRow& row : card.people) csv_person(out, row, card.meta);
  return out;
}

namespace {

Json grade_json(const RankingGrade& grade) {
  return {{"ndcg_100", number(grade.ndcg)},
          {"spearman", number(grade.spearman)},
          {"auc", number(grade.auc)},
          {"overlap_50", number(grade.overlap)}};
}

Json grades_json(const BacktestReport& report, const std::vector<RankingGrade>& grades) {
  Json json = Json::object();
  for (size_t m = 0; m < grades.size(); ++m) {
    json[std::string(report.measures[m])] = grade_json(grades[m]);
  }
  return json;
}

Json calibration_json(const Calibration& calibration) {
  return {{"coverage_90", number(calibration.coverage)},
          {"coverage_90_expected", number(calibration.coverage_expected)},
          {"people", calibration.people},
          {"expected", calibration.expected},
          {"tenths", calibration.expected > 0 ? Json(calibration.tenths) : Json(nullptr)}};
}

Json fold_json(const BacktestFold& fold) {
  return {{"cut", instant(fold.cut)},
          {"end", instant(fold.end)},
          {"responses_before", fold.responses_before},
          {"responses_within", fold.responses_within},
          {"people", fold.people},
          {"moving", fold.moving},
          {"vouched_share", number(fold.vouched_share)}};
}

// Visits (number of the fold from 1, fold, measure, grade).
template <typename Visit>
void each_grade(const BacktestReport& report, Visit&& visit) {
  for (size_t f = 0; f < report.folds.size(); ++f) {
    const BacktestFold& fold = report.folds[f];
    for (size_t m = 0; m < fold.grades.size(); ++m) {
      visit(f + 1, fold, report.measures[m], fold.grades[m]);
    }
  }
}

// The forecast's intervals, in rows of their own beside those of the measures.
constexpr std::string_view kIntervals = "forecast_intervals";

// Visits (number of the fold from 1, fold, calibration).
template <typename Visit>
void each_calibration(const BacktestReport& report, Visit&& visit) {
  for (size_t f = 0; f < report.folds.size(); ++f) {
    const BacktestFold& fold = report.folds[f];
    if (fold.calibration) visit(f + 1, fold, *fold.calibration);
  }
}

Json chance_grade_json(const ChanceGrade& grade) {
  return {{"log_loss", number(grade.log_loss)},
          {"calibration_error", number(grade.calibration_error)},
          {"alike_error", number(grade.alike_error)},
          {"mean", number(grade.mean)}};
}

double hours(double ms) { return ms / static_cast<double>(kMsPerHour); }

Json chances_json(const ChanceReport& report) {
  Json measures = Json::object();
  for (size_t m = 0; m < kChanceMeasures; ++m) {
    measures[std::string(to_string(static_cast<ChanceMeasure>(m)))] =
        chance_grade_json(report.grades[m]);
  }
  Json tenths = Json::array();
  for (const ChanceTenth& tenth : report.tenths) {
    tenths.push_back({{"said", number(tenth.said)}, {"came", number(tenth.came)}});
  }
  const ChanceModel& model = report.model;
  const auto slot_ms = static_cast<double>(model.occasion_ms);
  return {{"exposures", report.exposures},
          {"answered", report.answered},
          {"pairs", report.pairs},
          {"measures", std::move(measures)},
          {"tenths", std::move(tenths)},
          {"model",
           {{"occasion_hours", number(hours(slot_ms))},
            {"half_life_hours", number(hours(slot_ms * model.half_life))},
            {"lately_half_life_hours", number(hours(slot_ms * model.lately))},
            {"strength", number(model.strength)},
            {"level", number(model.level)},
            {"by_from", number(model.by_from)},
            {"by_to", number(model.by_to)},
            {"exposures", model.exposures}}}};
}

// The measure of a line about pair chances, "pair_chances_constant"; that of ours is the plain
// word.
std::string chance_line_of(ChanceMeasure measure) {
  switch (measure) {
    case ChanceMeasure::kChances:
      return "pair_chances";
    case ChanceMeasure::kConstant:
      return "pair_chances_constant";
    case ChanceMeasure::kWeightedCascade:
      return "pair_chances_weighted_cascade";
    case ChanceMeasure::kPlainRate:
      return "pair_chances_plain_rate";
  }
  return {};
}

Json kept_json(const KeptGrade& kept) {
  const SnapshotGrade& grade = kept.grade;
  Json json = {{"snapshot", kept.snapshot.snapshot},
               {"as_of", instant(kept.snapshot.as_of)},
               {"days", grade.days},
               {"graded", instant(grade.graded)},
               {"said", number(grade.said)},
               {"came", grade.came},
               {"forecast", grade_json(grade.forecast)},
               {"score", grade_json(grade.score)},
               {"calibration", calibration_json(grade.calibration)}};
  json["simulated"] = kept.snapshot.simulated;
  json["method"] = kept.snapshot.method;
  json["policy"] = kept.snapshot.policy_hash;
  return json;
}

}  // namespace

std::string to_json(const BacktestResult& result) {
  Json folds = Json::array();
  for (const BacktestFold& fold : result.report.folds) {
    Json json = fold_json(fold);
    json["measures"] = grades_json(result.report, fold.grades);
    json["training_windows"] = fold.training_windows;
    json["calibration"] = fold.calibration ? calibration_json(*fold.calibration) : Json(nullptr);
    folds.push_back(std::move(json));
  }
  return line_of({{"method", result.method},
                  {"policy", result.policy_hash},
                  {"policy_name", result.policy_name},
                  {"automatic_teleport", result.automatic_teleport},
                  {"simulated", result.simulated},
                  {"measures", grades_json(result.report, result.report.mean)},
                  {"calibration", calibration_json(result.report.calibration)},
                  {"pair_chances", result.chances ? chances_json(*result.chances) : Json(nullptr)},
                  {"folds", std::move(folds)}});
}

std::string to_json(const std::vector<KeptGrade>& grades) {
  Json list = Json::array();
  for (const KeptGrade& kept : grades) list.push_back(kept_json(kept));
  return line_of({{"grades", std::move(list)}});
}

std::string to_ndjson(const std::vector<KeptGrade>& grades) {
  std::string out;
  for (const KeptGrade& kept : grades) out += line_of(kept_json(kept));
  return out;
}

std::string to_csv(const std::vector<KeptGrade>& grades) {
  std::string out;
  csv_header(out, {"snapshot",
                   "as_of",
                   "days",
                   "graded",
                   "people",
                   "said",
                   "came",
                   "coverage_90",
                   "expected",
                   "coverage_90_expected",
                   "forecast_ndcg_100",
                   "forecast_spearman",
                   "forecast_auc",
                   "forecast_overlap_50",
                   "score_ndcg_100",
                   "score_spearman",
                   "score_auc",
                   "score_overlap_50",
                   "simulated",
                   "method",
                   "policy"});
  for (const KeptGrade& kept : grades) {
    const SnapshotGrade& grade = kept.grade;
    CsvLine line(out);
    line.count(kept.snapshot.snapshot)
        .instant(kept.snapshot.as_of)
        .count(grade.days)
        .instant(grade.graded)
        .count(grade.calibration.people)
        .number(grade.said)
        .count(grade.came)
        .number(grade.calibration.coverage)
        .count(grade.calibration.expected)
        .number(grade.calibration.coverage_expected);
    for (const RankingGrade* ranking : {&grade.forecast, &grade.score}) {
      line.number(ranking->ndcg)
          .number(ranking->spearman)
          .number(ranking->auc)
          .number(ranking->overlap);
    }
    line.truth(kept.snapshot.simulated).text(kept.snapshot.method).text(kept.snapshot.policy_hash);
  }
  return out;
}

std::string to_ndjson(const BacktestResult& result) {
  std::string out;
  const auto add = [&](size_t number_of_fold, const BacktestFold& fold, std::string_view measure,
                       const Json& figures) {
    Json json = {{"fold", number_of_fold}};
    json.update(fold_json(fold));
    json["measure"] = measure;
    json.update(figures);
    json["simulated"] = result.simulated;
    json["method"] = result.method;
    json["policy"] = result.policy_hash;
    out += line_of(json);
  };
  each_grade(result.report, [&](size_t number_of_fold, const BacktestFold& fold,
                                std::string_view measure, const RankingGrade& grade) {
    add(number_of_fold, fold, measure, grade_json(grade));
  });
  each_calibration(result.report, [&](size_t number_of_fold, const BacktestFold& fold,
                                      const Calibration& calibration) {
    add(number_of_fold, fold, kIntervals, calibration_json(calibration));
  });
  if (result.chances) {
    for (size_t m = 0; m < kChanceMeasures; ++m) {
      Json json = {{"fold", nullptr},
                   {"cut", instant(result.report.folds.front().cut)},
                   {"end", instant(result.report.folds.back().end)},
                   {"measure", chance_line_of(static_cast<ChanceMeasure>(m))},
                   {"exposures", result.chances->exposures},
                   {"answered", result.chances->answered}};
      json.update(chance_grade_json(result.chances->grades[m]));
      json["simulated"] = result.simulated;
      json["method"] = result.method;
      json["policy"] = result.policy_hash;
      out += line_of(json);
    }
  }
  return out;
}

std::string to_csv(const BacktestResult& result) {
  std::string out;
  csv_header(out, {"fold",
                   "cut",
                   "end",
                   "responses_before",
                   "responses_within",
                   "people",
                   "moving",
                   "vouched_share",
                   "measure",
                   "ndcg_100",
                   "spearman",
                   "auc",
                   "overlap_50",
                   "coverage_90",
                   "expected",
                   "coverage_90_expected",
                   "exposures",
                   "answered",
                   "log_loss",
                   "calibration_error",
                   "alike_error",
                   "mean",
                   "simulated",
                   "method",
                   "policy"});
  // Of grade and intervals one is given; the cells of the other, and of pair chances, stay empty.
  const auto add = [&](size_t number_of_fold, const BacktestFold& fold, std::string_view measure,
                       const RankingGrade& grade, const Calibration* intervals) {
    CsvLine line(out);
    line.count(number_of_fold)
        .instant(fold.cut)
        .instant(fold.end)
        .count(fold.responses_before)
        .count(fold.responses_within)
        .count(fold.people)
        .count(fold.moving)
        .number(fold.vouched_share)
        .text(measure)
        .number(grade.ndcg)
        .number(grade.spearman)
        .number(grade.auc)
        .number(grade.overlap)
        .number(intervals != nullptr ? intervals->coverage : std::nullopt)
        .count(intervals != nullptr ? intervals->expected : 0, intervals != nullptr)
        .number(intervals != nullptr ? intervals->coverage_expected : std::nullopt)
        .text("")
        .text("")
        .text("")
        .text("")
        .text("")
        .text("")
        .truth(result.simulated)
        .text(result.method)
        .text(result.policy_hash);
  };
  each_grade(result.report, [&](size_t number_of_fold, const BacktestFold& fold,
                                std::string_view measure, const RankingGrade& grade) {
    add(number_of_fold, fold, measure, grade, nullptr);
  });
  each_calibration(result.report, [&](size_t number_of_fold, const BacktestFold& fold,
                                      const Calibration& calibration) {
    add(number_of_fold, fold, kIntervals, {}, &calibration);
  });
  if (result.chances) {
    for (size_t m = 0; m < kChanceMeasures; ++m) {
      const ChanceGrade& grade = result.chances->grades[m];
      CsvLine line(out);
      line.text("")
          .instant(result.report.folds.front().cut)
          .instant(result.report.folds.back().end);
      for (int empty = 0; empty < 5; ++empty) line.text("");
      line.text(chance_line_of(static_cast<ChanceMeasure>(m)));
      for (int empty = 0; empty < 7; ++empty) line.text("");
      line.count(result.chances->exposures)
          .count(result.chances->answered)
          .number(grade.log_loss)
          .number(grade.calibration_error)
          .number(grade.alike_error)
          .number(grade.mean)
          .truth(result.simulated)
          .text(result.method)
          .text(result.policy_hash);
    }
  }
  return out;
}

namespace {

Json variation_json(const Variation& variation) {
  return {{"key", variation.key},
          {"setting", variation.setting},
          {"before", number(variation.before)},
          {"after", number(variation.after)},
          {"bounded", variation.bounded},
          {"settled", variation.settled},
          {"spearman", number(variation.spearman)},
          {"overlap_50", number(variation.overlap)},
          {"largest_move", variation.largest_move},
          {"mean_move", number(variation.mean_move)},
          {"ndcg_100", number(variation.ndcg)}};
}

Json range_json(const SensitivityResult& result, size_t place) {
  const RankRange& range = result.report.people[place];
  const auto with = [](const std::string& which) {
    return which.empty() ? Json(nullptr) : Json(which);
  };
  return {{"person", result.names[place].person},
          {"name", result.names[place].name},
          {"account", result.names[place].account},
          {"score", number(range.score)},
          {"rank", range.rank},
          {"best", range.best},
          {"worst", range.worst},
          {"best_with", with(range.best_with)},
          {"worst_with", with(range.worst_with)}};
}

}  // namespace

std::string to_json(const SensitivityResult& result) {
  const SensitivityReport& report = result.report;
  Json variations = Json::array();
  for (const Variation& variation : report.variations) {
    variations.push_back(variation_json(variation));
  }
  Json people = Json::array();
  for (size_t i = 0; i < report.people.size(); ++i) people.push_back(range_json(result, i));
  return line_of({{"as_of", instant(result.as_of)},
                  {"method", result.method},
                  {"policy", result.policy_hash},
                  {"policy_name", result.policy_name},
                  {"published", false},
                  {"automatic_teleport", result.automatic_teleport},
                  {"simulated", result.simulated},
                  {"ranked", report.ranked},
                  {"all_ranked", report.all_ranked},
                  {"cut", instant(report.window.cut)},
                  {"end", instant(report.window.end)},
                  {"ndcg_100", number(report.ndcg)},
                  {"variations", std::move(variations)},
                  {"people", std::move(people)}});
}

std::string to_ndjson(const SensitivityResult& result) {
  std::string out;
  const auto add = [&](Json json) {
    json["simulated"] = result.simulated;
    json["method"] = result.method;
    json["policy"] = result.policy_hash;
    out += line_of(json);
  };
  for (const Variation& variation : result.report.variations) add(variation_json(variation));
  for (size_t i = 0; i < result.report.people.size(); ++i) add(range_json(result, i));
  return out;
}

std::string to_csv(const SensitivityResult& result) {
  std::string out;
  csv_header(out,
             {"key", "setting", "before", "after", "bounded", "settled", "spearman", "overlap_50",
              "largest_move", "mean_move", "ndcg_100", "simulated", "method", "policy"});
  for (const Variation& variation : result.report.variations) {
    CsvLine line(out);
    line.text(variation.key)
        .text(variation.setting)
        .number(variation.before)
        .number(variation.after)
        .truth(variation.bounded)
        .count(variation.settled)
        .number(variation.spearman)
        .number(variation.overlap)
        .count(variation.largest_move)
        .number(variation.mean_move)
        .number(variation.ndcg)
        .truth(result.simulated)
        .text(result.method)
        .text(result.policy_hash);
  }
  return out;
}

namespace {

Json tuned_fold_json(const TunedFold& fold) {
  return {{"cut", instant(fold.window.cut)},
          {"end", instant(fold.window.end)},
          {"windows", fold.windows},
          {"people", fold.people},
          {"moving", fold.moving},
          {"changed", fold.changed},
          {"log_likelihood_before", number(fold.likelihood_before)},
          {"log_likelihood_after", number(fold.likelihood_after)},
          {"before", grade_json(fold.before)},
          {"after", grade_json(fold.after)}};
}

}  // namespace

std::string to_json(const TuneResult& result) {
  const TuneReport& report = result.report;
  Json values = Json::array();
  for (const TunedValue& value : report.values) {
    values.push_back(
        {{"key", value.key}, {"before", number(value.before)}, {"after", number(value.after)}});
  }
  Json folds = Json::array();
  for (const TunedFold& fold : report.folds) folds.push_back(tuned_fold_json(fold));
  return line_of({{"method", result.method},
                  {"policy", result.policy_hash},
                  {"policy_name", result.policy_name},
                  {"tuned", result.tuned_hash},
                  {"tuned_name", report.policy.name},
                  {"published", false},
                  {"automatic_teleport", result.automatic_teleport},
                  {"simulated", result.simulated},
                  {"as_of", instant(report.as_of)},
                  {"windows", report.windows},
                  {"tried", report.tried},
                  {"changed", report.changed},
                  {"pays", report.pays},
                  {"gain", number(report.gain)},
                  {"gain_error", number(report.gain_error)},
                  {"nested_gain", number(report.nested_gain)},
                  {"two_weeks_of_silence", number(two_weeks_of_silence(report.policy))},
                  {"values", std::move(values)},
                  {"folds", std::move(folds)}});
}

std::string to_ndjson(const TuneResult& result) {
  std::string out;
  for (size_t f = 0; f < result.report.folds.size(); ++f) {
    Json json = {{"fold", f + 1}};
    json.update(tuned_fold_json(result.report.folds[f]));
    json["simulated"] = result.simulated;
    json["method"] = result.method;
    json["policy"] = result.policy_hash;
    out += line_of(json);
  }
  return out;
}

std::string to_csv(const TuneResult& result) {
  std::string out;
  csv_header(out, {"fold",
                   "cut",
                   "end",
                   "windows",
                   "people",
                   "moving",
                   "changed",
                   "log_likelihood_before",
                   "log_likelihood_after",
                   "ndcg_100_before",
                   "ndcg_100_after",
                   "spearman_before",
                   "spearman_after",
                   "auc_before",
                   "auc_after",
                   "overlap_50_before",
                   "overlap_50_after",
                   "simulated",
                   "method",
                   "policy"});
  for (size_t f = 0; f < result.report.folds.size(); ++f) {
    const TunedFold& fold = result.report.folds[f];
    CsvLine line(out);
    line.count(f + 1)
        .instant(fold.window.cut)
        .instant(fold.window.end)
        .count(fold.windows)
        .count(fold.people)
        .count(fold.moving)
        .truth(fold.changed)
        .number(fold.likelihood_before)
        .number(fold.likelihood_after);
    for (const auto figure : {&RankingGrade::ndcg, &RankingGrade::spearman, &RankingGrade::auc,
                              &RankingGrade::overlap}) {
      line.number(fold.before.*figure).number(fold.after.*figure);
    }
    line.truth(result.simulated).text(result.method).text(result.policy_hash);
  }
  return out;
}

namespace {

Json community_json(const CommunityOptions& options) {
  return {{"people", options.people},
          {"days", options.days},
          {"acts_per_person_day", options.acts_per_person_day},
          {"rng_seed", options.rng_seed}};
}

Json spearman_json(const TruthReport& report, const std::vector<double>& spearman) {
  Json json = Json::array();
  for (size_t m = 0; m < report.measures.size(); ++m) {
    json.push_back({{"measure", report.measures[m]},
                    {"baseline", m >= report.baselines_from},
                    {"spearman", spearman[m]}});
  }
  return json;
}

Json trial_json(const TruthReport& report, const TruthTrial& trial) {
  return {{"rng_seed", trial.rng_seed}, {"people", trial.people},
          {"acts", trial.acts},         {"vouched_share", trial.vouched_share},
          {"margin", trial.margin},     {"best_baseline", report.measures[trial.best_baseline]}};
}

template <typename Visit>
void each_outcome(const AttacksResult& result, Visit&& visit) {
  for (const TriedAttack& tried : result.attacks) {
    for (size_t i = 0; i < tried.outcomes.size(); ++i) {
      visit(tried, tried.outcomes[i], tried.names[i]);
    }
  }
}

// What one point costs of something; empty: nothing was gained.
std::optional<double> price(double cost, double gained) {
  return gained > 1e-9 ? std::optional<double>(cost / gained) : std::nullopt;
}

Json outcome_json(const TriedAttack& tried, const AttackOutcome& o, const std::string& name) {
  return {{"attack", to_string(tried.attack.kind)},
          {"count", tried.attack.count},
          {"beneficiary", to_string(o.beneficiary)},
          {"account", name},
          {"teleport_set_chosen", to_string(o.chosen)},
          {"before", o.before},
          {"after", o.after},
          {"gained", o.gained},
          {"settled_before", o.settled_before},
          {"settled_after", o.settled_after},
          {"rank_before", place(o.rank_before)},
          {"rank_after", place(o.rank_after)},
          {"accounts", o.cost.accounts},
          {"acts", o.cost.acts},
          {"fooled", o.cost.fooled},
          {"days", o.cost.days},
          {"accounts_per_point", number(price(static_cast<double>(o.cost.accounts), o.gained))},
          {"acts_per_point", number(price(static_cast<double>(o.cost.acts), o.gained))},
          {"fooled_per_point", number(price(static_cast<double>(o.cost.fooled), o.gained))},
          {"teleport_set_size", o.teleport_size},
          {"teleport_set_fakes", o.teleport_fakes},
          {"others", o.others},
          {"others_lost_most", o.lost_most},
          {"others_gained_most", o.gained_most},
          {"others_changed", o.changed},
          {"others_ranks_lost_most", o.ranks_lost_most}};
}

}  // namespace

std::string to_json(const TruthResult& result) {
  const TruthReport& report = result.report;
  Json trials = Json::array();
  for (const TruthTrial& trial : report.trials) {
    Json json = trial_json(report, trial);
    json["measures"] = spearman_json(report, trial.spearman);
    trials.push_back(std::move(json));
  }
  return line_of({{"method", result.method},
                  {"policy", result.policy_hash},
                  {"policy_name", result.policy_name},
                  {"simulated", true},
                  {"community", community_json(result.community)},
                  {"measures", spearman_json(report, report.mean)},
                  {"won", report.won},
                  {"margin_least", report.margin_least},
                  {"margin_mean", report.margin_mean},
                  {"trials", std::move(trials)}});
}

std::string to_ndjson(const TruthResult& result) {
  std::string out;
  for (const TruthTrial& trial : result.report.trials) {
    for (Json& measure : spearman_json(result.report, trial.spearman)) {
      Json json = trial_json(result.report, trial);
      json.update(measure);
      json["simulated"] = true;
      json["method"] = result.method;
      json["policy"] = result.policy_hash;
      out += line_of(json);
    }
  }
  return out;
}

std::string to_csv(const TruthResult& result) {
  std::string out;
  csv_header(out, {"rng_seed", "people", "acts", "vouched_share", "measure", "baseline", "spearman",
                   "simulated", "method", "policy"});
  for (const TruthTrial& trial : result.report.trials) {
    for (size_t m = 0; m < result.report.measures.size(); ++m) {
      CsvLine line(out);
      line.count(trial.rng_seed)
          .count(trial.people)
          .count(trial.acts)
          .number(trial.vouched_share)
          .text(result.report.measures[m])
          .truth(m >= result.report.baselines_from)
          .number(trial.spearman[m])
          .truth(true)
          .text(result.method)
          .text(result.policy_hash);
    }
  }
  return out;
}

std::string to_json(const AttacksResult& result) {
  Json outcomes = Json::array();
  each_outcome(
      result, [&](const TriedAttack& tried, const AttackOutcome& outcome, const std::string& name) {
        outcomes.push_back(outcome_json(tried, outcome, name));
      });
  return line_of({{"method", result.method},
                  {"policy", result.policy_hash},
                  {"policy_name", result.policy_name},
                  {"simulated", true},
                  {"community", community_json(result.community)},
                  {"people", result.people},
                  {"settled", result.settled},
                  {"teleport_set_size", result.teleport_size},
                  {"outcomes", std::move(outcomes)}});
}

std::string to_ndjson(const AttacksResult& result) {
  std::string out;
  each_outcome(
      result, [&](const TriedAttack& tried, const AttackOutcome& outcome, const std::string& name) {
        Json json = outcome_json(tried, outcome, name);
        json["simulated"] = true;
        json["method"] = result.method;
        json["policy"] = result.policy_hash;
        out += line_of(json);
      });
  return out;
}

std::string to_csv(const AttacksResult& result) {
  std::string out;
  csv_header(out, {"attack",
                   "count",
                   "beneficiary",
                   "account",
                   "teleport_set_chosen",
                   "before",
                   "after",
                   "gained",
                   "rank_before",
                   "rank_after",
                   "accounts",
                   "acts",
                   "fooled",
                   "days",
                   "teleport_set_size",
                   "teleport_set_fakes",
                   "others",
                   "others_lost_most",
                   "others_gained_most",
                   "others_changed",
                   "others_ranks_lost_most",
                   "simulated",
                   "method",
                   "policy"});
  each_outcome(result,
               [&](const TriedAttack& tried, const AttackOutcome& o, const std::string& name) {
                 CsvLine line(out);
                 line.text(to_string(tried.attack.kind))
                     .count(tried.attack.count)
                     .text(to_string(o.beneficiary))
                     .text(name)
                     .text(to_string(o.chosen))
                     .number(o.before)
                     .number(o.after)
                     .number(o.gained)
                     .count(o.rank_before, o.rank_before > 0)
                     .count(o.rank_after, o.rank_after > 0)
                     .count(o.cost.accounts)
                     .count(o.cost.acts)
                     .count(o.cost.fooled)
                     .number(o.cost.days)
                     .count(o.teleport_size)
                     .count(o.teleport_fakes)
                     .count(o.others)
                     .number(o.lost_most)
                     .number(o.gained_most)
                     .count(o.changed)
                     .number(static_cast<double>(o.ranks_lost_most))
                     .truth(true)
                     .text(result.method)
                     .text(result.policy_hash);
               });
  return out;
}

}  // namespace bellwether
