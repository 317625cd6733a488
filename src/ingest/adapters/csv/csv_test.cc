// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/csv/csv.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "base/hash.h"
#include "ingest/adapter_testing.h"
#include "ingest/adapters/csv/columns.h"
#include "ingest/adapters/csv/mapping.h"
#include "ingest/adapters/csv/parse.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

std::string read_csv(std::string text, const ReadOptions& options = {}) {
  return events_text(csv_adapter(), "t", std::move(text), options);
}

Likeness detect(std::string text) {
  class Sample final : public InputSample {
   public:
    explicit Sample(std::string text) : text_(std::move(text)) {}
    const std::vector<Member>& members() const override { return members_; }
    std::string_view head(size_t /*member*/) const override {
      return std::string_view(text_).substr(0, kHeadBytes);
    }

   private:
    std::string text_;
    std::vector<Member> members_{{"t", 0}};
  };
  return csv_adapter().detect(Sample(std::move(text)));
}

// The records of a text as "LINE[field|field]" or "LINE!problem", and the hash of what they cover.
std::string split_all(std::string text, char separator, const InputLimits& limits = {}) {
  MemoryStream stream(std::make_shared<const std::string>(std::move(text)));
  CsvReader reader(stream, limits);
  reader.set_dialect({separator});
  CsvRecord record;
  std::string out;
  for (;;) {
    const Result<bool> more = reader.next(record);
    if (!more.ok()) return out + "error";
    if (!*more) return out;
    if (!record.problem.empty()) {
      out += fmt::format("{}!{} ", record.line, record.problem);
      continue;
    }
    std::string fields;
    for (const std::string_view field : record.fields) {
      fields += fmt::format("{}{}", fields.empty() ? "" : "|", field);
    }
    out += fmt::format("{}[{}] ", record.line, fields);
  }
}

TEST(CsvReader, SplitsInPlaceAtTheSeparator) {
  EXPECT_EQ(split_all("a,b\nc,,d\n", ','), "1[a|b] 2[c||d] ");
  EXPECT_EQ(split_all("a,b\r\nc,d", ','), "1[a|b] 2[c|d] ");
  EXPECT_EQ(split_all("a;b,c\n", ';'), "1[a|b,c] ");
  EXPECT_EQ(split_all("a\tb c\n", '\t'), "1[a|b c] ");
  EXPECT_EQ(split_all(" a  b\t c \n", ' '), "1[a|b|c] ");
}

TEST(CsvReader, CountsBlankLinesAndGivesNone) {
  EXPECT_EQ(split_all("\n  \na,b\n\n\r\nc,d\n\n", ','), "3[a|b] 6[c|d] ");
  EXPECT_EQ(split_all("", ','), "");
  EXPECT_EQ(split_all("\n\n", ','), "");
}

TEST(CsvReader, PassesOverAByteOrderMark) {
  EXPECT_EQ(split_all("\xef\xbb\xbf"
                      "a,b\n",
                      ','),
            "1[a|b] ");
  EXPECT_EQ(split_all("\xef\xbb\xbf\"a\",b\n", ','), "1[a|b] ");
  EXPECT_EQ(split_all("\xef\xbb\xbf", ','), "");
}

TEST(CsvReader, ReadsQuotedFieldsOverSeveralLines) {
  EXPECT_EQ(split_all("\"a,\"\"b\"\"\nc\",d\ne,f\n", ','), "1[a,\"b\"\nc|d] 3[e|f] ");
  EXPECT_EQ(split_all("x,\"\"\n", ','), "1[x|] ");
  EXPECT_EQ(split_all("x, \"y\" ,z\n", ','), "1[x|y|z] ");
  EXPECT_EQ(split_all("\"x\"", ','), "1[x] ");
  EXPECT_EQ(split_all("\"x\r\ny\"\r\nz,1\r\n", ','), "1[x\r\ny] 3[z|1] ");
}

TEST(CsvReader, TakesAQuoteInsideAFieldAsItIs) {
  EXPECT_EQ(split_all("a 5\" pipe,b\n", ','), "1[a 5\" pipe|b] ");
}

