// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/activitystreams.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "base/hash.h"
#include "ingest/adapter_testing.h"
#include "ingest/adapters/activitystreams/account_name.h"
#include "ingest/adapters/activitystreams/parse.h"
#include "ingest/adapters/activitystreams/reader.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

std::string read_text(std::string text, const ReadOptions& options = {}) {
  return events_text(activitystreams_adapter(), "t", std::move(text), options);
}

std::string name_of(std::string_view reference) {
  TextArena arena;
  const AccountRef account = account_of(reference, "net", arena);
  return fmt::format("{}:{}", account.network, account.name);
}

std::string author_at(std::string_view address) {
  TextArena arena;
  return std::string(author_of_address(address, "net", arena).name);
}

TEST(AccountName, ReadsTheNeutralFormAndWhatTheFediverseWrites) {
  EXPECT_EQ(name_of("mastodon:@ana@tern.example"), "mastodon:@ana@tern.example");
  EXPECT_EQ(name_of("x:12345"), "x:12345");
  EXPECT_EQ(name_of("mail:ana@example.org"), "mail:ana@example.org");
  EXPECT_EQ(name_of("stack.exchange-2:7"), "stack.exchange-2:7");
  EXPECT_EQ(name_of("acct:ana@Tern.Example"), "net:@ana@tern.example");
  EXPECT_EQ(name_of("https://Tern.example/users/Ana"), "net:@Ana@tern.example");
  EXPECT_EQ(name_of("http://tern.example/@ana"), "net:@ana@tern.example");
  EXPECT_EQ(name_of("https://tern.example/@ana/"), "net:@ana@tern.example");
  EXPECT_EQ(name_of("https://tern.example:8443/@ana"), "net:@ana@tern.example:8443");
  EXPECT_EQ(name_of("https://tern.example/@bo@Wren.example"), "net:@bo@wren.example");
}

TEST(AccountName, LeavesOtherReferencesAsTheyAre) {
  for (const std::string reference :
       {"http://sally.example.org", "https://tern.example/profile/ana",
        "https://tern.example/users/ana/statuses/7", "https://tern.example/users/",
        "https://tern.example/@a%20b", "https://u@tern.example/@ana", "mailto:ana@example.org",
        "urn:uuid:1", "did:plc:abc", "tag:tern.example,2031:ana", "X:12", "ana", "@ana", "acct:ana",
        "net:", ":x", "network://ana", "a b:c"}) {
    EXPECT_EQ(name_of(reference), "net:" + reference);
  }
  TextArena arena;
  EXPECT_TRUE(account_of("", "net", arena).empty());
  EXPECT_TRUE(account_if_sure("mastodon:@ana@tern.example", "net", arena).empty());
}

TEST(AccountName, KnowsWhoseObjectLiesAtAnAddress) {
  EXPECT_EQ(author_at("https://Tern.example/users/ana/statuses/7"), "@ana@tern.example");
  EXPECT_EQ(author_at("https://tern.example/@ana/7"), "@ana@tern.example");
  EXPECT_EQ(author_at("https://tern.example/@bo@wren.example/7"), "@bo@wren.example");
  EXPECT_EQ(author_at("https://tern.example/users/ana#main-key"), "@ana@tern.example");
  EXPECT_EQ(author_at("https://tern.example/objects/7b"), "");
  EXPECT_EQ(author_at("kiln/42"), "");
}

TEST(LanguageTag, IsWellFormedByRfc5646) {
  for (const char* tag :
       {"en", "EN", "und", "zh-Hans", "de-AT", "es-419", "zh-cmn-Hans-CN", "sl-rozaj-biske",
        "de-1996", "en-a-bbb-x-a-ccc", "x-whatever", "sr-Latn-RS", "de-CH-1901", "tok"}) {
    EXPECT_TRUE(is_language_tag(tag)) << tag;
  }
  for (const char* tag : {"", "e", "de-419-DE", "de-DE-AT", "en-", "-en", "e n", "a-DE", "en-x",
                          "en-a", "longerthan8", "12", "zh-Hans-Hant"}) {
    EXPECT_FALSE(is_language_tag(tag)) << tag;
  }
  EXPECT_TRUE(is_known_language("en-GB"));
  EXPECT_TRUE(is_known_language("tok"));
  EXPECT_FALSE(is_known_language("sp"));
}

