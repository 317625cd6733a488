// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/stackexchange/stackexchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/adapter_testing.h"
#include "ingest/adapters/stackexchange/tables.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_table(const std::string& text, const ReadOptions& options = {}) {
  return events_text(stackexchange_adapter(), "wheels.example/t.xml", text, options);
}

Likeness detect(std::string name, std::string text) {
  class Sample final : public InputSample {
   public:
    Sample(std::string name, std::string text) : text_(std::move(text)) {
      members_.push_back({std::move(name), 0});
    }
    const std::vector<Member>& members() const override { return members_; }
    std::string_view head(size_t /*member*/) const override {
      return std::string_view(text_).substr(0, kHeadBytes);
    }

   private:
    std::string text_;
    std::vector<Member> members_;
  };
  return stackexchange_adapter().detect(Sample(std::move(name), std::move(text)));
}

TEST(StackExchange, IsToldByTheTableAndNotByItsName) {
  EXPECT_EQ(detect("x", "<posts>\n<row Id=\"1\" PostTypeId=\"1\" /></posts>"), Likeness::kCertain);
  EXPECT_EQ(detect("x", "<badges><row Id=\"1\" UserId=\"1\" Name=\"a\"/></badges>"),
            Likeness::kLikely);
  EXPECT_EQ(detect("Posts.xml", "<posts><post id=\"1\"/></posts>"), Likeness::kPossible);
  EXPECT_EQ(detect("Posts.xml", "<rss/>"), Likeness::kNo);
  EXPECT_EQ(detect("Posts.xml", ""), Likeness::kNo);
}

TEST(StackExchange, TheSiteIsTheFolderOrWhatTheOperatorSays) {
  const std::string text = "<comments><row Id=\"1\" PostId=\"2\" UserId=\"3\"/></comments>";
  EXPECT_THAT(read_table(text), HasSubstr("stackexchange:wheels.example/3 reply "
                                          "https://wheels.example/q/2 "));
  ReadOptions options;
  options.network = "Kilns";
  EXPECT_THAT(read_table(text, options),
              HasSubstr("stackexchange:kilns/3 reply stackexchange:kilns/q/2 "));
  EXPECT_THAT(events_text(stackexchange_adapter(), "-", text),
              HasSubstr("error kUnusable -: nothing says which site this is"));
  EXPECT_THAT(events_text(stackexchange_adapter(), "a/My Dump/t.xml", text),
              HasSubstr("stackexchange:my-dump/3 "));
}

TEST(StackExchange, ATableThatBreaksOffKeepsItsRowsAndSaysSo) {
  const std::string text = read_table(
      "<comments>\n<row Id=\"1\" PostId=\"2\" UserId=\"3\" Text=\"a\"/>\n<row Id=\"2\" PostId=\"");
  EXPECT_THAT(text, HasSubstr("1 unknown stackexchange:wheels.example/3 post "));
  EXPECT_THAT(text, HasSubstr("error kCorrupt t.xml: breaks off after row 1"));
}

TEST(StackExchange, ABillionLaughsAreNotLaughed) {
  std::string bomb = "<!DOCTYPE comments [<!ENTITY a \"haha\">";
  for (char c = 'b'; c <= 'z'; ++c) {
    bomb += "<!ENTITY ";
    bomb += c;
    bomb += " \"";
    for (int i = 0; i < 10; ++i) {
      bomb += '&';
      bomb += static_cast<char>(c - 1);
      bomb += ';';
    }
    bomb += "\">";
  }
  bomb += "]><comments><row Id=\"1\" PostId=\"2\" UserId=\"3\" Text=\"&z;\"/></comments>";
  const std::string text = events_text(stackexchange_adapter(), "a/b", bomb);
  // The document type names the table, and is as far as it is read.
  EXPECT_EQ(text, "error kCorrupt b: declares a document type, and no table of rows does\n");
  EXPECT_THAT(read_table("<comments>" + bomb), HasSubstr("reject 1 comments: row is not"));
}

TEST(StackExchange, OtherDocumentsAreRefusedWithWhatIsMissing) {
  EXPECT_THAT(read_table("<rss/>"), HasSubstr("error kUnusable wheels.example/t.xml: holds none of "
                                              "the tables of a dump"));
  EXPECT_THAT(read_table(""), HasSubstr("error kUnusable"));
}

