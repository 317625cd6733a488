// SPDX-License-Identifier: Apache-2.0
// The English sentences of answers, in one place: plain words, whole numbers, no verdicts.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "explain/explain.h"
#include "workspace/query/query.h"

namespace bellwether {

// "1,234"; "about 140" style rounding is about_people's.
std::string grouped(uint64_t number);
// "87 %" of a percentile in [0, 100); never rounded up, since nobody is above everybody: "99.9 %".
std::string above_share(double percentile);
// "no", "one person", "about 140 people", rounded to two figures.
std::string about_people(double people);
// "@ana", "@ana and @bo", "@ana, @bo and 31 others". `total` counts all; names may be fewer.
std::string name_list(const std::vector<std::string>& names, uint64_t total);
// "reshared", as in "reshared by".
std::string_view passive(Verb verb);
// "62, settled: stands for about 140 people moved, likely 120 to 165".
std::string score_sentence(const PersonRow& person, const Policy& policy);
// "likely to move 3 to 12 people within 7 days, 10 to 40 within 30"; empty: no forecast.
std::string forecast_words(const PersonRow& person);
// "reshared by @ana, @bo and 31 others in 40 acts"
std::string reason_up(const ContributionGroup& group, const std::vector<std::string>& names);
std::string reason_down(const Restraint& restraint, const Policy& policy);
std::vector<std::string> missing_words(const MissingEvidence& missing, const PersonRow& person,
                                       const Policy& policy);
// "settled", "provisional"
std::string_view state_word(const PersonRow& person);

}  // namespace bellwether
