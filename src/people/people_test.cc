// SPDX-License-Identifier: Apache-2.0
#include "people/people.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bellwether {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("bw-registry-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open();
  }
  void TearDown() override {
    registry_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    registry_.reset();
    auto opened = Registry::open(folder_.string());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    registry_ = std::move(*opened);
  }
  std::filesystem::path folder_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, LinksAreOnePersonNamedByTheFirstAndSurviveReopening) {
  ASSERT_TRUE(registry_->link("x:ana", "git:ana@example.org").ok());
  ASSERT_TRUE(registry_->link("git:ana@example.org", "mastodon:@ana@example.social").ok());
  ASSERT_TRUE(registry_->link("x:ana", "mastodon:@ana@example.social").ok());  // again: no error
  open();
  EXPECT_THAT(*registry_->accounts_of("mastodon:@ana@example.social"),
              ElementsAre("x:ana", "git:ana@example.org", "mastodon:@ana@example.social"));
  EXPECT_THAT(*registry_->accounts_of("x:bo"), ElementsAre("x:bo"));
  EXPECT_EQ(registry_->links()->size(), 2U);
}

TEST_F(RegistryTest, ManyLinksAreMadeTogetherOrNotAtAll) {
  ASSERT_TRUE(registry_->link_all({{"x:ana", "git:ana"}, {"git:ana", "forum:ana"}}).ok());
  EXPECT_THAT(*registry_->accounts_of("forum:ana"), ElementsAre("x:ana", "git:ana", "forum:ana"));
  EXPECT_FALSE(registry_->link_all({{"x:bo", "git:bo"}, {"x:cy", "no reference"}}).ok());
  ASSERT_TRUE(registry_->set_consent("x:di", Consent::kListed).ok());
  EXPECT_FALSE(registry_->link_all({{"x:bo", "git:bo"}, {"x:ed", "x:di"}}).ok());
  EXPECT_THAT(*registry_->accounts_of("x:bo"), ElementsAre("x:bo"));
  ASSERT_TRUE(registry_->link_all({}).ok());
}

TEST_F(RegistryTest, UnlinkingEverythingLeavesNoTrace) {
  ASSERT_TRUE(registry_->link("x:ana", "x:bo").ok());
  ASSERT_TRUE(registry_->link("x:ana", "x:cy").ok());
  ASSERT_TRUE(registry_->set_consent("x:cy", Consent::kListed).ok());
  ASSERT_TRUE(registry_->unlink("x:ana").ok());
  // The person lives on under the next account, with its consent; the account alone is private.
  EXPECT_THAT(*registry_->accounts_of("x:cy"), ElementsAre("x:bo", "x:cy"));
  EXPECT_EQ(*registry_->consent("x:bo"), Consent::kListed);
  EXPECT_EQ(*registry_->consent("x:ana"), Consent::kPrivate);
  ASSERT_TRUE(registry_->unlink("x:cy").ok());
  EXPECT_THAT(*registry_->links(), IsEmpty());
  EXPECT_THAT(*registry_->check(), IsEmpty());
  EXPECT_EQ(registry_->unlink("x:cy").error().code, ErrorCode::kNotFound);
}

