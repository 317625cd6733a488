// SPDX-License-Identifier: Apache-2.0
#include "event/topic.h"

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_set>

#include "event/event.h"

namespace bellwether {
namespace {

constexpr size_t kNameBytesRead = 4096;

// Words that hold a sentence together and name nothing: articles, pronouns, prepositions,
// conjunctions, auxiliaries, and what questions and reports begin with. A title in a language that
// is not here has longer runs, which give pairs and words all the same.
constexpr std::array<std::string_view, 8> kFunctionWords{
    // English
    "a an the this that these those there here i me my we us our you your he him his she her it "
    "its "
    "they them their who whom whose which what when where why how and or but nor so yet if then "
    "else than as at by for from in into of off on onto out over to up down under with without "
    "within about above after again against all also always am any anyone anything are aren't be "
    "because been before being below between both can can't cannot could did didn't do does "
    "doesn't "
    "doing don't done during each ever every few had has hasn't have haven't having isn't just let "
    "let's like many may might more most much must need needs neither never no none not now of "
    "often once one only other others ought own per rather same shall should some something "
    "sometimes such though through too toward towards until upon used use uses using very via was "
    "wasn't way ways were weren't what's while will with won't would wouldn't yes is it's i'm i've "
    "get gets getting got give given gives go goes going make makes making made mean means meant "
    "work works working worked want wants know known show shown add adds added adding fix fixes "
    "fixed update updates updated remove removes removed allow allows support supports new old "
    "good better best bad different difference differences example examples question questions "
    "possible impossible right wrong vs versus etc e.g i.e",
    // German
    "der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine "
    "keinen "
    "ich du er sie es wir ihr mich dich uns mir dir ihm ihnen mein meine dein sein seine unser "
    "euer "
    "wer wen wem was wann wo warum wie welche welcher welches ist sind war waren bin bist wird "
    "werden wurde wurden hat haben hatte kann können konnte muss müssen soll sollen will wollen "
    "darf mit ohne von vom zu zum zur bei beim für auf aus an am im ins in nach vor über unter "
    "zwischen durch gegen um als auch noch nur schon so sehr dann wenn weil dass ob hier dort mehr",
    // French
    "le la les l un une des du de d au aux et ou mais ne pas ni je tu il elle on nous vous ils "
    "elles me te se mon ma mes ton ta tes son sa ses notre votre leur leurs ce cet cette ces qui "
    "que quoi quel quelle quels quelles dont où quand comment pourquoi est sont était être été a "
    "ont avoir fait faire peut pour par avec sans sous sur dans en entre vers chez plus moins très "
    "aussi comme si donc car y",
    // Spanish
    "el la los las lo un una unos unas y e o u pero no ni yo tú él ella nosotros vosotros ellos "
    "ellas me te se nos os mi mis tu tus su sus nuestro este esta estos estas ese esa eso que qué "
    "quien quién cuál cuándo cuando dónde donde cómo como por porque para con sin sobre entre "
    "hasta desde de del al a en es son era ser está están hay ha han fue más menos muy también si",
    // Italian
    "il lo la i gli le un uno una di del dello della dei degli delle a al allo alla ai agli alle "
    "da "
    "dal dalla in nel nella nei nelle con su sul sulla per tra fra e ed o ma non né io tu lui lei "
    "noi voi loro mi ti si ci vi mio mia tuo suo sua che chi cosa quale quando dove come perché è "
    "sono era essere ha hanno più meno molto anche se",
    // Portuguese
    "o a os as um uma uns umas de do da dos das em no na nos nas ao à aos às por pelo pela para "
    "com "
    "sem sobre entre até desde e ou mas não nem eu tu ele ela nós vós eles elas me te se meu minha "
    "seu sua que quem qual quando onde como porque é são era ser está estão há foi mais menos "
    "muito "
    "também",
    // Dutch
    "de het een en of maar niet geen ik jij hij zij wij jullie mij jou ons mijn jouw zijn haar wie "
    "wat waar wanneer waarom hoe welke is was waren ben bent wordt worden werd heeft hebben had "
    "kan "
    "kunnen moet moeten wil zal met zonder van voor op uit aan in naar bij over onder tussen door "
    "tegen om als ook nog maar al zo zeer dan omdat dat die dit deze er hier daar meer",
    // Signs of tools that titles begin with
    "re fwd wip rfc"};

bool is_function_word(const std::string& word) {
  static const std::unordered_set<std::string_view> kWords = [] {
    std::unordered_set<std::string_view> words;
    for (std::string_view list : kFunctionWords) {
      while (!list.empty()) {
        const size_t end = std::min(list.find(' '), list.size());
        if (end > 0) words.insert(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
      }
    }
    return words;
  }();
  return kWords.contains(word);
}

bool is_kept(UChar32 c) {
  return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK | U_GC_S_MASK)) != 0 ||
         c == '#' || c == '/';
}

std::string to_utf8(const std::u16string& text) {
  std::string out(text.size() * 3, '\0');
  int32_t length = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strToUTF8(out.data(), static_cast<int32_t>(out.size()), &length, text.data(),
              static_cast<int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return {};
  out.resize(static_cast<size_t>(length));
  return out;
}

// Empty where it is not UTF-8.
std::u16string to_utf16(std::string_view text) {
  std::u16string out(text.size(), u'\0');
  int32_t length = 0;
  UErrorCode status = U_ZERO_ERROR;
  u_strFromUTF8(out.data(), static_cast<int32_t>(out.size()), &length, text.data(),
                static_cast<int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return {};
  out.resize(static_cast<size_t>(length));
  return out;
}

std::string key_of_unicode(std::string_view name) {
  const std::u16string text = to_utf16(name);
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* folder = unorm2_getNFKCCasefoldInstance(&status);
  if (U_FAILURE(status) || text.empty()) return {};
  std::u16string folded(text.size() * 2 + 16, u'\0');
  while (true) {
    status = U_ZERO_ERROR;
    const int32_t length =
        unorm2_normalize(folder, text.data(), static_cast<int32_t>(text.size()), folded.data(),
                         static_cast<int32_t>(folded.size()), &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {
      folded.assign(static_cast<size_t>(length), u'\0');
      continue;
    }
    if (U_FAILURE(status)) return {};
    folded.resize(static_cast<size_t>(length));
    break;
  }
  std::u16string kept;
  for (size_t i = 0; i < folded.size();) {
    const size_t begin = i;
    UChar32 c = 0;
    U16_NEXT(folded.data(), i, folded.size(), c);
    if (is_kept(c) || (c == '.' && begin == 0)) kept.append(folded, begin, i - begin);
  }
  return to_utf8(kept.empty() || kept == u"." ? folded : kept);
}

// The words that a phrase may hold, with an empty one where a run ends.
class TitleWords {
 public:
  explicit TitleWords(std::u16string text) : text_(std::move(text)) {}

  std::vector<std::string> read(UBreakIterator* breaks) {
    UErrorCode status = U_ZERO_ERROR;
    ubrk_setText(breaks, text_.data(), static_cast<int32_t>(text_.size()), &status);
    if (U_FAILURE(status)) return {};
    int32_t begin = ubrk_first(breaks);
    size_t seen = 0;
    for (int32_t end = ubrk_next(breaks); end != UBRK_DONE && seen < kTitleWordsMax;
         begin = end, end = ubrk_next(breaks)) {
      const int32_t kind = ubrk_getRuleStatus(breaks);
      if (kind < UBRK_WORD_NUMBER) {
        gap(begin, end);
        continue;
      }
      ++seen;
      word(begin, end, kind);
    }
    return std::move(words_);
  }

 private:
  char16_t at(int32_t place) const {
    return place < 0 || place >= static_cast<int32_t>(text_.size())
               ? u' '
               : text_[static_cast<size_t>(place)];
  }
  void end_run() {
    if (!words_.empty() && !words_.back().empty()) words_.emplace_back();
  }
  // What stands between words: spaces and single hyphens join them, all else parts them.
  void gap(int32_t begin, int32_t end) {
    for (int32_t i = begin; i < end; ++i) {
      const char16_t c = at(i);
      const bool sign_of_name = (c == u'+' || c == u'#') && i < taken_;
      const bool hyphen = c == u'-' && !u_isUWhiteSpace(at(i - 1)) && !u_isUWhiteSpace(at(i + 1));
      if (!u_isUWhiteSpace(c) && !sign_of_name && !hyphen) end_run();
    }
  }
  void word(int32_t begin, int32_t end, int32_t kind) {
    // An account, an address: they name somebody, or a place.
    std::u16string text =
        text_.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    const bool address = text.find(u'@') != std::u16string::npos || at(begin - 1) == u'@' ||
                         at(end) == u'@' || at(begin - 1) == u'/' ||
                         (at(end) == u':' && at(end + 1) == u'/');
    taken_ = end;
    while (at(taken_) == u'+' || (at(taken_) == u'#' && taken_ == end)) text += at(taken_++);
    std::string lower = normalise_topic(to_utf8(text));
    if (address || lower.empty() || is_function_word(lower)) return end_run();
    const bool is_number = kind < UBRK_WORD_LETTER;
    const bool begins = words_.empty() || words_.back().empty();
    if (is_number && begins) return;
    words_.push_back(std::move(lower));
  }

  std::u16string text_;
  int32_t taken_ = 0;  // up to where signs belong to the word before
  std::vector<std::string> words_;
};

bool is_number(const std::string& word) {
  return word.find_first_not_of("0123456789.,") == std::string::npos;
}

UBreakIterator* word_breaks() {
  // Making one takes a hundred times as long as using it; and it is used by one thread at a time.
  struct Close {
    void operator()(UBreakIterator* breaks) const { ubrk_close(breaks); }
  };
  thread_local const std::unique_ptr<UBreakIterator, Close> kBreaks = [] {
    UErrorCode status = U_ZERO_ERROR;
    UBreakIterator* breaks = ubrk_open(UBRK_WORD, "", nullptr, 0, &status);
    return std::unique_ptr<UBreakIterator, Close>(U_FAILURE(status) ? nullptr : breaks);
  }();
  return kBreaks.get();
}

}  // namespace

std::string_view phrase_of(std::string_view topic) {
  return topic.starts_with(kTitlePhraseMark) ? topic.substr(1) : std::string_view();
}

std::string_view without_mark(std::string_view topic) {
  return topic.starts_with(kTitlePhraseMark) ? topic.substr(1) : topic;
}

std::string topic_key(std::string_view name) {
  if (name.size() > kNameBytesRead) return {};
  name = without_mark(name);
  const bool ascii =
      std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  if (!ascii) return key_of_unicode(name);
  std::string key;
  key.reserve(name.size());
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c >= 'A' && c <= 'Z') {
      key += static_cast<char>(c - 'A' + 'a');
    } else if (is_kept(c) || (c == '.' && i == 0)) {
      key += c;
    }
  }
  if (!key.empty() && key != ".") return key;
  return std::string(name);
}

std::vector<std::string> title_phrases(std::string_view title) {
  if (title.empty() || title.size() > kTitleBytesMax) return {};
  UBreakIterator* breaks = word_breaks();
  std::u16string text = to_utf16(title);
  if (breaks == nullptr || text.empty()) return {};
  const std::vector<std::string> words = TitleWords(std::move(text)).read(breaks);
  // Runs as [begin, end) of `words`, of up to kPhraseWordsMax words each, and all of them.
  std::vector<std::pair<size_t, size_t>> runs;
  for (size_t begin = 0; begin < words.size();) {
    size_t end = begin;
    while (end < words.size() && !words[end].empty()) ++end;
    if (end > begin) runs.emplace_back(begin, end);
    begin = end + 1;
  }
  std::vector<std::string> phrases;
  const auto add = [&](size_t begin, size_t end) {
    if (phrases.size() == kTitlePhrasesMax || is_number(words[begin])) return;
    std::string phrase(1, kTitlePhraseMark);
    for (size_t i = begin; i < end; ++i) phrase += (i > begin ? "-" : "") + words[i];
    if (phrase.size() > kTopicBytesMax) return;
    if (std::find(phrases.begin(), phrases.end(), phrase) == phrases.end()) {
      phrases.push_back(std::move(phrase));
    }
  };
  for (const auto& [begin, end] : runs) {
    if (end - begin <= kPhraseWordsMax) add(begin, end);
  }
  for (size_t size = 2; size >= 1; --size) {
    for (const auto& [begin, end] : runs) {
      for (size_t i = begin; i + size <= end; ++i) add(i, i + size);
    }
  }
  return phrases;
}

}  // namespace bellwether