TEST(CsvReader, ABadQuoteCostsOneLineOnly) {
  EXPECT_EQ(split_all("\"a\"b,c\nd,e\n", ','), "1!a quote is out of place 2[d|e] ");
  EXPECT_EQ(split_all("a,\"b\nc,d\ne,f\n", ','), "1!a quote is never closed 2[c|d] 3[e|f] ");
  EXPECT_EQ(split_all("a,\"b\nc,d\n\"x\"y\nz,1", ','),
            "1!a quote is out of place 2[c|d] 3!a quote is out of place 4[z|1] ");
  // A carriage return outside quotes ends no record here, though it does for libcsv.
  EXPECT_EQ(split_all("\"a\"\r\"b\"\nc,d\n", ','), "1!a quote is out of place 2[c|d] ");
}

TEST(CsvReader, TabSeparatedTextNeedsNoQuotingToBeRead) {
  EXPECT_EQ(split_all("\"hello\" she said\tb\nc\td\n", '\t'), "1[\"hello\" she said|b] 2[c|d] ");
  EXPECT_EQ(split_all("\"a\tb\"\tc\n", '\t'), "1[a\tb|c] ");
  EXPECT_EQ(split_all("\"a\tb\nc\td\n", '\t'), "1[\"a|b] 2[c|d] ");
}

TEST(CsvReader, RecordsAtTheLimitAreReadAndLongerOnesToldAndPassedOver) {
  InputLimits limits;
  limits.record_bytes_max = 10;
  EXPECT_EQ(split_all("aaaaa,bbbb\nc,d\n", ',', limits), "1[aaaaa|bbbb] 2[c|d] ");
  EXPECT_EQ(split_all("aaaaa,bbbb\r\nc,d\n", ',', limits), "1[aaaaa|bbbb] 2[c|d] ");
  EXPECT_EQ(split_all("aaaaa,bbbbb\nc,d\n", ',', limits), "1!row is longer than the limit 2[c|d] ");
  EXPECT_EQ(split_all("aaaaa,bbbbb", ',', limits), "1!row is longer than the limit ");
  EXPECT_EQ(split_all("\"aaa\naaa\",b\nc,d\n", ',', limits),
            "1!row is longer than the limit 3[c|d] ");
  EXPECT_EQ(split_all("\"aaa\naa\",b\nc,d\n", ',', limits), "1[aaa\naa|b] 3[c|d] ");
  EXPECT_EQ(split_all("\"a\na\na\na\na\na\na\na\",b\nc,d\n", ',', limits).substr(0, 27),
            "1!a quote is never closed 2");
}

TEST(CsvReader, ALongLineIsPassedOverInConstantMemory) {
  // Gives 200 MB of one line, then a short one.
  class Long final : public ByteStream {
   public:
    Result<size_t> read(char* buffer, size_t size) override {
      const std::string_view tail = "\na,b\n";
      const size_t x = std::min(size, long_ - std::min(long_, given_));
      std::memset(buffer, 'x', x);
      given_ += x;
      const size_t after =
          given_ < long_ ? 0 : tail.substr(given_ - long_).copy(buffer + x, size - x);
      given_ += after;
      most_ = std::max(most_, size);
      return x + after;
    }
    size_t most() const { return most_; }

   private:
    const size_t long_ = 200 << 20;
    size_t given_ = 0;
    size_t most_ = 0;
  } stream;
  InputLimits limits;
  limits.record_bytes_max = 4 << 20;
  CsvReader reader(stream, limits);
  CsvRecord record;
  ASSERT_TRUE(*reader.next(record));
  EXPECT_EQ(record.problem, "row is longer than the limit");
  ASSERT_TRUE(*reader.next(record));
  EXPECT_EQ(record.line, 2U);
  EXPECT_EQ(record.fields.size(), 2U);
  // The buffer is never larger than twice the limit and a bit.
  EXPECT_LE(stream.most(), size_t{16} << 20);
}

// libcsv reads the same text in one go, as the oracle.
std::string split_by_libcsv(const std::string& text) {
  struct State {
    std::string out;
    std::string fields;
    bool first = true;
  } state;
  csv_parser parser;
  csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI);
  const auto take = [](void* field, size_t size, void* self) {
    auto& s = *static_cast<State*>(self);
    if (!s.first) s.fields += '|';
    s.first = false;
    s.fields.append(static_cast<const char*>(field), size);
  };
  const auto end = [](int, void* self) {
    auto& s = *static_cast<State*>(self);
    s.out += "[" + s.fields + "] ";
    s.fields.clear();
    s.first = true;
  };
  EXPECT_EQ(csv_parse(&parser, text.data(), text.size(), take, end, &state), text.size());
  EXPECT_EQ(csv_fini(&parser, take, end, &state), 0);
  csv_free(&parser);
  return state.out;
}

