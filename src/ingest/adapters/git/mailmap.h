// SPDX-License-Identifier: Apache-2.0
// A repository's .mailmap: which names and addresses are one person's, by the project's own word
// (gitmailmap(5)).
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace bellwether {

// A name and an address as a commit writes them. Either may be empty.
struct GitPerson {
  std::string name;
  std::string address;  // lower case
};

class Mailmap {
 public:
  // Lines that cannot be read are passed over, as git does.
  static Mailmap parse(std::string_view text);

  // Whom the project means by this name and address.
  GitPerson resolve(std::string_view name, std::string_view address) const;

 private:
  struct Entry {
    GitPerson meant;                                      // empty fields: as they are
    std::map<std::string, GitPerson, std::less<>> names;  // by lower-case name, where that matters
  };
  void add(std::string_view line);

  std::map<std::string, Entry, std::less<>> entries_;  // by lower-case address
};

// Lower-cases ASCII letters.
std::string lower_case(std::string_view text);

}  // namespace bellwether