TEST(StackExchange, NumbersOutOfRangeAreRejectedAndNothingElse) {
  const std::string text = read_table(
      "<comments>\n"
      "<row Id=\"99999999999\" PostId=\"2\" UserId=\"3\"/>\n"
      "<row Id=\"1\" PostId=\"-2\" UserId=\"3\"/>\n"
      "<row Id=\"1\" PostId=\"2\" UserId=\"-3\"/>\n"
      "<row Id=\"1\" PostId=\"2\" UserId=\"3 \"/>\n"
      "<row Id=\"1\" PostId=\"2\" UserId=\"3\" CreationDate=\"2016-02-30T00:00:00\"/>\n"
      "<row Id=\"1\" PostId=\"2\" UserId=\"3\" CreationDate=\"1816-02-03T00:00:00\"/>\n"
      "<row Id=\"1\" PostId=\"2\" UserId=\"3\" CreationDate=\"\"/>\n"
      "<row Id=\"8\" PostId=\"2\" UserId=\"-1\"/>\n"
      "</comments>");
  EXPECT_EQ(text,
            "reject 1 comments: Id is not a number\n"
            "reject 2 comments: PostId is not a number\n"
            "reject 3 comments: UserId is not a user's number\n"
            "reject 4 comments: UserId is not a user's number\n"
            "reject 5 comments: CreationDate is not an instant\n"
            "reject 6 comments: CreationDate is not an instant\n"
            "reject 7 comments: CreationDate is not an instant\n"
            "8 unknown stackexchange:wheels.example/-1 post "
            "https://wheels.example/posts/comments/8 - - 1 - public "
            "https://wheels.example/posts/comments/8\n"
            "8 unknown stackexchange:wheels.example/-1 reply https://wheels.example/q/2 - - 1 - "
            "public https://wheels.example/posts/comments/8\n");
}

TEST(StackExchange, TextIsReadForTheNameAtItsBeginningAndNotKept) {
  CollectingSink sink;
  const std::unique_ptr<Input> input = open_input(
                                           "src/ingest/adapters/stackexchange/fixtures/"
                                           "ceramics.example",
                                           {})
                                           .value();
  ASSERT_TRUE(stackexchange_adapter().read(*input, {}, sink).ok());
  for (const std::string_view word : {"kiln?", "hotter", "Hot.", "small", "moderator", "fire"}) {
    EXPECT_THAT(sink.text(), Not(HasSubstr(word)));
  }
}

TEST(SiteTables, KeepTheFirstOfARepeatedNumberAndFindThoseOutOfOrder) {
  SiteTables tables;
  EXPECT_TRUE(tables.add_question({10, 1, kNoUser, "<a><b>"}));
  EXPECT_TRUE(tables.add_question({5, 2, kNoUser, "|c|"}));
  EXPECT_TRUE(tables.add_question({10, 3, kNoUser, ""}));
  tables.add_answer(7, 5, 4, kNoUser);
  tables.add_answer(20, 7, 4, kNoUser);
  ASSERT_NE(tables.post(10), nullptr);
  EXPECT_EQ(tables.post(10)->owner, 1);
  EXPECT_EQ(tables.post(5)->owner, 2);
  EXPECT_EQ(tables.post(6), nullptr);
  std::vector<std::string_view> topics;
  tables.topics_of(10, topics);
  EXPECT_THAT(topics, ::testing::ElementsAre("a", "b"));
  tables.topics_of(7, topics);
  EXPECT_THAT(topics, ::testing::ElementsAre("c"));
  // An answer to an answer has no question.
  tables.topics_of(20, topics);
  EXPECT_THAT(topics, ::testing::IsEmpty());
  EXPECT_EQ(tables.question_of(*tables.post(20)), nullptr);
}

TEST(SiteTables, TagsAreNormalisedOnceAndAtMostSixtyFour) {
  SiteTables tables;
  std::string tags = "<A><a><A_B>";
  for (int i = 0; i < 100; ++i) tags += "<t" + std::to_string(i) + ">";
  EXPECT_TRUE(tables.add_question({1, 1, kNoUser, tags}));
  EXPECT_TRUE(tables.add_question({2, 1, kNoUser, "<><|_|>"}));
  std::vector<std::string_view> topics;
  tables.topics_of(1, topics);
  EXPECT_EQ(topics.size(), kTopicsMax);
  EXPECT_EQ(topics[0], "a");
  tables.topics_of(2, topics);
  EXPECT_TRUE(topics.empty());
}

TEST(SiteTables, PhrasesOfATitleStandBehindTheTags) {
  SiteTables tables;
  EXPECT_TRUE(
      tables.add_question({1, 1, kNoUser, "<raku><salt-glaze>", "How hot is a salt glaze?"}));
  EXPECT_TRUE(tables.add_question({2, 1, kNoUser, "", "Salt glaze, again"}));
  tables.add_answer(3, 2, 4, kNoUser);
  std::vector<std::string_view> topics;
  tables.topics_of(1, topics);
  // What a tag says already is not said again.
  EXPECT_THAT(topics, ::testing::ElementsAre("raku", "salt-glaze", "_hot", "_salt", "_glaze"));
  tables.topics_of(3, topics);
  EXPECT_THAT(topics, ::testing::ElementsAre("_salt-glaze", "_salt", "_glaze"));
}