TEST(CsvReader, AgreesWithLibcsvOnRandomTables) {
  std::mt19937_64 random(20310501);
  const auto below = [&](uint64_t n) { return random() % n; };
  for (int round = 0; round < 500; ++round) {
    std::string text;
    const uint64_t rows = 1 + below(20);
    for (uint64_t r = 0; r < rows; ++r) {
      const uint64_t fields = 1 + below(4);
      for (uint64_t f = 0; f < fields; ++f) {
        if (f > 0) text += ',';
        // The first field is never empty, so that no row is blank.
        if (f == 0)
          text += 'k';
        else if (below(2) == 0) {
          text += '"';
          for (uint64_t i = below(6); i > 0; --i) {
            const std::string_view pieces[] = {"a", ",", "\n", "\"\"", "\r\n", "\xc3\xa9"};
            text += pieces[below(6)];
          }
          text += '"';
        } else {
          for (uint64_t i = below(4); i > 0; --i) text += static_cast<char>('a' + below(26));
        }
      }
      text += below(2) == 0 ? "\n" : "\r\n";
    }
    std::string ours;
    MemoryStream stream(std::make_shared<const std::string>(text));
    CsvReader reader(stream, {});
    CsvRecord record;
    while (*reader.next(record)) {
      ASSERT_EQ(record.problem, "") << text;
      ours += "[";
      for (size_t i = 0; i < record.fields.size(); ++i) {
        ours += fmt::format("{}{}", i == 0 ? "" : "|", record.fields[i]);
      }
      ours += "] ";
    }
    ASSERT_EQ(ours, split_by_libcsv(text)) << text;
  }
}

TEST(CsvReader, GivesTheSameRecordsHoweverTheStreamIsCutIntoReads) {
  class Drip final : public ByteStream {
   public:
    explicit Drip(std::string_view text) : text_(text) {}
    Result<size_t> read(char* buffer, size_t size) override {
      const size_t step = std::min({size, text_.size(), size_t{1}});
      if (step > 0) buffer[0] = text_[0];
      text_.remove_prefix(step);
      return step;
    }

   private:
    std::string_view text_;
  };
  const std::string text =
      "\xef\xbb\xbf"
      "a,\"b\nb\"\r\nc,\"d\ne,f\n\n\"g\"\"\",h";
  const std::string whole = split_all(text, ',');
  Drip drip(text);
  CsvReader reader(drip, {});
  CsvRecord record;
  std::string out;
  while (*reader.next(record)) {
    std::string fields;
    for (const std::string_view field : record.fields) {
      fields += fmt::format("{}{}", fields.empty() ? "" : "|", field);
    }
    out += record.problem.empty() ? fmt::format("{}[{}] ", record.line, fields)
                                  : fmt::format("{}!{} ", record.line, record.problem);
  }
  EXPECT_EQ(out, whole);
  EXPECT_EQ(whole, "1[a|b\nb] 3!a quote is out of place 4[e|f] 6[g\"|h] ");
}

TEST(CsvAdapter, HashesTheBytesOfEachRecord) {
  const std::unique_ptr<Input> input =
      memory_input("t", "actor,target\r\nana,bo\r\n\"cy\nd\",bo\r\n,bo\r\n", {});
  CollectingSink sink;
  ASSERT_TRUE(csv_adapter().read(*input, {}, sink).ok());
  const std::vector<uint64_t> expected{hash64("ana,bo"), hash64("\"cy\nd\",bo"), hash64(",bo")};
  EXPECT_EQ(sink.record_hashes(), expected);
  // A control character in a name cannot be kept.
  EXPECT_EQ(sink.events(), 1U);
  EXPECT_EQ(sink.rejects(), 2U);
}