TEST(ActivityStreams, AnUndoOfAnActWithoutIdNamesThatAct) {
  const std::string like =
      R"({"type":"Like","actor":"ana","object":"n/1","published":"2031-03-01T08:00:00Z"})";
  InteractionEvent event;
  event.account = {"activitystreams", "ana"};
  event.verb = Verb::kReact;
  event.object = "n/1";
  event.published = *parse_instant("2031-03-01T08:00:00Z");
  EXPECT_EQ(read_text(R"({"type":"Undo","actor":"ana","object":)" + like + "}"),
            "1 unknown activitystreams:ana undo " + act_reference(identify(event).low) +
                " - - 1 - public -\n");
}

TEST(ActivityStreams, OneLineIsADocumentAndSeveralAreLines) {
  const std::string like = R"({"type":"Like","actor":"ana","object":"n/1"})";
  const std::string event = " unknown activitystreams:ana react n/1 - - 1 - public -\n";
  EXPECT_EQ(read_text(like), "1" + event);
  EXPECT_EQ(read_text(like + "\n"), "1" + event);
  EXPECT_EQ(read_text("\xef\xbb\xbf" + like + "\r\n\r\n" + like + "\r\n"),
            "1" + event + "3" + event);
  EXPECT_EQ(read_text("{\n\"type\":\"Like\",\n\"actor\":\"ana\",\"object\":\"n/1\"}\n"),
            "1" + event);
  EXPECT_EQ(read_text("{\"items\":[" + like + "]}\n{\"items\":[" + like + "," + like + "]}"),
            "1" + event + "2" + event + "2" + event);
}

TEST(ActivityStreams, AFirstLineThatIsBrokenCostsOneRecord) {
  const std::string like = R"({"type":"Like","actor":"ana","object":"n/1"})";
  EXPECT_EQ(read_text("{\"type\":\"Like\",\"actor\n" + like + "\n" + like + "\n"),
            "reject 1 a string is never closed\n"
            "2 unknown activitystreams:ana react n/1 - - 1 - public -\n"
            "3 unknown activitystreams:ana react n/1 - - 1 - public -\n");
}

TEST(ActivityStreams, HalfADocumentIsOneReject) {
  EXPECT_EQ(read_text(R"({"type":"Like","actor":"ana")"),
            "reject 1 JSON is malformed or cut off\n");
  const std::string like = R"({"type":"Like","actor":"ana","object":"n/1"})";
  const std::string event = " unknown activitystreams:ana react n/1 - - 1 - public -\n";
  EXPECT_EQ(read_text(R"({"type":"Collection","items":[)" + like + R"(,{"type")"),
            "1" + event +
                "reject 2 JSON is malformed or cut off\n"
                "error kCorrupt t: ends in the middle of a value\n");
  // So are elements before a member that breaks off.
  EXPECT_EQ(read_text(R"({"type":"Collection","items":[)" + like + R"(],"summary":"half)"),
            "1" + event +
                "reject 2 JSON is malformed or cut off\n"
                "error kCorrupt t: ends in the middle of a value\n");
  EXPECT_EQ(read_text(like + like + "}"), "1" + event + "2" + event +
                                              "reject 3 JSON is malformed or cut off\n"
                                              "error kCorrupt t: a value is missing\n");
  // What refuses the whole stands before the break.
  EXPECT_EQ(read_text(R"({"type":"OrderedCollection","items":[)" + like + ",{"),
            "reject 2 JSON is malformed or cut off\n"
            "error kCorrupt t: ends in the middle of a value\n");
}

TEST(ActivityStreams, ARefusedCollectionGivesNoneOfItsElements) {
  // The type that makes it wrong comes last.
  EXPECT_EQ(
      read_text(
          R"({"items":[{"type":"Like","actor":"ana","object":"n/1"}],"type":"OrderedCollection"})"),
      "reject 1 an ordered collection has orderedItems, not items\n");
}

TEST(ActivityStreams, ALargeCollectionIsReadInPieces) {
  InputLimits limits;
  limits.record_bytes_max = 2000;
  std::string text = R"({"type":"OrderedCollection","orderedItems":[)";
  for (int i = 0; i < 200; ++i) {
    text +=
        fmt::format(R"({}{{"type":"Like","actor":"ana","object":"n/{}"}})", i > 0 ? "," : "", i);
  }
  const auto read_with = [&](const std::string& bytes) {
    const std::unique_ptr<Input> input = memory_input("t", bytes, limits);
    CountingSink sink;
    const Result<void> outcome = activitystreams_adapter().read(*input, {}, sink);
    EXPECT_TRUE(outcome.ok());
    return fmt::format("{} events, {} reasons", sink.events, sink.rejects.size());
  };
  EXPECT_EQ(read_with(text + "]}"), "200 events, 0 reasons");
  // What is wrong with it stands after the elements: they were taken, and it is said.
  EXPECT_EQ(read_with(text + R"(],"items":[]})"), "200 events, 1 reasons");
  std::string wrong = text;
  wrong.replace(wrong.find("Ordered"), 7, "");
  EXPECT_EQ(read_with(wrong + "]}"), "0 events, 1 reasons");
  wrong = text;
  wrong.replace(wrong.find("n/77"), 4, std::string(3000, 'x'));
  EXPECT_EQ(read_with(wrong + "]}"), "199 events, 1 reasons");
}