TEST(SiteTables, PhrasesThatComeTooLateAreKeptOnlyWhereTheyAreKnown) {
  SiteTables tables(2);
  EXPECT_TRUE(tables.add_question({1, 1, kNoUser, "", "Kilns, wheels"}));
  EXPECT_TRUE(tables.add_question({2, 1, kNoUser, "<raku>", "Clays, wheels"}));
  std::vector<std::string_view> topics;
  tables.topics_of(1, topics);
  EXPECT_THAT(topics, ::testing::ElementsAre("_kilns", "_wheels"));
  tables.topics_of(2, topics);
  EXPECT_THAT(topics, ::testing::ElementsAre("raku", "_wheels"));
}

TEST(SiteTables, AnAddresseeIsWhoTheSiteWouldTell) {
  SiteTables tables;
  tables.add_question({1, 1, 5, ""});
  tables.add_answer(2, 1, 2, kNoUser);
  tables.add_user(1, "Ana Kiln");
  tables.add_user(2, "Bo");
  tables.add_user(3, "M. Stern");
  tables.add_user(4, "Stern");
  tables.add_user(5, "Edie");
  tables.add_user(6, "ana");
  EXPECT_EQ(tables.addressee("@AnaKiln yes", 1, 2), 1);
  EXPECT_EQ(tables.addressee(" @anak, yes", 1, 2), 1);
  EXPECT_EQ(tables.addressee("@an yes", 1, 2), kNoUser);  // two letters are too few
  EXPECT_EQ(tables.addressee("yes @AnaKiln", 1, 2), kNoUser);
  EXPECT_EQ(tables.addressee("@edie's edit", 1, 2), 5);
  EXPECT_EQ(tables.addressee("@edie", 2, 1), kNoUser);  // edited the question, not the answer
  EXPECT_EQ(tables.addressee("@bo", 1, 3), kNoUser);    // has not been seen here
  EXPECT_EQ(tables.addressee("@ana", 2, 2), 1);         // the asker, under an answer
  EXPECT_EQ(tables.addressee("@AnaKiln", 1, 1), kNoUser);
  tables.add_commenter(1, 3);
  tables.add_commenter(1, 6);
  tables.add_commenter(1, 6);
  EXPECT_EQ(tables.addressee("@M.Stern: yes", 1, 2), 3);
  EXPECT_EQ(tables.addressee("@ana", 1, 2), 6);  // a whole name comes before the beginning of one
  EXPECT_EQ(tables.addressee("@stern", 1, 2), kNoUser);
  EXPECT_EQ(tables.addressee("@", 1, 2), kNoUser);
  EXPECT_EQ(tables.addressee("", 1, 2), kNoUser);
  EXPECT_EQ(tables.addressee("@ana", 99, 2), kNoUser);
}