TEST(CsvAdapter, ReadsEachSeparatorToTheSameEvents) {
  const std::string expected = "2 2031-01-01T00:00:00Z csv:ana reshare - - csv:bo 1 - public -\n";
  EXPECT_EQ(read_csv("actor,target,time,verb\nana,bo,2031-01-01,RT\n"), expected);
  EXPECT_EQ(read_csv("actor;target;time;verb\nana;bo;2031-01-01;RT\n"), expected);
  EXPECT_EQ(read_csv("actor\ttarget\ttime\tverb\nana\tbo\t2031-01-01\tRT\n"), expected);
  EXPECT_EQ(read_csv("actor target time verb\nana  bo 2031-01-01 RT\n"), expected);
  EXPECT_EQ(read_csv("ACTOR, Target ,TIME,Verb\nana , bo,2031-01-01, rt\n"), expected);
}

TEST(CsvAdapter, ATimeWithASpaceDoesNotMakeSpacesTheSeparator) {
  EXPECT_EQ(read_csv("ana,bo,2031-01-01 10:00:00\ncy,bo,2031-01-01 11:00:00\n"),
            "1 2031-01-01T10:00:00Z csv:ana mention - - csv:bo 1 - public -\n"
            "2 2031-01-01T11:00:00Z csv:cy mention - - csv:bo 1 - public -\n");
}

TEST(CsvAdapter, FindsColumnsWithoutHeaderWhereverTheyStand) {
  EXPECT_EQ(read_csv("RT 1341100972 7 9\nMT 1341100973 8 9\n"),
            "1 2012-07-01T00:02:52Z csv:7 reshare - - csv:9 1 - public -\n"
            "2 2012-07-01T00:02:53Z csv:8 mention - - csv:9 1 - public -\n");
}

TEST(CsvAdapter, SpacesAfterCommasDoNotMatter) {
  EXPECT_EQ(read_csv("1, 2, 1341100972, RT\n"),
            "1 2012-07-01T00:02:52Z csv:1 reshare - - csv:2 1 - public -\n");
}

TEST(CsvAdapter, OneBadRowDoesNotHideWhatTheColumnsAre) {
  std::string text = "% an edge list\n";
  for (int i = 0; i < 50; ++i) text += fmt::format("{} {} {} RT\n", i, i + 1, 1341100972 + i);
  text += "1 2 never RT\n1 2 1341100972\n";
  const std::unique_ptr<Input> input = memory_input("t", text, {});
  CollectingSink sink;
  ASSERT_TRUE(csv_adapter().read(*input, {}, sink).ok());
  EXPECT_EQ(sink.events(Verb::kReshare), 50U);
  EXPECT_EQ(sink.rejects_by_reason(),
            (std::map<std::string, uint64_t>{{"row has too few fields", 1},
                                             {"time is not an instant", 1}}));
  EXPECT_EQ(sink.left_alone(), (std::map<std::string, uint64_t>{{"comment line", 1}}));
}

TEST(CsvAdapter, RefusesWhatItCannotTellAndSaysWhichColumnsToGive) {
  // Two columns that may be times: accounts as numbers of ten digits.
  EXPECT_EQ(
      read_csv("1341100972 7 1341100972 RT\n1341100973 8 1341100973 RT\n"),
      "error kUnusable t: no header names an actor, and what the 4 columns are cannot be told "
      "from the rows (the first: 1341100972 | 7 | 1341100972 | RT); name them with --columns, "
      "for example --columns actor,target,-,verb\n");
  // Small numbers are no times.
  EXPECT_NE(read_csv("1 2 3\n4 5 6\n").find("--columns actor,target,-"), std::string::npos);
  EXPECT_NE(read_csv("a,b,c,d,2031-01-01\n").find("--columns actor,target,-,-,time"),
            std::string::npos);
  EXPECT_NE(read_csv("").find("kUnusable t: there are no rows in it"), std::string::npos);
  // More than is sniffed, in one line.
  EXPECT_NE(read_csv(std::string(1 << 20, 'x')).find("are no table of equal width"),
            std::string::npos);
  EXPECT_NE(read_csv("# nothing\n\n").find("kUnusable t: there are no rows"), std::string::npos);
  EXPECT_NE(read_csv("Dear Ana,\nthe kiln is hot.\nBo\n").find("are no table of equal width"),
            std::string::npos);
}

