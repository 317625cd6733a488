// SPDX-License-Identifier: Apache-2.0
// What makes two names of a topic one topic, and which phrases of a title may be topics.
//
// A title is cut at its function words and signs, as RAKE does (Rose et al., "Automatic keyword
// extraction from individual documents", 2010), by the word boundaries of Unicode (UAX 29), so that
// scripts without spaces are cut too. Phrases are candidates: they are kept beside an act's topics
// with a mark, and count only where the same words are known as a topic otherwise, or are asked for
// (docs/methods/topics.md). It is no summary of a text: what is longer than a title gives nothing.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace bellwether {

inline constexpr size_t kTitleBytesMax = 400;  // a longer text is no title
inline constexpr size_t kTitlePhrasesMax = 8;  // of one title
inline constexpr size_t kPhraseWordsMax = 3;   // of one phrase
inline constexpr size_t kTitleWordsMax = 40;   // looked at in one title
inline constexpr char kTitlePhraseMark = '_';  // no normalised topic holds it

// By what names of topics are compared: two with the same key are one topic. Case, width and
// composition are folded (NFKC_Casefold); of the rest, letters, marks, digits, symbols, '#' and '/'
// stay, and a '.' at the beginning. So "#QuantumGates", "quantum-gates" and "Quantum Gates" are
// one, "c", "c++" and "c#" are three, and ".net" is not "net". Where nothing is left the folded
// text is its own key. Empty for text that is not UTF-8 or longer than 4096 bytes. A mark of a
// phrase at the beginning is passed over. Cost: linear.
std::string topic_key(std::string_view name);

// A topic as the log keeps it may be a phrase of a title: then this is the phrase, else empty.
std::string_view phrase_of(std::string_view topic);
// As a topic is written for people: without the mark.
std::string_view without_mark(std::string_view topic);

// The phrases of a title, each normalised and with the mark before it, at most kTitlePhrasesMax:
// first the runs of up to kPhraseWordsMax words that stand between function words, numbers and
// signs, then their pairs, then single words, each in the order of the text. Names of accounts
// (@ana), addresses and numbers alone are none. Empty for a title longer than kTitleBytesMax or not
// UTF-8. Cost: some microseconds. Thread safe.
std::vector<std::string> title_phrases(std::string_view title);

}  // namespace bellwether