// A folder that goes when this does.
class Folder {
 public:
  Folder() {
    std::string made = (fs::temp_directory_path() / "stackexchange-XXXXXX").string();
    path_ = ::mkdtemp(made.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  std::unique_ptr<Input> open() const { return open_input(path_.string(), {}).value(); }

 private:
  fs::path path_;
};

TEST(StackExchange, AFolderOfDumpsIsReadSiteBySite) {
  const Folder folder;
  folder.write("a.example/Posts.xml",
               "<posts><row Id=\"1\" PostTypeId=\"1\" OwnerUserId=\"7\" Tags=\"|x|\"/></posts>");
  folder.write("a.example/Comments.xml",
               "<comments><row Id=\"2\" PostId=\"1\" UserId=\"8\"/></comments>");
  folder.write("b.example/Comments.xml",
               "<comments><row Id=\"2\" PostId=\"1\" UserId=\"8\"/></comments>");
  folder.write("b.example/deeper/down/Posts.xml", "<posts><row Id=\"1\"/></posts>");
  folder.write("b.example/notes.xml", "<notes/>");
  const std::unique_ptr<Input> input = folder.open();
  const Result<const Adapter*> found = detect_adapter(*input);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->info().name, "stackexchange");
  EXPECT_EQ(events_text(**found, *input, {}),
            "1 unknown stackexchange:a.example/7 post https://a.example/q/1 - - 1 x public "
            "https://a.example/q/1\n"
            "1 unknown stackexchange:a.example/8 post https://a.example/posts/comments/2 - - 1 x "
            "public https://a.example/posts/comments/2\n"
            "1 unknown stackexchange:a.example/8 reply https://a.example/q/1 - - 1 x public "
            "https://a.example/posts/comments/2\n"
            "1 unknown stackexchange:b.example/8 post https://b.example/posts/comments/2 - - 1 - "
            "public https://b.example/posts/comments/2\n"
            "1 unknown stackexchange:b.example/8 reply https://b.example/q/1 - - 1 - public "
            "https://b.example/posts/comments/2\n"
            "left alone 2 file that is no table of a dump\n");
  ReadOptions options;
  options.network = "c.example";
  EXPECT_THAT(events_text(**found, *input, options), HasSubstr("holds the dumps of 2 sites"));
}

TEST(StackExchange, ATableFarDownInAFolderDoesNotMakeItADump) {
  const Folder folder;
  folder.write("src/tests/data/Posts.xml", "<posts><row Id=\"1\" PostTypeId=\"1\"/></posts>");
  folder.write("README", "A program that reads dumps.");
  const std::unique_ptr<Input> input = folder.open();
  EXPECT_FALSE(detect_adapter(*input).ok());
}

TEST(StackExchange, OneBrokenTableLeavesTheOthersGood) {
  const Folder folder;
  folder.write("Posts.xml", "<posts><row Id=\"1\" PostTypeId=\"1\" OwnerUserId=\"7\"/><row Id=");
  folder.write("Comments.xml", "<comments><row Id=\"2\" PostId=\"1\" UserId=\"8\"/></comments>");
  const std::unique_ptr<Input> input = folder.open();
  ReadOptions options;
  options.network = "a.example";
  const std::string text = events_text(stackexchange_adapter(), *input, options);
  EXPECT_THAT(text, HasSubstr("stackexchange:a.example/7 post "));
  EXPECT_THAT(text, HasSubstr("stackexchange:a.example/8 reply "));
  EXPECT_THAT(text, HasSubstr("error kCorrupt Posts.xml: breaks off after row 1"));
}

TEST(StackExchange, AccountsForEveryRowOfARealSite) {
  const std::string path = real_data("stackexchange/quantum");
  if (path.empty()) GTEST_SKIP();
  const Result<std::unique_ptr<Input>> input = open_input(path, {});
  ASSERT_TRUE(input.ok()) << input.error().message;
  const Result<const Adapter*> found = detect_adapter(**input);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->info().name, "stackexchange");
  CountingSink sink;
  const Result<void> result = (*found)->read(**input, {}, sink);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const auto events = [&](Verb verb) { return sink.by_verb[static_cast<size_t>(verb)]; };
  const auto left = [&](std::string_view kind) {
    const auto at = sink.kinds_left_alone.find(kind);
    return at == sink.kinds_left_alone.end() ? uint64_t{0} : at->second;
  };
  EXPECT_TRUE(sink.rejects.empty());
  EXPECT_EQ(sink.profiles, 3461U);

  // 1,986 posts: 612 questions and 1,060 answers, one of each by somebody deleted, 314 tag wikis.
  EXPECT_EQ(left("question of a deleted user"), 1U);
  EXPECT_EQ(left("answer of a deleted user"), 1U);
  EXPECT_EQ(left("post: tag wiki"), 157U);
  EXPECT_EQ(left("post: tag wiki excerpt"), 157U);
  // 3,413 comments, one by somebody deleted.
  EXPECT_EQ(left("comment of a deleted user"), 1U);
  EXPECT_EQ(events(Verb::kPost), 611U + 1059U + 3412U);
  EXPECT_EQ(events(Verb::kReply) + events(Verb::kMention), 1059U + 3412U);
  EXPECT_GT(events(Verb::kMention), 700U);  // of 1,121 comments that begin with an @

  // 12,560 votes, of which only these say who.
  EXPECT_EQ(events(Verb::kEndorse), 389U);
  EXPECT_EQ(left("vote: accepted, of an answer that is not here"), 1U);
  EXPECT_EQ(events(Verb::kReact), 710U + 22U);
  uint64_t votes = events(Verb::kEndorse) + events(Verb::kReact);
  for (const auto& [kind, count] : sink.kinds_left_alone) {
    if (kind.starts_with("vote: ")) votes += count;
  }
  EXPECT_EQ(votes, 12560U);
  EXPECT_EQ(left("badge: gold") + left("badge: silver") + left("badge: bronze"), 4671U);
  EXPECT_EQ(left("post link: linked"), 313U);
  EXPECT_EQ(left("post link: duplicate"), 14U);
}

}  // namespace
}  // namespace bellwether