TEST(CsvAdapter, AHeaderAloneIsAnEmptyTable) { EXPECT_EQ(read_csv("actor,target\n"), ""); }

TEST(CsvAdapter, TheColumnsOptionGoesBeforeAHeader) {
  ReadOptions options;
  options.columns = {"target", "actor"};
  EXPECT_EQ(read_csv("actor,target\nana,bo\n", options),
            "2 unknown csv:bo mention - - csv:ana 1 - public -\n");
  EXPECT_EQ(read_csv("ana bo\n", options), "1 unknown csv:bo mention - - csv:ana 1 - public -\n");
}

TEST(CsvAdapter, RefusesColumnsThatMakeNoSense) {
  ReadOptions options;
  options.columns = {"actor", "colour"};
  EXPECT_NE(read_csv("ana,bo\n", options).find("kInvalidArgument t: --columns names colour"),
            std::string::npos);
  options.columns = {"actor", "from"};
  EXPECT_NE(read_csv("ana,bo\n", options).find("names actor twice"), std::string::npos);
  options.columns = {"time", "target"};
  EXPECT_NE(read_csv("ana,bo\n", options).find("names no actor"), std::string::npos);
  options.columns = {"actor", "target", "time"};
  EXPECT_NE(read_csv("ana,bo\n", options).find("kUnusable t: --columns names 3 columns"),
            std::string::npos);
}

TEST(CsvAdapter, TheOperatorsVerbsGoFirstAndAStarLast) {
  ReadOptions options;
  options.verbs = {{"rt", "quote"}, {"Nod", "endorse"}, {"SKIP", "-"}, {"*", "message"}};
  EXPECT_EQ(
      read_csv("actor,target,verb\na,b,RT\na,b,nod\na,b,skip\na,b,like\na,b,\na,b,hm\n", options),
      "2 unknown csv:a quote - - csv:b 1 - public -\n"
      "3 unknown csv:a endorse - - csv:b 1 - public -\n"
      "5 unknown csv:a react - - csv:b 1 - public -\n"
      "6 unknown csv:a message - - csv:b 1 - public -\n"
      "7 unknown csv:a message - - csv:b 1 - public -\n"
      "left alone 1 verb SKIP skipped\n");
  options.verbs = {{"*", "-"}};
  EXPECT_EQ(read_csv("actor,target\na,b\na,c\n", options), "left alone 2 verb * skipped\n");
}

TEST(CsvAdapter, RefusesVerbsThatAreNone) {
  ReadOptions options;
  options.verbs = {{"RT", "retweet"}};
  const std::string text = read_csv("actor,target\na,b\n", options);
  EXPECT_NE(text.find("kInvalidArgument"), std::string::npos) << text;
  EXPECT_NE(text.find("reshare"), std::string::npos) << text;
}

TEST(CsvAdapter, RefusesANetworkThatIsNoName) {
  ReadOptions options;
  options.network = "my network";
  EXPECT_NE(read_csv("actor,target\na,b\n", options).find("kInvalidArgument"), std::string::npos);
  options.network = "Forum";
  EXPECT_EQ(read_csv("actor,target\na,b\n", options),
            "2 unknown forum:a mention - - forum:b 1 - public -\n");
}

TEST(CsvAdapter, SplitsTopicsAtWhatSeparatesThem) {
  const auto topics_of = [](const std::string& cell) {
    const std::string text = read_csv("actor,target,topics\na,b,\"" + cell + "\"\n");
    std::vector<std::string> fields;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(' ', begin), text.size());
      fields.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return fields.size() > 8 ? fields[8] : text;
  };
  EXPECT_EQ(topics_of("rust;sea birds"), "rust,sea-birds");
  EXPECT_EQ(topics_of("Rust|RUST, rust"), "rust");
  EXPECT_EQ(topics_of("#rust #sea_birds"), "rust,sea-birds");
  EXPECT_EQ(topics_of("sea birds"), "sea-birds");
  EXPECT_EQ(topics_of("c#"), "c#");
  EXPECT_EQ(topics_of(" ; ,|"), "-");
  EXPECT_EQ(topics_of(""), "-");
}

