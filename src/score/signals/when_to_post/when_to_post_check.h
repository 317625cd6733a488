// SPDX-License-Identifier: Apache-2.0
// The slow proof beside when_to_post: the posterior of one hour by adding up over a grid of rates.
#pragma once
#include <span>

#include "score/signals/when_to_post/when_to_post.h"

namespace bellwether {

struct CheckedHour {
  double rate = 0;
  double low = 0, high = 0;
  double not_better = 0;  // posterior probability that the rate is at most the average
};
// From the likelihood of every single post, its weight by kinship, times the prior, over ten
// thousand rates; `hours` gives the dispersion only. Cost: posts times rates.
CheckedHour check_hour(std::span<const HourOutcome> outcomes, const PostingHours& hours, int hour);

}  // namespace bellwether