TEST_F(RegistryTest, NobodyIsListedWhoDidNotAsk) {
  EXPECT_EQ(*registry_->consent("x:ana"), Consent::kPrivate);
  EXPECT_THAT(*registry_->listed(), IsEmpty());
  ASSERT_TRUE(registry_->set_consent("x:ana", Consent::kListed).ok());
  EXPECT_THAT(*registry_->listed(), ElementsAre("x:ana"));
  // A listed and a private account are not shown together by a mere link.
  EXPECT_EQ(registry_->link("x:ana", "x:bo").error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(registry_->set_consent("x:ana", Consent::kPrivate).ok());
  EXPECT_THAT(*registry_->listed(), IsEmpty());
}

TEST_F(RegistryTest, AHiddenTopicIsThePersonsWhicheverAccountIsNamed) {
  ASSERT_TRUE(registry_->hide_topic("x:ana", "tea").ok());
  ASSERT_TRUE(registry_->hide_topic("x:ana", "tea").ok());
  ASSERT_TRUE(registry_->hide_topic("git:ana", "kilns").ok());
  ASSERT_TRUE(registry_->hide_topic("git:ana", "tea").ok());
  ASSERT_TRUE(registry_->hide_topic("x:bo", "raku").ok());
  ASSERT_TRUE(registry_->link("x:ana", "git:ana").ok());
  open();
  EXPECT_THAT(*registry_->hidden_topics("git:ana"), ElementsAre("kilns", "tea"));
  EXPECT_EQ(registry_->hidden_topics()->size(), 3U);
  // The person goes on under their next account.
  ASSERT_TRUE(registry_->link("x:ana", "mail:ana").ok());
  ASSERT_TRUE(registry_->unlink("x:ana").ok());
  EXPECT_THAT(*registry_->hidden_topics("x:ana"), IsEmpty());
  EXPECT_THAT(*registry_->hidden_topics("mail:ana"), ElementsAre("kilns", "tea"));
  ASSERT_TRUE(registry_->restore_topic("mail:ana", "tea").ok());
  EXPECT_EQ(registry_->restore_topic("mail:ana", "tea").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(*registry_->hidden_topics("git:ana"), ElementsAre("kilns"));
  EXPECT_THAT(*registry_->check(), IsEmpty());
}

TEST_F(RegistryTest, OnlyATopicOfAnAccountCanBeHidden) {
  for (const std::string& topic :
       {std::string(), std::string("\x01"), std::string(kTopicBytesMax + 1, 'x')}) {
    EXPECT_EQ(registry_->hide_topic("x:ana", topic).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(registry_->hide_topic("x:ana", std::string(kTopicBytesMax, 'x')).ok());
  EXPECT_EQ(registry_->hide_topic("ana", "tea").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(RegistryTest, RefusesWhatIsNoAccount) {
  for (const char* text : {"", "ana", ":ana", "x:"}) {
    EXPECT_EQ(registry_->link("x:bo", text).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(registry_->set_consent(text, Consent::kListed).error().code,
              ErrorCode::kInvalidArgument);
  }
}

TEST_F(RegistryTest, ForeignAndNewerFilesAreRefusedByName) {
  registry_.reset();
  const auto path = folder_ / "registry.sqlite";
  std::filesystem::remove(path);
  std::ofstream(path) << "this is no database, though it is long enough to look like a page";
  const auto opened = Registry::open(folder_.string());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("registry.sqlite"));
}

TEST_F(RegistryTest, AFlippedBitIsRefusedOrChangesNoAnswer) {
  ASSERT_TRUE(registry_->link("x:ana", "git:ana@example.org").ok());
  ASSERT_TRUE(registry_->set_consent("x:ana", Consent::kListed).ok());
  ASSERT_TRUE(registry_->set_consent("x:bo", Consent::kPrivate).ok());
  ASSERT_TRUE(registry_->set_teleport_set("x", {"x:ana", "x:cy"}).ok());
  const auto answers = [](Registry& registry) {
    std::vector<std::string> all = *registry.listed();
    for (const char* account : {"x:ana", "git:ana@example.org", "x:bo"}) {
      all.emplace_back(to_string(*registry.consent(account)));
      const std::vector<std::string> same = *registry.accounts_of(account);
      all.insert(all.end(), same.begin(), same.end());
    }
    const std::vector<std::string> trusted = *registry.teleport_set("x");
    all.insert(all.end(), trusted.begin(), trusted.end());
    return all;
  };
  const std::vector<std::string> before = answers(*registry_);
  registry_.reset();
  const auto path = folder_ / "registry.sqlite";
  std::ifstream file(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_GE(whole.size(), 5U * 4096U);
  size_t refused = 0;
  // Bytes that are 0 are mostly free space; of those a sample will do.
  for (size_t at = 0; at < whole.size(); at += whole[at] == 0 ? 61 : 1) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    std::ofstream(path, std::ios::binary) << bytes;
    const auto opened = Registry::open(folder_.string());
    if (opened.ok()) {
      ASSERT_EQ(answers(**opened), before) << "byte " << at;
    } else {
      ++refused;
      ASSERT_THAT(opened.error().code, AnyOf(ErrorCode::kCorrupt, ErrorCode::kUnsupported))
          << "byte " << at << ": " << opened.error().message;
      ASSERT_THAT(opened.error().message, HasSubstr("registry.sqlite")) << "byte " << at;
    }
  }
  EXPECT_GT(refused, 500U);
  std::ofstream(path, std::ios::binary) << whole;
  EXPECT_TRUE(Registry::open(folder_.string()).ok());
}

TEST(PersonMapOfLinks, PersonsAreNumberedByTheirSmallestAccount) {
  const PersonMap map = make_person_map(6, {{4, 1}, {5, 4}}, {2});
  EXPECT_THAT(map.person_of, ElementsAre(0U, 1U, kNobody, 2U, 1U, 1U));
  EXPECT_EQ(map.persons, 3U);
  EXPECT_FALSE(map.one_to_one);
  EXPECT_TRUE(make_person_map(6, {}, {}).one_to_one);
  EXPECT_NE(hash_of(map), hash_of(make_person_map(6, {{4, 1}}, {2})));
}

TEST(PersonMapOfLinks, LeavingOneAccountOutLeavesThePersonOut) {
  const PersonMap map = make_person_map(3, {{0, 2}}, {2});
  EXPECT_THAT(map.person_of, ElementsAre(kNobody, 0U, kNobody));
}

std::string all_bytes(const std::filesystem::path& folder) {
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return bytes;
}

TEST_F(RegistryTest, WhoIsErasedLeavesNoByteAndIsKnownAgainByAnyName) {
  const std::vector<std::string> accounts{"mastodon:@quibble@example.social", "x:4711"};
  ASSERT_TRUE(registry_->link(accounts[0], accounts[1]).ok());
  ASSERT_TRUE(registry_->set_consent(accounts[0], Consent::kListed).ok());
  ASSERT_TRUE(registry_->hide_topic("x:4711", "quibbling").ok());
  ASSERT_TRUE(registry_->set_teleport_set("x", {"x:4711"}).ok());
  ASSERT_TRUE(registry_->set_teleport_set("mastodon", {accounts[0], "mastodon:@bo"}).ok());

  ASSERT_TRUE(registry_->bury(accounts).ok());
  EXPECT_TRUE(*registry_->unfinished(accounts[1]));
  EXPECT_THAT(*registry_->check(), SizeIs(1));  // begun and not ended
  const auto counts = registry_->forget(accounts);
  ASSERT_TRUE(counts.ok()) << counts.error().message;
  EXPECT_EQ(counts->links, 2U);
  EXPECT_EQ(counts->consents, 1U);
  EXPECT_EQ(counts->teleport, 2U);
  EXPECT_EQ(counts->hidden_topics, 1U);
  EXPECT_FALSE(*registry_->unfinished(accounts[1]));
  for (const char* name : {"quibble", "4711"}) {
    EXPECT_EQ(all_bytes(folder_).find(name), std::string::npos) << name;
  }

  open();
  EXPECT_THAT(*registry_->check(), IsEmpty());
  const Erased erased = *registry_->erased();
  EXPECT_TRUE(erased.account("x", "4711"));
  EXPECT_FALSE(erased.account("git", "4711"));
  for (const char* word : {"x:4711", "4711", "@quibble@example.social", "quibble@example.social"}) {
    EXPECT_TRUE(erased.named(word)) << word;
  }
  EXPECT_FALSE(erased.named("bo"));
  EXPECT_EQ(*registry_->consent("x:4711"), Consent::kErased);
  EXPECT_FALSE(registry_->set_consent("x:4711", Consent::kListed).ok());
  EXPECT_FALSE(registry_->link("x:bo", "x:4711").ok());
  EXPECT_FALSE(registry_->hide_topic("x:4711", "tea").ok());
  EXPECT_THAT(*registry_->hidden_topics("x:4711"), IsEmpty());
  // A set of which nobody is left is still one that was chosen.
  EXPECT_THAT(*registry_->teleport_set("x"), ElementsAre(std::string(kNobodyLeft)));
  EXPECT_THAT(*registry_->teleport_set("mastodon"), ElementsAre("mastodon:@bo"));
}

TEST_F(RegistryTest, AnErasedNameIsFoundInTextAsAWordAndNotAsAPartOfOne) {
  const Erased none = *registry_->erased();
  EXPECT_TRUE(none.empty());
  EXPECT_FALSE(none.mentioned_in("https://example.org/ana"));
  ASSERT_TRUE(registry_->bury({"x:@ana", "mail:cy@example.org", "so:12345"}).ok());
  const Erased erased = *registry_->erased();
  for (const char* text :
       {"ana", "https://example.org/@ana/1", "by ana, said", "mailto:cy@example.org?x"}) {
    EXPECT_TRUE(erased.mentioned_in(text)) << text;
  }
  for (const char* text : {"", "banana", "anagram", "cy@example.com", "https://so/q/12345"}) {
    EXPECT_FALSE(erased.mentioned_in(text)) << text;
  }
  EXPECT_FALSE(erased.maybe_mentioned_in("banana"));
  ASSERT_TRUE(registry_->bury({"csv:a b/c?"}).ok());  // no run of words that could be looked up
  EXPECT_TRUE(registry_->erased()->maybe_mentioned_in("banana"));
}

TEST_F(RegistryTest, TwoRegistriesHashOneNameDifferently) {
  ASSERT_TRUE(registry_->bury({"x:ana"}).ok());
  const auto other_folder = folder_ / "other";
  std::filesystem::create_directories(other_folder);
  auto other = Registry::open(other_folder.string());
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE((*other)->bury({"x:ana"}).ok());
  EXPECT_TRUE(registry_->erased()->account("x", "ana"));
  EXPECT_TRUE((*other)->erased()->account("x", "ana"));
  EXPECT_NE(Erased::hash(std::string(32, '0'), "x"), Erased::hash(std::string(32, '1'), "x"));
}

}  // namespace
}  // namespace bellwether