TEST(CsvAdapter, KeepsTheFirstTopicsAndCountsTheRest) {
  std::string cell;
  for (size_t i = 0; i < kTopicsMax + 3; ++i) cell += fmt::format("t{};", i);
  const std::string text = read_csv("actor,target,topics\na,b,\"" + cell + "\"\n");
  EXPECT_NE(text.find("t0,t1,"), std::string::npos);
  EXPECT_NE(text.find("t63 "), std::string::npos);
  EXPECT_NE(text.find("left alone 3 topic that cannot be read"), std::string::npos) << text;
}

TEST(CsvAdapter, DetectsByTheColumns) {
  EXPECT_EQ(detect("time,actor,target\n2031-01-01,ana,bo\n"), Likeness::kCertain);
  EXPECT_EQ(detect("Source\tTarget\n1\t2\n"), Likeness::kCertain);
  EXPECT_EQ(detect("user;url\nana;x\n"), Likeness::kCertain);
  EXPECT_EQ(detect("# edges\n1 2 1082040961\n3 4 1082155839\n"), Likeness::kLikely);
  EXPECT_EQ(detect("1,2,1082040961,RT\n"), Likeness::kLikely);
  EXPECT_EQ(detect("actor,verb\nana,post\n"), Likeness::kPossible);
  EXPECT_EQ(detect("colour,size\nred,5\n"), Likeness::kPossible);
  EXPECT_EQ(detect(""), Likeness::kNo);
  EXPECT_EQ(detect("hello\nworld\n"), Likeness::kNo);
  EXPECT_EQ(detect("{\"actor\":1,\"target\":2}\n{\"actor\":1,\"target\":2}\n"), Likeness::kNo);
  EXPECT_EQ(detect("[1,2]\n[3,4]\n"), Likeness::kNo);
  EXPECT_EQ(detect("<a b=\"1\" c=\"2\"/>\n"), Likeness::kNo);
  EXPECT_EQ(detect(std::string("actor,target\0\n", 14)), Likeness::kNo);
}

TEST(CsvAdapter, DetectsALongFileByItsBeginning) {
  std::string text;
  while (text.size() < 3 * kHeadBytes) text += "88814 50289 1341100972 MT\n";
  EXPECT_EQ(detect(text), Likeness::kLikely);
}

TEST(CsvAdapter, GivesWhatCameBeforeTheDataBrokeOff) {
  class Broken final : public Input {
   public:
    const std::string& path() const override { return path_; }
    const std::vector<Member>& members() const override { return members_; }
    const std::vector<LeftOut>& left_out() const override { return left_out_; }
    const InputLimits& limits() const override { return limits_; }
    uint64_t bytes_read() const override { return 0; }
    uint64_t bytes_total() const override { return 0; }
    Result<std::unique_ptr<ByteStream>> open(size_t /*member*/) override {
      class Stream final : public ByteStream {
       public:
        Result<size_t> read(char* buffer, size_t size) override {
          const std::string_view text = "actor,target\nana,bo\ncy,\"bo\ncy,d";
          if (given_) return Error{ErrorCode::kCorrupt, "cut off"};
          given_ = true;
          return text.copy(buffer, size);
        }

       private:
        bool given_ = false;
      };
      return std::unique_ptr<ByteStream>(std::make_unique<Stream>());
    }

   private:
    std::string path_ = "b";
    std::vector<Member> members_{{"b", 0}};
    std::vector<LeftOut> left_out_;
    InputLimits limits_;
  } input;
  EXPECT_EQ(events_text(csv_adapter(), input, {}),
            "2 unknown csv:ana mention - - csv:bo 1 - public -\n"
            "reject 3 a quote is never closed\n"
            "error kCorrupt cut off\n");
}

TEST(CsvAdapter, StopsWhenTheSinkCanTakeNoMore) {
  class Full final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& /*event*/) override {
      if (++events_ == 3) return Error{ErrorCode::kIo, "disk full"};
      return {};
    }
    Result<void> reject(const Reject& /*reject*/) override { return {}; }
    Result<void> profile(const AccountProfile& /*profile*/) override { return {}; }
    Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
    void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}
    int events() const { return events_; }

   private:
    int events_ = 0;
  } sink;
  const std::unique_ptr<Input> input =
      memory_input("t", "actor,target\na,b\na,b\na,b\na,b\na,b\n", {});
  const Result<void> result = csv_adapter().read(*input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "disk full");
  EXPECT_EQ(sink.events(), 3);
}

