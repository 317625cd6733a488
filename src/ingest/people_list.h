// SPDX-License-Identifier: Apache-2.0
// Reads a list of people from a CSV file: whom somebody reached already, or what each costs.
//
// The header names the columns, in any order: one of person, id, account, name says who, cost or
// price what they cost. Of several that say who, the first of these counts; so an export of `rank`
// is such a list as it is. Without a header the first column is who, the second the cost. Separated
// by comma, semicolon or tab. It does not know whether there are such people.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace bellwether {

struct PeopleList {
  struct Row {
    std::string person;  // not empty
    double cost = 0;     // at least 0; 0 where the list has no costs
  };
  std::vector<Row> rows;                 // as they stand; nobody of `*`
  std::optional<double> cost_of_others;  // of a row for `*`; empty: there is none
};

// `costs`: each row must have one. kNotFound, kIo and the like: as open_input. kInvalidArgument: a
// row without a name or with a cost that is no number of at least 0, or no rows; the message names
// file and line. kLimit: more than ten million rows.
Result<PeopleList> read_people_list(const std::string& path, bool costs);

}  // namespace bellwether
