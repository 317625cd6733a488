// SPDX-License-Identifier: Apache-2.0
#include "bench/generators/files.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace bellwether {
namespace {

class OutputFile {
 public:
  explicit OutputFile(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "w")) {
    if (file_ == nullptr) fail();
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() {
    flush();
    if (std::fclose(file_) != 0) fail();
  }
  fmt::memory_buffer& line() {
    if (text_.size() > (1 << 20)) flush();
    return text_;
  }

 private:
  void flush() {
    if (std::fwrite(text_.data(), 1, text_.size(), file_) != text_.size()) fail();
    text_.clear();
  }
  [[noreturn]] void fail() const {
    std::perror(path_.c_str());
    std::exit(3);
  }

  const std::string path_;
  std::FILE* file_;
  fmt::memory_buffer text_;
};

std::string actor_of(uint32_t person) {
  return fmt::format("https://host{}.example/users/user{}", person % 200, person);
}

}  // namespace

void write_activities(const std::string& path, std::span<const CommunityAct> acts) {
  OutputFile file(path);
  size_t number = 0;
  for (const CommunityAct& act : acts) {
    ++number;
    auto out = fmt::appender(file.line());
    const std::string actor = actor_of(act.mover);
    const std::string other = actor_of(act.receiver);
    const std::string object = fmt::format("{}/statuses/{}", other, act.receiver % 97);
    const std::string begin = fmt::format(
        R"({{"@context":"https://www.w3.org/ns/activitystreams","id":"{}/activities/{}","actor":"{}","published":"{}",)",
        actor, number, actor, to_string(act.published));
    switch (act.verb) {
      case Verb::kReshare:
        fmt::format_to(
            out,
            R"({}"type":"Announce","object":{{"id":"{}","type":"Note","attributedTo":"{}"}},"to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["{}/followers"]}})",
            begin, object, other, actor);
        break;
      case Verb::kFollow:
        fmt::format_to(out, R"({}"type":"Follow","object":{{"id":"{}","type":"Person"}}}})", begin,
                       other);
        break;
      case Verb::kReply:
      case Verb::kMention:
        fmt::format_to(
            out,
            R"({}"type":"Create","to":["https://www.w3.org/ns/activitystreams#Public"],"object":{{"id":"{}/statuses/n{}","type":"Note","attributedTo":"{}","inReplyTo":"{}","content":"<p>the kiln is hot and the sea is cold &amp; quiet</p>","tag":[{{"type":"Mention","href":"{}"}},{{"type":"Hashtag","name":"#tag{}"}}]}}}})",
            begin, actor, number, actor, object, other, act.receiver % 40);
        break;
      default:
        fmt::format_to(
            out, R"({}"type":"Like","object":{{"id":"{}","type":"Note","attributedTo":"{}"}}}})",
            begin, object, other);
        break;
    }
    fmt::format_to(out, "\n");
  }
}

void write_rows(const std::string& path, std::span<const CommunityAct> acts) {
  OutputFile file(path);
  fmt::format_to(fmt::appender(file.line()), "time,actor,verb,target\n");
  for (const CommunityAct& act : acts) {
    fmt::format_to(fmt::appender(file.line()), "{},user{},{},user{}\n", act.published.ms / 1000,
                   act.mover, to_string(act.verb), act.receiver);
  }
}

}  // namespace bellwether
