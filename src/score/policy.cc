// SPDX-License-Identifier: Apache-2.0
#include "score/policy.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

#include "base/hash.h"

namespace bellwether {
namespace {

// One scalar of the policy: where it stands, its bounds, and why it is there. The one list that
// reading, writing and hashing share.
struct Field {
  std::string_view table;
  std::string_view key;
  double low;   // inclusive
  double high;  // inclusive
  std::string_view comment;
  std::function<double(const Policy&)> get;
  std::function<void(Policy&, double)> set;
  bool whole = false;
  int since = 1;  // the method that first knows it; under an older one it means nothing
};

template <typename T>
Field field(std::string_view table, std::string_view key, T Policy::*member, double low,
            double high, std::string_view comment, int since = 1) {
  return {table,
          key,
          low,
          high,
          comment,
          [member](const Policy& p) { return static_cast<double>(p.*member); },
          [member](Policy& p, double v) { p.*member = static_cast<T>(v); },
          std::is_integral_v<T>,
          since};
}

const std::vector<Field>& fields() {
  static const std::vector<Field> kFields = [] {
    constexpr double kTiny = 1e-9;
    std::vector<Field> all{
        field("score", "points_per_doubling", &Policy::points_per_doubling, kTiny, 100,
              "points for twice as many people moved"),
        field("score", "courtesy_share", &Policy::courtesy_share, 0, 1,
              "courted people count at most this share of 1 + vouched people"),
        field("score", "crowd_share", &Policy::crowd_share, 0, 1,
              "all who are not vouched for count at most this share of 1 + vouched people"),
        field("standing", "vouches_max", &Policy::vouches_max, 1, 10'000,
              "an account vouches for the first so many accounts it responded to unasked"),
        field("standing", "vouch_half_life_days", &Policy::vouch_half_life_days, kTiny, 36525,
              "a vouch fades like this"),
        field("standing", "damping", &Policy::damping, kTiny, 1 - kTiny,
              "share of standing that is passed on at each step"),
        field("standing", "vouched_min", &Policy::vouched_min, kTiny, 1,
              "standing from which a mover is called vouched"),
        field("standing", "teleport_share", &Policy::teleport_share, 0, 1,
              "automatic teleport set: as many as this share of the accounts that respond to a "
              "network's core; in bellwether/1: of all its accounts"),
        field("standing", "teleport_min", &Policy::teleport_min, 0, 1'000'000,
              "automatic teleport set: at least so many, where there are candidates"),
        field("standing", "elector_share", &Policy::elector_share, 0, 1,
              "automatic teleport set: each elector adds this share to the accounts "
              "that respond to one of those before",
              3),
        field("standing", "supporters_min", &Policy::supporters_min, 1, 1'000'000,
              "automatic teleport set: so many electors turned to each of it", 3),
        field("margin", "mass", &Policy::margin_mass, 0.01, 0.999,
              "posterior probability inside the interval"),
        field("margin", "settled_movers_min", &Policy::settled_movers_min, 0, 1'000'000,
              "a settled score needs so many vouched movers who were not approached"),
        field("margin", "settled_margin_max", &Policy::settled_margin_max, 0, 99,
              "and an interval no wider than this, in points"),
        field("facets", "reach_days", &Policy::reach_days, 1, 36525,
              "how far back reach, audience and amplification look"),
        field("topics", "movers_min", &Policy::topic_movers_min, 1, 1'000'000,
              "vouched movers before a topic is said to be a person's"),
        field("topics", "days_min", &Policy::topic_days_min, 1, 36525, "on so many different days"),
    };
    Field courting{"credit",
                   "courting_hours",
                   0,
                   24 * 366,
                   "a response within this time after an approach is courted",
                   [](const Policy& p) {
                     return static_cast<double>(p.credit.courting_ms) /
                            static_cast<double>(kMsPerHour);
                   },
                   [](Policy& p, double v) {
                     p.credit.courting_ms = std::llround(v * static_cast<double>(kMsPerHour));
                   }};
    all.insert(all.begin(), std::move(courting));
    return all;
  }();
  return kFields;
}

struct ListField {
  std::string_view key;
  std::string_view comment;
  std::vector<double> Policy::*member;
  double low;  // inclusive, of each
};

constexpr double kListValueMax = 1e6;

// Empty ones are not written.
constexpr std::array<ListField, 3> kLists{{
    {"half_life_days", "the memory horizons that the score averages over", &Policy::half_life_days,
     1e-3},
    {"half_life_weights", "how much each of them weighs; where this is missing, all the same",
     &Policy::half_life_weights, 0},
    {"momentum_half_life_hours", "the same for momentum", &Policy::momentum_half_life_hours, 1e-3},
}};

Error refuse(std::string message) {
  return {ErrorCode::kInvalidArgument, "policy: " + std::move(message)};
}

Result<double> number(const toml::node& node, std::string_view name, double low, double high) {
  const auto value = node.value<double>();
  if (!value || !node.is_number()) return refuse(fmt::format("{} is not a number", name));
  if (!(*value >= low && *value <= high)) {
    return refuse(fmt::format("{} is {}, outside {} to {}", name, *value, low, high));
  }
  return *value + 0.0;  // -0 becomes 0, which means the same and must hash the same
}

bool is_table(std::string_view name) {
  return std::any_of(fields().begin(), fields().end(),
                     [&](const Field& f) { return f.table == name; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool all_the_same(const std::vector<double>& weights) {
  return std::adjacent_find(weights.begin(), weights.end(), std::not_equal_to<>()) == weights.end();
}

Result<void> check_weights(const Policy& policy) {
  const std::vector<double>& weights = policy.half_life_weights;
  if (weights.empty()) return {};
  if (weights.size() != policy.half_life_days.size()) {
    return refuse(
        fmt::format("score.half_life_weights holds {} numbers for the {} of score.half_life_days",
                    weights.size(), policy.half_life_days.size()));
  }
  if (*std::max_element(weights.begin(), weights.end()) == 0) {
    return refuse("score.half_life_weights are all 0; one of them has to be above");
  }
  return {};
}

// Weights of equal meaning become equal text: as shares of the largest, to twelve digits, beyond
// which the rounding of a common factor would show; none where all weigh the same.
void spell_weights_alike(Policy& policy) {
  std::vector<double>& weights = policy.half_life_weights;
  if (all_the_same(weights)) {
    weights.clear();
    return;
  }
  constexpr double kSteps = 1e12;
  const double largest = *std::max_element(weights.begin(), weights.end());
  for (double& weight : weights) weight = std::round(weight / largest * kSteps) / kSteps;
}

// Debian's library is built with exceptions; none leaves here.
Result<toml::table> parse_toml(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return refuse(
        fmt::format("line {}: {}", error.source().begin.line, std::string(error.description())));
  }
}

}  // namespace

std::array<double, kHorizonsMax> horizon_weights(const Policy& policy) {
  const size_t horizons = policy.half_life_days.size();
  const std::vector<double>& own = policy.half_life_weights;
  std::array<double, kHorizonsMax> weights{};
  std::fill_n(weights.begin(), horizons, 1.0);
  if (all_the_same(own)) return weights;
  const double sum = std::accumulate(own.begin(), own.end(), 0.0);
  for (size_t h = 0; h < horizons; ++h) {
    weights[h] = own[h] * static_cast<double>(horizons) / sum;
  }
  return weights;
}

std::string method_name(int method) { return fmt::format("bellwether/{}", method); }

std::optional<int> parse_method(std::string_view name) {
  for (int method = 1; method <= kMethodNewest; ++method) {
    if (name == method_name(method)) return method;
  }
  return std::nullopt;
}

Policy under_method(Policy policy, int method) {
  if (policy.teleport_share == teleport_share_of(policy.method)) {
    policy.teleport_share = teleport_share_of(method);
  }
  double& follow = policy.credit.weight[static_cast<size_t>(Verb::kFollow)];
  if (follow == follow_weight_of(policy.method)) follow = follow_weight_of(method);
  policy.method = method;
  return policy;
}

std::vector<PolicyConstant> policy_constants() {
  std::vector<PolicyConstant> out;
  for (size_t verb = 1; verb < kVerbSlots; ++verb) {
    if (static_cast<Verb>(verb) == Verb::kPost || static_cast<Verb>(verb) == Verb::kUndo) continue;
    out.push_back({fmt::format("credit.{}", to_string(static_cast<Verb>(verb))), 0, kWeightMax,
                   false, [verb](const Policy& p) { return p.credit.weight[verb]; },
                   [verb](Policy& p, double v) { p.credit.weight[verb] = v; }});
  }
  for (const Field& f : fields()) {
    out.push_back({fmt::format("{}.{}", f.table, f.key), f.low, f.high, f.whole, f.get, f.set});
  }
  return out;
}

Result<Policy> parse_policy(std::string_view text) {
  BW_ASSIGN(const toml::table parsed, parse_toml(text));
  Policy policy;
  if (const auto method = parse_method(parsed["method"].value<std::string>().value_or(""))) {
    policy = under_method(policy, *method);
  }
  for (const auto& [table_key, table_node] : parsed) {
    const std::string_view table_name = table_key.str();
    if (table_name == "name") {
      const auto name = table_node.value<std::string>();
      if (!name || name->empty()) return refuse("name is not a word");
      policy.name = *name;
      continue;
    }
    if (table_name == "method") {
      if (!parse_method(table_node.value<std::string>().value_or(""))) {
        return refuse(fmt::format("method is none of {} to {}, which this version runs",
                                  method_name(1), method_name(kMethodNewest)));
      }
      continue;
    }
    const toml::table* table = table_node.as_table();
    if (table == nullptr || !is_table(table_name)) {
      return refuse(fmt::format("'{}' is not known", table_name));
    }
    for (const auto& [entry_key, node] : *table) {
      const std::string_view key = entry_key.str();
      const std::string name = fmt::format("{}.{}", table_name, key);
      const auto found = std::find_if(fields().begin(), fields().end(), [&](const Field& f) {
        return f.table == table_name && f.key == key;
      });
      if (found != fields().end()) {
        BW_ASSIGN(const double value, number(node, name, found->low, found->high));
        if (found->whole && value != static_cast<double>(static_cast<int64_t>(value))) {
          return refuse(name + " is not a whole number");
        }
        found->set(policy, value);
        continue;
      }
      if (table_name == "credit" && parse_verb(key)) {
        const Verb verb = *parse_verb(key);
        const double bound = verb == Verb::kPost || verb == Verb::kUndo ? 0 : kWeightMax;
        BW_ASSIGN(const double value, number(node, name, 0, bound));
        policy.credit.weight[static_cast<size_t>(verb)] = value;
        continue;
      }
      const auto list = std::find_if(kLists.begin(), kLists.end(),
                                     [&](const ListField& l) { return l.key == key; });
      if (table_name == "score" && list != kLists.end()) {
        const toml::array* array = node.as_array();
        if (array == nullptr || array->empty() || array->size() > kHorizonsMax) {
          return refuse(fmt::format("{} is not a list of 1 to {} numbers", name, kHorizonsMax));
        }
        std::vector<double> values;
        for (const toml::node& element : *array) {
          BW_ASSIGN(const double value, number(element, name, list->low, kListValueMax));
          values.push_back(value);
        }
        policy.*(list->member) = std::move(values);
        continue;
      }
      if (table_name == "standing" && key == "teleport") {
        const toml::array* array = node.as_array();
        if (array == nullptr) return refuse(name + " is not a list of accounts");
        for (const toml::node& element : *array) {
          const auto account = element.value<std::string>();
          if (!account || account->find(':') == std::string::npos) {
            return refuse(name + " holds something that is not network:name");
          }
          policy.teleport.push_back(*account);
        }
        continue;
      }
      return refuse(fmt::format("'{}' is not known", name));
    }
  }
  BW_TRY(check_weights(policy));
  return policy;
}

std::string to_toml(const Policy& policy) {
  std::string out = fmt::format(
      "# How Bellwether scores this community. Every value may be changed; the hash of them all "
      "is\n"
      "# part of every result, and results under different hashes are not comparable.\n"
      "name = {}\nmethod = \"{}\"\n",
      quoted(policy.name), method_name(policy.method));
  std::string_view table;
  const auto finish_table = [&](std::string_view name) {
    if (name == "score") {
      for (const ListField& list : kLists) {
        if ((policy.*(list.member)).empty()) continue;
        out += fmt::format("# {}\n{} = [{}]\n", list.comment, list.key,
                           fmt::join(policy.*(list.member), ", "));
      }
    }
    if (name == "standing") {
      out += "# accounts (network:name) that standing starts from; empty: chosen at first use\n";
      out += "teleport = [";
      for (const std::string& account : policy.teleport) {
        out += fmt::format("\n  {},", quoted(account));
      }
      out += policy.teleport.empty() ? "]\n" : "\n]\n";
    }
  };
  for (const Field& f : fields()) {
    if (f.since > policy.method) continue;
    if (f.table != table) {
      finish_table(table);
      table = f.table;
      out += fmt::format("\n[{}]\n", table);
      if (table == "credit") {
        out += "# what a response is worth to the person responded to\n";
        for (size_t verb = 1; verb < kVerbSlots; ++verb) {
          if (static_cast<Verb>(verb) == Verb::kPost || static_cast<Verb>(verb) == Verb::kUndo) {
            continue;
          }
          out += fmt::format("{} = {}\n", to_string(static_cast<Verb>(verb)),
                             policy.credit.weight[verb]);
        }
      }
    }
    out += fmt::format("# {}\n{} = {}\n", f.comment, f.key, f.get(policy));
  }
  finish_table(table);
  return out;
}

std::string policy_hash(const Policy& policy, const std::vector<std::string>& teleport_set) {
  Policy nameless = policy;
  nameless.name.clear();
  nameless.teleport = teleport_set;
  spell_weights_alike(nameless);
  std::vector<std::string>& set = nameless.teleport;
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
  // Rewording a comment must not make results incomparable, so only the values are hashed.
  std::string values;
  const std::string toml = to_toml(nameless);
  for (size_t begin = 0; begin < toml.size();) {
    const size_t end = toml.find('\n', begin) + 1;
    if (toml[begin] != '#') values.append(toml, begin, end - begin);
    begin = end;
  }
  return to_hex(hash128(values)).substr(0, 16);
}

}  // namespace bellwether
