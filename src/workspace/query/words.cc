// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace bellwether {

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string count_of(uint64_t count, std::string_view one, std::string_view more) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : more);
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

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

std::string sentence(std::string text) { return capital(std::move(text)) + "."; }

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

namespace {

std::string ordinal(uint32_t number) {
  const bool teen = number % 100 >= 11 && number % 100 <= 13;
  const std::string_view ending = teen || number % 10 > 3 || number % 10 == 0 ? "th"
                                  : number % 10 == 1                          ? "st"
                                  : number % 10 == 2                          ? "nd"
                                                                              : "rd";
  return grouped(number) + std::string(ending);
}

}  // namespace

std::string lead_sentence(const LeadAnswer::Person& person, int window_days) {
  return fmt::format(
      "first with {} of {}; {:.0f} % of the others came within {} days, by chance {:.0f} %",
      grouped(person.first), grouped(person.items), 100 * person.followed, window_days,
      100 * person.expected);
}

std::string lead_evidence_words(const LeadAnswer::Item& item, int window_days) {
  return fmt::format("{}: {} of {}; {} came within {} days, by chance {:.1f}",
                     to_day(item.published), ordinal(item.position), grouped(item.adopters),
                     item.followed == 0 ? "nobody" : name_list(item.next, item.followed),
                     window_days, item.expected);
}

std::string lead_missing(const LeadAnswer& answer, bool one, Viewer viewer,
                         const LeadOptions& options) {
  if (!answer.people.empty()) return {};
  if (answer.items == 0) {
    if (answer.items_old + answer.items_few == 0) {
      return "nobody of standing took up any topic or link";
    }
    std::string why;
    if (answer.items_old > 0) {
      why = fmt::format("{} not new, being in use before the log had run for {} days",
                        answer.items_old == 1 ? "one is" : grouped(answer.items_old) + " are",
                        options.window_days);
    }
    if (answer.items_few > 0) {
      why += fmt::format("{}{} taken up by fewer than {} people of standing",
                         why.empty() ? "" : ", and ",
                         answer.items_few == 1 ? "one was" : grouped(answer.items_few) + " were",
                         options.adopters_min);
    }
    return "no topic or link can tell: " + why;
  }
  const std::string needed = fmt::format(
      "to be tested takes standing, and something new on {} occasions, at least {} days apart, "
      "that "
      "{} people of standing took up",
      options.occasions_min, options.occasion_days, options.adopters_min);
  if (one) return "not enough is known of them: " + needed;
  // Of those who did not ask to be shown the public hears neither that they lead nor that nobody
  // does.
  const bool all = viewer == Viewer::kOperator;
  if (answer.tested == 0) {
    return (all ? "nobody was tested: " : "nobody who asked to be shown was tested: ") + needed;
  }
  return fmt::format(
      "nobody {} leads more than chance allows: {} tested on {}",
      all ? "here" : "who asked to be shown",
      answer.tested == 1 ? "one person was" : grouped(answer.tested) + " people were",
      answer.items == 1 ? "one topic or link" : grouped(answer.items) + " topics and links");
}

std::string peers_words(const Peers& peers) {
  return fmt::format(
      "medians over {} people of like activity ({}); medians do not add up", peers.people,
      peers.given == 0
          ? "who responded to nobody within the last year either"
          : fmt::format("who gave {} to {} responses within the last year; this person gave {}",
                        grouped((peers.given + 1) / 2), grouped(2 * uint64_t{peers.given}),
                        grouped(peers.given)));
}

std::string_view state_word(const PersonRow& person) {
  if (!person.score) return "no evidence";
  return person.settled ? "settled" : "provisional";
}