TEST(ActivityStreams, ALineLongerThanTheLimitIsOneReject) {
  InputLimits limits;
  limits.record_bytes_max = 100;
  const std::string like = R"({"type":"Like","actor":"ana","object":"n/1"})";
  const std::string text = like + "\n{\"x\":\"" + std::string(200, 'x') + "\"}\n" + like + "\n";
  const std::unique_ptr<Input> input = memory_input("t", text, limits);
  EXPECT_EQ(events_text(activitystreams_adapter(), *input, {}),
            "1 unknown activitystreams:ana react n/1 - - 1 - public -\n"
            "reject 2 record is longer than the limit\n"
            "3 unknown activitystreams:ana react n/1 - - 1 - public -\n");
}

TEST(ActivityStreams, RefusesInvalidUtf8AndDeepNesting) {
  EXPECT_EQ(read_text("{\"type\":\"Like\",\"actor\":\"an\xe9\",\"object\":\"n/1\"}"),
            "reject 1 not valid UTF-8\n");
  const std::string deep(300, '[');
  const std::string open(300, ']');
  EXPECT_EQ(read_text("{\"x\":" + deep + open + "}"), "reject 1 JSON is nested too deeply\n");
  std::string objects;
  for (int i = 0; i < 300; ++i) objects += "{\"object\":";
  EXPECT_EQ(read_text(objects + "1" + std::string(300, '}')),
            "reject 1 JSON is nested too deeply\n");
  EXPECT_EQ(read_text("{\"x\":" + std::string(200, '[') + std::string(200, ']') + "}"),
            "left alone 1 object without type\n");
}

TEST(ActivityStreams, HashesTheBytesOfEachRecord) {
  const std::string a = R"({"type":"Like","actor":"ana","object":"n/1"})";
  const std::string b = R"({"type":"Like","actor":7})";
  const std::unique_ptr<Input> input = memory_input("t", a + "\n " + b + "\n", {});
  CollectingSink sink;
  ASSERT_TRUE(activitystreams_adapter().read(*input, {}, sink).ok());
  EXPECT_EQ(sink.record_hashes(), (std::vector<uint64_t>{hash64(a), hash64(b)}));
}

TEST(ActivityStreams, TheNetworkIsTheOperatorsUnlessTheRecordNamesOne) {
  ReadOptions options;
  options.network = "Forge";
  EXPECT_EQ(read_text(R"({"type":"Follow","actor":"ana","object":"bo"})", options),
            "1 unknown forge:ana follow - - forge:bo 1 - public -\n");
  // What a record leaves open is on the network of who acts.
  EXPECT_EQ(read_text(R"({"type":"Follow","actor":"x:1","object":"bo"})", options),
            "1 unknown x:1 follow - - x:bo 1 - public -\n");
  options.network = "no network";
  EXPECT_NE(read_text("{}", options).find("kInvalidArgument"), std::string::npos);
}

TEST(ActivityStreams, ReadsTheSameOnSeveralThreads) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += fmt::format(
        R"({{"type":"Create","actor":{{"type":"Person","id":"https://h{}.example/users/u{}","name":"U {}"}},"object":{{"type":"Note","id":"n/{}","tag":[{{"type":"Hashtag","name":"#t{}"}},{{"type":"Mention","name":"@a@b.example"}}]}}}})"
        "\n",
        i % 7, i % 100, i % 100 + (i / 5000), i, i % 9000);
    if (i % 977 == 0) text += "{\n";
    if (i % 991 == 0) text += fmt::format("{{\"type\":\"Odd{}\"}}\n", i);
  }
  ReadOptions two;
  two.threads = 2;
  const std::string one = read_text(text);
  EXPECT_EQ(read_text(text, two), one);
  EXPECT_NE(one.find("reject"), std::string::npos);
  // A profile that repeats itself is given once, and one that changes again.
  EXPECT_NE(one.find("profile activitystreams:@u0@h0.example U%200 "), std::string::npos);
  EXPECT_NE(one.find("profile activitystreams:@u0@h0.example U%201 "), std::string::npos);
  size_t profiles = 0;
  for (size_t at = one.find("\nprofile"); at != std::string::npos;
       at = one.find("\nprofile", at + 1)) {
    ++profiles;
  }
  EXPECT_LT(profiles, 20'000U);
}

