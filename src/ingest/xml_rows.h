// SPDX-License-Identifier: Apache-2.0
// Tables in XML, `<posts><row Id="1" .../><row .../></posts>`, read as a stream of rows with expat.
//
// What is wrong with one row costs that row: reading goes on at the next `<row`. Documents with a
// document type declaration are refused, so that no entity can be declared, hence none expanded.
// The bytes must be UTF-8, whatever the XML declaration says.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/input.h"

namespace bellwether {

// One row, or what stands in the place of one. Everything is borrowed for the call.
struct XmlRow {
  uint64_t number = 0;       // of the row in its document, from 1, bad ones counted
  std::string_view bytes;    // the element as it stands in the document; of a bad one its beginning
  std::string_view problem;  // why it cannot be read; empty: it can
  std::span<const char* const> attributes;  // name, value, name, value, ...; decoded

  bool has(std::string_view name) const { return find(name) != nullptr; }
  // The value of an attribute; empty also where there is none.
  std::string_view get(std::string_view name) const;

 private:
  const char* find(std::string_view name) const;
};

// The name of the outermost element of a document that begins with `head`: after byte order mark,
// XML declaration, comments and white space. Empty where there is none, or it is not whole.
std::string_view xml_root(std::string_view head);

// Calls `row` for each child of the outermost element, in order, and stops at the first error that
// it returns. `label` names the document in messages.
// kCorrupt: the document ends or breaks where no row can follow, is no XML at all, or declares a
// document type; the rows given before are good. Otherwise as for ByteStream::read.
// Memory: twice one row, of at most record_bytes_max; longer ones are bad rows.
Result<void> for_each_xml_row(ByteStream& stream, const InputLimits& limits, std::string_view label,
                              const std::function<Result<void>(const XmlRow&)>& row);

}  // namespace bellwether