std::string_view momentum_word(const PersonRow& person) {
  constexpr double kSteadyPoints = 2;
  const double change = person.momentum - person.momentum_before;
  if (change >= kSteadyPoints) return "rising";
  if (change <= -kSteadyPoints) return "cooling";
  return "steady";
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

std::vector<std::string> topic_missing_words(const TopicEvidence& evidence, const Policy& policy) {
  std::vector<std::string> words;
  if (evidence.state == TopicState::kWithin) {
    words.emplace_back("more specific topics of theirs hold nearly all of these acts");
  }
  if (evidence.state != TopicState::kTooLittle) return words;
  if (evidence.movers < static_cast<uint32_t>(policy.topic_movers_min)) {
    words.push_back(fmt::format("{} of the {} vouched people that a topic needs have responded",
                                evidence.movers, policy.topic_movers_min));
  }
  if (evidence.days < static_cast<uint32_t>(policy.topic_days_min)) {
    words.push_back(fmt::format("the acts are of {} of the {} days that a topic needs",
                                evidence.days, policy.topic_days_min));
  }
  return words;
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

std::string signed_points(double points) {
  std::string shown = fmt::format("{:.1f}", std::abs(points));
  if (shown == "0.0") return shown;
  return (points < 0 ? "-" : "+") + shown;
}

std::string lasting(int64_t ms) {
  const auto days = static_cast<double>(ms) / static_cast<double>(kMsPerDay);
  const auto in = [](double count, std::string_view one) {
    const long whole = std::lround(count);
    return whole == 1 ? fmt::format("one {}", one) : fmt::format("{} {}s", whole, one);
  };
  if (days >= 2 * 365.25) return in(days / 365.25, "year");
  if (days >= 2) return in(days, "day");
  return days * 24 >= 1 ? in(days * 24, "hour") : in(days * 24 * 60, "minute");
}

namespace {

// Of what is no evidence at all, whatever is asked; empty: there is some.
std::string unlinked_words(const Conduct& conduct) {
  if (conduct.received.empty()) return "no responses are known";
  if (conduct.naming == 0) return "the sources do not say which act was answered";
  if (conduct.linked == 0) return "what was answered is not among what was read, or has no time";
  return {};
}

std::string counted(uint64_t count, std::string_view one) {
  return count == 1 ? fmt::format("one {}", one) : fmt::format("{} {}s", grouped(count), one);
}

}  // namespace

std::string half_life_words(const HalfLife& half_life) {
  const auto time = [](double hours) {
    const double ms = hours * static_cast<double>(kMsPerHour);
    return ms < 60'000 ? std::string("a minute") : lasting(std::llround(ms));
  };
  std::string low = time(half_life.low);
  const std::string high = time(half_life.high);
  // "4 to 9 hours": the unit once, where it is the same.
  const auto unit = [](const std::string& text) { return text.substr(text.find(' ') + 1); };
  const bool same = low == high;
  if (unit(low) == unit(high)) low.resize(low.find(' '));
  return fmt::format("half of the responses to a post come within {} ({})", time(half_life.hours),
                     same ? "sure to the digit" : fmt::format("likely {} to {}", low, high));
}

std::string half_life_evidence(const HalfLife& half_life) {
  const auto within = static_cast<int64_t>(half_life.within_days * static_cast<double>(kMsPerDay));
  return fmt::format("of the responses within {}; from {} to {}", lasting(within),
                     counted(half_life.responses, "response"), counted(half_life.posts, "post"));
}

std::string half_life_unknown_words(const Conduct& conduct) {
  if (std::string none = unlinked_words(conduct); !none.empty()) return none;
  uint64_t posts = 0;
  uint64_t responses = 0;
  for (const MadeThing& made : conduct.made) {
    posts += made.responses.empty() ? 0 : 1;
    responses += made.responses.size();
  }
  return fmt::format(
      "too little to tell: {} to {} within {} days, where {} to {} different ones are needed",
      counted(responses, "response"), counted(posts, "post"), kHalfLifeDays, kHalfLifeResponsesMin,
      kHalfLifePostsMin);
}

std::string_view day_word(int day) {
  constexpr std::array<std::string_view, 7> kDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                  "Friday", "Saturday", "Sunday"};
  return kDays[static_cast<size_t>(day)];
}

std::vector<std::string> hour_ranges(std::vector<int> hours) {
  std::vector<std::string> ranges;
  std::sort(hours.begin(), hours.end());
  for (size_t i = 0; i < hours.size();) {
    size_t end = i + 1;
    while (end < hours.size() && hours[end] == hours[end - 1] + 1 && hours[end] % 24 != 0) ++end;
    ranges.push_back(fmt::format("{} {}:00 to {}:00", day_word(hours[i] / 24), hours[i] % 24,
                                 hours[end - 1] % 24 + 1));
    i = end;
  }
  return ranges;
}

std::string hours_words(const Habits& habits) {
  const PostingHours& told = *habits.hours;
  const std::string_view what =
      habits.hours_by_arrival ? "people who respond in an hour" : "responders a post";
  if (told.best.empty()) {
    return fmt::format("no hour of the week stands out: {:.2g} {}", told.average, what);
  }
  constexpr size_t kShown = 3;
  const size_t shown = std::min(kShown, told.best.size());
  const std::vector<int> best(told.best.begin(),
                              told.best.begin() + static_cast<std::ptrdiff_t>(shown));
  std::string when;
  for (const std::string& range : hour_ranges(best)) when += (when.empty() ? "" : ", ") + range;
  const double rate = told.hours[static_cast<size_t>(told.best.front())].rate;
  return fmt::format("best on {} ({}): up to {:.2g} {}, {:.2g} on average", when, habits.zone, rate,
                     what, told.average);
}

std::string hours_evidence(const Habits& habits) {
  const PostingHours& told = *habits.hours;
  if (habits.hours_by_arrival) {
    return fmt::format(
        "by when responses came, {} in {} hours: the sources do not say which act was answered",
        grouped(told.responders), grouped(told.posts));
  }
  return fmt::format(
      "{} from {} within {} days of each; an hour is called best only if chance "
      "hardly explains it",
      counted(told.responders, "responder"), counted(told.posts, "post"), kPostingWindowDays);
}

std::string hours_unknown_words(const Conduct& conduct) {
  if (conduct.received.empty()) return "no responses are known";
  if (conduct.naming > 0 && conduct.linked == 0) return unlinked_words(conduct);
  if (conduct.naming == 0) {
    return fmt::format(
        "too little to tell: the sources do not say which act was answered, and by when responses "
        "came it takes {} within a year, over {} days",
        kPostingRespondersMin, kPostingSpanDaysMin);
  }
  return fmt::format(
      "too little to tell: it takes {} posts of the last year with {} responders, over {} days",
      kPostingPostsMin, kPostingRespondersMin, kPostingSpanDaysMin);
}

namespace {

struct AxisWords {
  std::string_view high, low;
};
constexpr std::array<AxisWords, kStyleAxes> kAxes{{{"creating", "sharing"},
                                                   {"focused", "broad"},
                                                   {"participating", "listening"},
                                                   {"consistent", "casual"}}};

std::string_view side_word(const Style& style, size_t axis) {
  return style.axes[axis].high ? kAxes[axis].high : kAxes[axis].low;
}

}  // namespace

std::string style_words(const Style& style) {
  return fmt::format("{}: {}, {}, {}, {}", style.cell, side_word(style, 0), side_word(style, 1),
                     side_word(style, 2), side_word(style, 3));
}

std::vector<std::string> style_axes_words(const Style& style) {
  const auto& axes = style.axes;
  const std::array<std::string, kStyleAxes> evidence{
      fmt::format("{:.0f} made, {:.0f} passed on, faded", axes[0].for_it, axes[0].against_it),
      fmt::format("as if on {:.1f} {} alike", axes[1].for_it,
                  style.by_topics ? "topics" : "people"),
      fmt::format("{:.0f} said to somebody, {:.0f} taken in without a word", axes[2].for_it,
                  axes[2].against_it),
      fmt::format("{:.0f} weeks with acts, {:.0f} without", axes[3].for_it, axes[3].against_it)};
  std::vector<std::string> lines;
  for (size_t a = 0; a < kStyleAxes; ++a) {
    lines.push_back(fmt::format("{} 0, {} 1: {:.2f} ({})", kAxes[a].low, kAxes[a].high,
                                axes[a].value, evidence[a]));
  }
  return lines;
}

std::string style_evidence(const Style& style) {
  return fmt::format("from {} until {}, recent ones counting more; so since {}",
                     counted(style.acts, "act"), to_day(style.as_of), to_day(style.since));
}

std::string style_unknown_words(size_t acts) {
  if (acts < kStyleActsMin) {
    return fmt::format("too little to tell: {} known, it takes {}", counted(acts, "act"),
                       kStyleActsMin);
  }
  return fmt::format(
      "too little to tell: hardly any acts lately, or fewer than {} that make something or pass it "
      "on, or that talk or listen",
      kStyleAxisActsMin);
}

std::string evidence_words(const ChangeWords& what, const std::vector<std::string>& names) {
  const Change& change = what.change;
  if (change.new_acts == 0) return {};
  std::string text =
      fmt::format("{} responded in {}",
                  change.new_movers == 1 ? "one person" : grouped(change.new_movers) + " people",
                  change.new_acts == 1 ? "one act" : grouped(change.new_acts) + " acts");
  if (!names.empty()) {
    text += fmt::format("{} {}", change.new_movers > names.size() ? ", most of all" : ":",
                        name_list(names, names.size()));
  }
  return text;
}

std::string withdrawn_words(const ChangeWords& what) {
  if (what.change.withdrawn_acts == 0) return {};
  return what.change.withdrawn_acts == 1
             ? "one response was undone"
             : grouped(what.change.withdrawn_acts) + " responses were undone";
}

std::string fading_words(const ChangeWords& what, const std::vector<std::string>& names) {
  if (what.now == what.then) return {};
  std::string text =
      fmt::format("what was there then is {} older", lasting(what.now.ms - what.then.ms));
  if (!names.empty())
    text += fmt::format("; most of all that of {}", name_list(names, names.size()));
  return text;
}

std::string standing_words(const ChangeWords& what) {
  if (what.change.standing == 0) return {};
  return what.change.standing > 0 ? "those who responded are vouched for more than then"
                                  : "those who responded are vouched for less than then";
}

std::string policy_words(const ChangeWords& what) {
  if (what.policy_then.empty()) return {};
  return fmt::format("the policy is another: {} then, {} now", what.policy_then, what.policy_now);
}

std::string late_words(const ChangeWords& what) {
  std::string text;
  if (!what.linked.empty()) {
    text = fmt::format("linked since with {}", name_list(what.linked, what.linked.size()));
  }
  // Less than the last digits that a sum of millions loses is no evidence.
  if (std::abs(what.change.late) > 1e-9) {
    text += fmt::format("{}what is known of the time before was read, corrected or linked later",
                        text.empty() ? "" : "; ");
  }
  if (what.change.erased) {
    text += fmt::format("{}somebody was erased since; what they left counts as before",
                        text.empty() ? "" : "; ");
  }
  return text;
}

std::string change_sentence(const ChangeWords& what) {
  const Change& change = what.change;
  const std::string day = to_string(what.then).substr(0, 10);
  if (std::abs(change.difference()) < 0.05) {
    return fmt::format("as it was on {}: {} evidence, {} fading, {} all else", day,
                       signed_points(change.evidence), signed_points(change.fading),
                       signed_points(change.difference() - change.evidence - change.fading));
  }
  // The cause that did most in the direction in which the score went.
  struct Cause {
    double points;
    std::string_view by;
  };
  const bool up = change.difference() > 0;
  const std::array causes{Cause{change.evidence, "new evidence"},
                          Cause{change.withdrawn, "acts that were undone"},
                          Cause{change.fading, "fading"},
                          Cause{change.standing, "the standing of those who responded"},
                          Cause{change.policy, "the change of policy"},
                          Cause{change.late, "evidence that was read later"}};
  const auto most =
      std::max_element(causes.begin(), causes.end(), [&](const Cause& a, const Cause& b) {
        return up ? a.points < b.points : a.points > b.points;
      });
  return fmt::format("{} {:.1f} points since {}, mostly by {}", up ? "up" : "down",
                     std::abs(change.difference()), day, most->by);
}

std::string_view plural(Verb verb) {
  switch (verb) {
    case Verb::kPost:
      return "posts";
    case Verb::kReply:
      return "replies";
    case Verb::kReshare:
      return "reshares";
    case Verb::kQuote:
      return "quotes";
    case Verb::kReact:
      return "reactions";
    case Verb::kMention:
      return "mentions";
    case Verb::kFollow:
      return "follows";
    case Verb::kEndorse:
      return "endorsements";
    case Verb::kLink:
      return "links";
    case Verb::kList:
      return "listings";
    case Verb::kSubscribe:
      return "subscriptions";
    case Verb::kMessage:
      return "messages";
    case Verb::kMeet:
      return "meetings";
    case Verb::kIntroduce:
      return "introductions";
    case Verb::kReview:
      return "reviews";
    case Verb::kAdopt:
      return "adoptions";
    case Verb::kUndo:
      break;
  }
  return "acts";
}

std::string simulation_sentence(const Simulation& simulation, const WhatIfQuestion& question) {
  const auto shown = [](const Simulation::State& state) {
    return state.score ? fmt::format("{:.1f}{}", *state.score, state.settled ? "" : "?")
                       : std::string("no score");
  };
  std::string conditions;
  if (simulation.acts_taken > 0) {
    conditions = fmt::format(
        "{} of {} had not been",
        simulation.acts_taken == 1 ? "one act" : grouped(simulation.acts_taken) + " acts",
        simulation.people_taken == 1 ? "one person" : grouped(simulation.people_taken) + " people");
  }
  for (const WhatIfQuestion::More& more : question.more) {
    if (more.count == 0) continue;
    conditions += fmt::format(
        "{}there were {} more {} of as many {}", conditions.empty() ? "" : " and ",
        grouped(more.count), plural(more.verb),
        question.vouched ? "new people of usual standing" : "new people whom nobody vouches for");
  }
  return fmt::format("Simulation: {} instead of {} ({}) if {}", shown(simulation.then),
                     shown(simulation.now), signed_points(simulation.difference), conditions);
}

std::vector<std::string> simulation_assumptions(const Simulation& simulation,
                                                const WhatIfQuestion& question) {
  std::vector<std::string> assumptions{
      "everybody else's standing and the credit of all other acts are held as they are"};
  if (simulation.acts_taken > 0 && question.after) {
    assumptions.push_back(
        fmt::format("only acts from {} on are taken out", to_string(*question.after)));
  }
  if (simulation.acts_added > 0) {
    assumptions.push_back(fmt::format(
        "who is added acts just before as-of, once, unasked, with standing {:.2f}{}",
        simulation.standing_added,
        question.vouched ? ", the median of those vouched people who moved them so far" : ""));
  }
  assumptions.emplace_back("nothing of it is stored");
  return assumptions;
}

}  // namespace bellwether