TEST(ActivityStreams, DoesNotGrowWithTheKindsThatRecordsInvent) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += fmt::format("{{\"type\":\"Odd{}\"}}\n", i);
  const std::unique_ptr<Input> input = memory_input("t", text, {});
  CollectingSink sink;
  ASSERT_TRUE(activitystreams_adapter().read(*input, {}, sink).ok());
  EXPECT_LT(sink.left_alone().size(), 400U);
  uint64_t sum = 0;
  for (const auto& [kind, records] : sink.left_alone()) sum += records;
  EXPECT_EQ(sum, 2000U);
}

TEST(ActivityStreams, StopsWhenTheSinkCanTakeNoMore) {
  class Full final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& /*event*/) override {
      return Error{ErrorCode::kIo, "disk full"};
    }
    Result<void> reject(const Reject& /*reject*/) override { return {}; }
    Result<void> profile(const AccountProfile& /*profile*/) override { return {}; }
    Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
    void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}
  } sink;
  const std::unique_ptr<Input> input =
      memory_input("t", R"({"type":"Like","actor":"ana","object":"n/1"})", {});
  const Result<void> outcome = activitystreams_adapter().read(*input, {}, sink);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "disk full");
}

TEST(ActivityStreams, UnescapesNamesAndReadsHalvesOfPairs) {
  EXPECT_EQ(read_text(R"({"type":"Like","actor":"\u0061n\u00e9\ud83d\ude00\/","object":"n\/1"})"),
            "1 unknown activitystreams:an\xc3\xa9\xf0\x9f\x98\x80/ react n/1 - - 1 - public -\n");
  EXPECT_EQ(read_text(R"({"type":"Like","actor":"a\ud83d","object":"n/1","content":"\ud83d"})"),
            "1 unknown activitystreams:a\xef\xbf\xbd react n/1 - - 1 - public -\n");
  EXPECT_EQ(read_text(R"({"t\u0079pe":"Like","actor":"a","object":"n/1"})"),
            "1 unknown activitystreams:a react n/1 - - 1 - public -\n");
  for (const char* bad : {R"(\ud83)", R"(\x)", R"(\u12g4)"}) {
    EXPECT_EQ(
        read_text(fmt::format(R"({{"type":"Like","actor":"a","object":"n/1","x":"{}"}})", bad)),
        "reject 1 JSON is malformed\n");
    EXPECT_EQ(read_text(fmt::format(R"({{"type":"Like","actor":"a{}","object":"n/1"}})", bad)),
              "reject 1 JSON is malformed\n");
  }
}

Likeness likeness(std::string_view text) { return likeness_to_as2(text, true); }

