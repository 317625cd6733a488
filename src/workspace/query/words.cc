// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bellwether {

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string above_share(double percentile) {
  if (percentile < 99) return fmt::format("{:.0f} %", std::floor(percentile));
  return fmt::format("{:.1f} %", std::floor(10 * percentile) / 10);
}

std::string about_people(double people) {
  if (people < 0.5) return "hardly anybody";
  if (people < 1.5) return "one person";
  double step = 1;
  while (people / step >= 100) step *= 10;
  const auto rounded = static_cast<uint64_t>(std::llround(people / step) * std::llround(step));
  return fmt::format("about {} people", grouped(rounded));
}

std::string name_list(const std::vector<std::string>& names, uint64_t total) {
  const uint64_t others = total - std::min<uint64_t>(total, names.size());
  if (names.empty()) return total == 1 ? "one person" : grouped(total) + " people";
  std::string text = names[0];
  for (size_t i = 1; i < names.size(); ++i) {
    text += (others == 0 && i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  if (others == 1) text += " and one other";
  if (others > 1) text += " and " + grouped(others) + " others";
  return text;
}

std::string_view passive(Verb verb) {
  switch (verb) {
    case Verb::kReply:
      return "answered";
    case Verb::kReshare:
      return "reshared";
    case Verb::kQuote:
      return "quoted";
    case Verb::kReact:
      return "liked";
    case Verb::kMention:
      return "mentioned";
    case Verb::kFollow:
      return "followed";
    case Verb::kEndorse:
      return "endorsed";
    case Verb::kLink:
      return "linked to";
    case Verb::kList:
      return "listed";
    case Verb::kSubscribe:
      return "subscribed to";
    case Verb::kMessage:
      return "written to";
    case Verb::kMeet:
      return "met";
    case Verb::kIntroduce:
      return "introduced";
    case Verb::kReview:
      return "reviewed";
    case Verb::kAdopt:
      return "adopted";
    case Verb::kPost:
    case Verb::kUndo:
      break;
  }
  return "responded to";
}

std::string_view state_word(const PersonRow& person) {
  if (!person.score) return "no evidence";
  return person.settled ? "settled" : "provisional";
}

std::string score_sentence(const PersonRow& person, const Policy& policy) {
  if (!person.score) {
    return "No evidence: nobody has been seen to respond to them, so there is no score";
  }
  const auto whole = [](double number) { return static_cast<long>(std::lround(number)); };
  const auto people = [&](double score) {
    return grouped(static_cast<uint64_t>(std::llround(people_moved(score, policy))));
  };
  if (!person.settled) {
    return fmt::format(
        "Too early to say: about {}, likely {} to {}; {} seen so far", whole(*person.score),
        whole(person.low), whole(person.high),
        person.movers == 1 ? "one person moved" : grouped(person.movers) + " people moved");
  }
  return fmt::format("{}, settled: moves {} at a time, likely {} to {}", whole(*person.score),
                     about_people(person.people_moved), people(person.low), people(person.high));
}

std::string forecast_words(const PersonRow& person) {
  std::string words;
  for (size_t w = 0; w < person.forecast.size(); ++w) {
    const auto& forecast = person.forecast[w];
    if (!forecast) continue;
    std::string range = grouped(forecast->low);
    if (forecast->high != forecast->low) range += " to " + grouped(forecast->high);
    const bool one = forecast->low == 1 && forecast->high == 1;
    words += fmt::format("{}{}{} within {} days", words.empty() ? "likely to move " : ", ", range,
                         !words.empty() ? ""
                         : one          ? " person"
                                        : " people",
                         kForecastDays[w]);
  }
  return words;
}

std::string reason_up(const ContributionGroup& group, const std::vector<std::string>& names) {
  std::string text = fmt::format("{} by {}", passive(group.verb), name_list(names, group.movers));
  if (group.acts > group.movers) text += fmt::format(", {} times in all", grouped(group.acts));
  return text;
}

std::string reason_down(const Restraint& restraint, const Policy& policy) {
  switch (restraint.kind) {
    case Restraint::Kind::kCrowd:
      return fmt::format(
          "nobody of standing vouches for {} of those who responded; together they can add at most "
          "{:.0f} % of what the vouched ones do",
          about_people(restraint.people), policy.crowd_share * 100);
    case Restraint::Kind::kCourted:
      return fmt::format(
          "responses within a day of being approached count little ({} responded only so)",
          about_people(restraint.people));
    case Restraint::Kind::kFading:
      return "the evidence has aged: all of it together would count for more if it were new";
    case Restraint::Kind::kRepeats:
      return fmt::format(
          "{} responded again and again; however often, one person is one person moved",
          about_people(restraint.people));
  }
  return {};
}

std::vector<std::string> missing_words(const MissingEvidence& missing, const PersonRow& person,
                                       const Policy& policy) {
  std::vector<std::string> words;
  if (missing.independent_movers > 0) {
    words.push_back(
        fmt::format("{} of the {} vouched people that a settled score needs have responded unasked",
                    person.independent_movers, policy.settled_movers_min));
  }
  if (missing.margin_over > 0) {
    words.push_back(fmt::format("the margin is {:.0f} points wide; a settled score needs {:.0f}",
                                person.high - person.low, policy.settled_margin_max));
  }
  return words;
}

}  // namespace bellwether