TEST(CsvAdapter, ReadsOneTableAtATime) {
  const Result<std::unique_ptr<Input>> input =
      open_input("src/ingest/adapters/csv/fixtures", InputLimits{});
  ASSERT_TRUE(input.ok());
  CollectingSink sink;
  const Result<void> result = csv_adapter().read(**input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnusable);
  EXPECT_NE(result.error().message.find("one table at a time"), std::string::npos);
}

TEST(CsvVerbs, AreFoundInAnyCaseByTheirNamesAndByWhatNetworksCallThem) {
  const Result<CsvVerbs> verbs = CsvVerbs::create({});
  ASSERT_TRUE(verbs.ok());
  for (auto v = static_cast<uint8_t>(kVerbFirst); v <= static_cast<uint8_t>(kVerbLast); ++v) {
    const CsvVerb* found = verbs->find(to_string(static_cast<Verb>(v)));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->verb, static_cast<Verb>(v));
  }
  EXPECT_EQ(verbs->find("RT")->verb, Verb::kReshare);
  EXPECT_EQ(verbs->find("mt")->verb, Verb::kMention);
  EXPECT_EQ(verbs->find("Re")->verb, Verb::kReply);
  EXPECT_EQ(verbs->find("QT")->verb, Verb::kQuote);
  EXPECT_EQ(verbs->find("FAV")->verb, Verb::kReact);
  EXPECT_EQ(verbs->find("DM")->verb, Verb::kMessage);
  EXPECT_EQ(verbs->find("")->verb, Verb::kMention);
  EXPECT_EQ(verbs->find("frobnicate"), nullptr);
  EXPECT_EQ(verbs->find("*"), nullptr);
}

// Counts of ../shared/data/README.md.
CountingSink read_real(const std::string& path, const ReadOptions& options) {
  CountingSink sink;
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  EXPECT_TRUE(input.ok());
  if (!input.ok()) return sink;
  const Result<const Adapter*> adapter = detect_adapter(**input);
  EXPECT_TRUE(adapter.ok());
  if (!adapter.ok()) return sink;
  EXPECT_EQ(*adapter, &csv_adapter());
  const Result<void> result = (*adapter)->read(**input, options, sink);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ((*input)->bytes_read(), (*input)->bytes_total());
  return sink;
}

TEST(CsvOnRealData, HiggsHasTheActsThatItsPublishersCount) {
  const std::string path = real_data("interactions/higgs-activity_time.txt.gz");
  if (path.empty()) GTEST_SKIP();
  const CountingSink sink = read_real(path, {});
  EXPECT_EQ(sink.events, 563'069U);
  EXPECT_EQ(sink.by_verb[static_cast<size_t>(Verb::kReshare)], 354'930U);
  EXPECT_EQ(sink.by_verb[static_cast<size_t>(Verb::kMention)], 171'237U);
  EXPECT_EQ(sink.by_verb[static_cast<size_t>(Verb::kReply)], 36'902U);
  EXPECT_TRUE(sink.rejects.empty());
  EXPECT_TRUE(sink.kinds_left_alone.empty());
}

TEST(CsvOnRealData, CollegeMessagesAreAllRead) {
  const std::string path = real_data("interactions/CollegeMsg.txt.gz");
  if (path.empty()) GTEST_SKIP();
  ReadOptions options;
  options.verbs = {{"*", "message"}};
  const CountingSink sink = read_real(path, options);
  EXPECT_EQ(sink.events, 59'835U);
  EXPECT_EQ(sink.by_verb[static_cast<size_t>(Verb::kMessage)], 59'835U);
  EXPECT_TRUE(sink.rejects.empty());
}

TEST(CsvOnRealData, ATableOfSomethingElseIsRefusedWithItsHeader) {
  const std::string path = real_data("topics/klout_topic_edge_20180601.csv");
  if (path.empty()) GTEST_SKIP();
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  ASSERT_TRUE(input.ok());
  CollectingSink sink;
  const Result<void> result = csv_adapter().read(**input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnusable);
  EXPECT_NE(result.error().message.find("parentTopicId"), std::string::npos);
  EXPECT_EQ(sink.events() + sink.rejects(), 0U);
}

}  // namespace
}  // namespace bellwether