TEST(ActivityStreams, DetectsByTheContextElseByTheWords) {
  EXPECT_EQ(likeness(R"({"@context":"https://www.w3.org/ns/activitystreams"})"),
            Likeness::kCertain);
  EXPECT_EQ(
      likeness(
          R"({"@context":["https://x.example",{"as":"https://www.w3.org/ns/activitystreams#"}]})"),
      Likeness::kCertain);
  EXPECT_EQ(likeness("{\"type\":\"Like\",\"actor\":\"a\"}\n{}"), Likeness::kLikely);
  EXPECT_EQ(likeness(R"({"verb":"post","actor":{}})"), Likeness::kLikely);
  EXPECT_EQ(likeness(R"({"type":"OrderedCollection","orderedItems":[]})"), Likeness::kLikely);
  EXPECT_EQ(likeness("{}"), Likeness::kPossible);
  EXPECT_EQ(likeness(R"({"type":"Note","name":"x"})"), Likeness::kPossible);
  EXPECT_EQ(likeness(R"({"name":"x","colour":"red"})"), Likeness::kNo);
  EXPECT_EQ(likeness(R"({"type":"WatchEvent","actor":{"id":1},"repo":{}})"), Likeness::kNo);
  EXPECT_EQ(likeness("42"), Likeness::kNo);
  EXPECT_EQ(likeness("actor,target\n"), Likeness::kNo);
  EXPECT_EQ(likeness(""), Likeness::kNo);
}

TEST(ActivityStreams, ReadsOneFileAtATime) {
  const Result<std::unique_ptr<Input>> input =
      open_input("src/ingest/adapters/activitystreams/fixtures", InputLimits{});
  ASSERT_TRUE(input.ok());
  CollectingSink sink;
  const Result<void> outcome = activitystreams_adapter().read(**input, {}, sink);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kUnusable);
}

std::vector<fs::path> documents_in(const std::string& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

CollectingSink read_document(const fs::path& path) {
  CollectingSink sink;
  const Result<std::unique_ptr<Input>> input = open_input(path.string(), InputLimits{});
  EXPECT_TRUE(input.ok());
  if (!input.ok()) return sink;
  const Result<void> outcome = activitystreams_adapter().read(**input, {}, sink);
  EXPECT_TRUE(outcome.ok()) << path;
  return sink;
}

TEST(ActivityStreamsOnRealData, EveryGoodDocumentOfTheW3cIsRead) {
  const std::string folder = real_data("activitystreams");
  if (folder.empty()) GTEST_SKIP();
  const std::vector<fs::path> documents = documents_in(folder);
  EXPECT_EQ(documents.size(), 212U);
  std::set<std::string> rejected;
  std::map<Verb, uint64_t> verbs;
  uint64_t stating = 0;
  for (const fs::path& path : documents) {
    const Result<std::unique_ptr<Input>> input = open_input(path.string(), InputLimits{});
    ASSERT_TRUE(input.ok());
    const Result<const Adapter*> adapter = detect_adapter(**input);
    ASSERT_TRUE(adapter.ok()) << path << adapter.error().message;
    EXPECT_EQ(*adapter, &activitystreams_adapter()) << path;
    const CollectingSink sink = read_document(path);
    if (sink.rejects() > 0) rejected.insert(path.filename().string());
    stating += sink.events() > 0 ? 1 : 0;
    for (auto v = static_cast<uint8_t>(kVerbFirst); v <= static_cast<uint8_t>(kVerbLast); ++v) {
      verbs[static_cast<Verb>(v)] += sink.events(static_cast<Verb>(v));
    }
    // Nothing is dropped in silence.
    EXPECT_FALSE(sink.text().empty()) << path;
  }
  EXPECT_EQ(rejected, std::set<std::string>{"vocabulary-ex196-jsonld.json"});
  EXPECT_EQ(stating, 41U);
  EXPECT_EQ(verbs[Verb::kReact], 21U);
  EXPECT_EQ(verbs[Verb::kPost], 15U);
  EXPECT_EQ(verbs[Verb::kUndo], 4U);
  EXPECT_EQ(verbs[Verb::kFollow], 2U);
}

TEST(ActivityStreamsOnRealData, EveryBadDocumentOfTheW3cIsRefusedForWhatIsWrongWithIt) {
  const std::string folder = real_data("activitystreams/fail");
  if (folder.empty()) GTEST_SKIP();
  const std::map<std::string, std::string> reasons{
      {"array-at-top", "an array at the top holds something else than activities"},
      {"bad-character-set", "not valid UTF-8"},
      {"collection-with-non-page-first", "first, last, next or prev is neither a page nor a link"},
      {"content-map-with-invalid-language-tag", "a language tag is malformed"},
      {"name-as-namemap", "nameMap is not a map of texts"},
      {"namemap-as-name", "name is neither text nor a map of languages"},
      {"number-as-actor", "actor is neither a reference nor an object"},
      {"number-as-content", "content is not text"},
      {"number-as-context", "@context is neither text nor an object"},
      {"number-as-id", "id is not text"},
      {"number-as-name", "name is neither text nor a map of languages"},
      {"number-as-object", "object is neither a reference nor an object"},
      {"number-as-type", "type is not text"},
      {"number-at-top", "a number, true, false or null where an object should be"},
      {"ordered-collection-with-items", "an ordered collection has orderedItems, not items"},
      {"ordered-collection-with-non-page-first",
       "first, last, next or prev is neither a page nor a link"},
      {"other-context", "@context names another vocabulary"},
      {"relative-uri-for-url", "url is not absolute"},
      {"string-at-top", "text where an object should be"},
      {"unordered-collection-with-ordered-items", "a collection has items, not orderedItems"},
  };
  const std::vector<fs::path> documents = documents_in(folder);
  EXPECT_EQ(documents.size(), reasons.size());
  for (const fs::path& path : documents) {
    const CollectingSink sink = read_document(path);
    EXPECT_EQ(sink.events(), 0U) << path;
    EXPECT_TRUE(sink.left_alone().empty()) << path;
    ASSERT_EQ(sink.rejects_by_reason().size(), 1U) << path;
    const auto expected = reasons.find(path.stem().string());
    ASSERT_NE(expected, reasons.end()) << path;
    EXPECT_EQ(sink.rejects_by_reason().begin()->first, expected->second) << path;
  }
}

}  // namespace
}  // namespace bellwether
