// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "workspace/query/words.h"
#include "workspace/recipes/ontology.h"

namespace bellwether {
namespace {

constexpr size_t kProblemsShown = 10;

std::string place_of(const OntologyImport& result, const OntologyProblem& problem) {
  if (problem.line == 0) return "as a whole";
  return fmt::format("{}:{}", result.files[problem.file], problem.line);
}

nlohmann::ordered_json import_json(const OntologyImport& result) {
  nlohmann::ordered_json problems = nlohmann::ordered_json::array();
  for (const OntologyProblem& problem : result.problems) {
    nlohmann::ordered_json one = {
        {"file", nullptr}, {"line", nullptr}, {"reason", problem.message}};
    if (problem.line > 0) {
      one["file"] = result.files[problem.file];
      one["line"] = problem.line;
    }
    problems.push_back(std::move(one));
  }
  return {{"topics", result.topics},
          {"parents", result.parents},
          {"names", result.names},
          {"languages", result.languages},
          {"files", result.files},
          {"left_out", result.left_out},
          {"rejected", result.rejected},
          {"rejects", std::move(problems)},
          {"repeated", result.report.repeated},
          {"topics_from_parents", result.report.topics_from_edges},
          {"under_a_root", result.report.root_edges},
          {"erased", result.erased}};
}

int import_topics(Context& context, const CommonOptions& common, OpenWorkspace& open,
                  std::vector<std::string> paths, bool strict) {
  for (std::string& path : paths) path = absolute(context, path);
  const auto result = import_ontology(open.workspace(), paths);
  if (!result.ok()) return complain(context, result.error());
  if (const auto done = open.query().refresh(); !done.ok()) return complain(context, done.error());
  for (const std::string& left : result->left_out) {
    fmt::print(context.err, "Left out: {}.\n", left);
  }
  if (result->rejected > 0) {
    fmt::print(context.err, "{}:\n",
               count_of(result->rejected, "row was rejected", "rows were rejected"));
    size_t shown = 0;
    for (const OntologyProblem& problem : result->problems) {
      if (++shown > kProblemsShown) break;
      fmt::print(context.err, "  {}: {}\n", place_of(*result, problem), problem.message);
    }
    if (result->rejected > kProblemsShown) {
      fmt::print(context.err, "  and {} more; --json names them.\n",
                 grouped(result->rejected - kProblemsShown));
    }
  }
  if (common.output() != OutputForm::kTable) {
    print_json(context, import_json(*result), common.output());
  } else {
    std::string languages;
    for (const std::string& language : result->languages) {
      languages += (languages.empty() ? "" : ", ") + (language.empty() ? "no language" : language);
    }
    fmt::print(context.out, "{}, {}, {}{}.\n", count_of(result->topics, "topic", "topics"),
               count_of(result->parents, "relation", "relations"),
               count_of(result->names, "name", "names"),
               languages.empty() ? "" : " (" + languages + ")");
    if (result->report.topics_from_edges > 0) {
      fmt::print(context.out, "{} because relations speak of {}.\n",
                 count_of(result->report.topics_from_edges, "of them is there only",
                          "of them are there only"),
                 result->report.topics_from_edges == 1 ? "it" : "them");
    }
    if (result->report.roots > 0) {
      context.out << "A root under which everything hangs was left out.\n";
    }
    if (result->erased > 0) {
      fmt::print(context.out, "{} left out that would name somebody who was erased.\n",
                 count_of(result->erased, "topic or name was", "topics and names were"));
    }
    context.out << "Topics mean this from now on; nothing has to be scored again.\n";
  }
  return strict && result->rejected > 0 ? kExitNothing : kExitDone;
}

int list_topics(Context& context, const CommonOptions& common, OpenWorkspace& open,
                const TopicsRequest& request) {
  const auto list = open.query().topics(request);
  if (!list.ok()) return complain(context, list.error());
  const int code = list->topics.empty() && !request.search.empty() ? kExitNothing : kExitDone;
  if (print_for_programs(context, common.output(), *list)) return code;
  std::ostream& out = context.out;
  if (list->meta.simulated) out << "SIMULATED: a made-up community, nobody real.\n";
  if (list->topics.empty()) {
    out << (request.search.empty() ? "No act is about any topic.\n"
                                   : "No topic here is called so.\n");
    return code;
  }
  Table table(
      {{"topic", false}, {"people", true}, {"responses", true}, {"in the ontology", false}});
  for (const TopicSummary& topic : list->topics) {
    table.row({topic.topic, grouped(topic.people), grouped(topic.responses),
               topic.id.empty() ? "" : fmt::format("{} ({})", topic.name, topic.id)});
  }
  table.print(out, context.columns);
  if (list->found > list->topics.size()) {
    fmt::print(out, "and {} more: --limit 0 shows all, --search WORD those that hold it.\n",
               grouped(list->found - list->topics.size()));
  }
  out << '\n'
      << wrap(fmt::format(
                  "People who were responded to on a topic or any below it, as of {}. {}",
                  to_day(list->meta.as_of),
                  list->in_ontology > 0
                      ? fmt::format("The ontology has {} topics.", grouped(list->in_ontology))
                      : "No ontology was imported: `bellwether topics import FILE...`."),
              static_cast<size_t>(context.columns), 0)
      << '\n';
  return kExitDone;
}

void print_relatives(Context& context, std::string_view title,
                     const std::vector<TopicCard::Relative>& list) {
  if (list.empty()) return;
  constexpr size_t kShown = 15;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, list.size()); ++i) {
    text += (i == 0 ? "" : ", ") + list[i].topic;
    if (list[i].responses > 0) text += fmt::format(" ({})", grouped(list[i].people));
  }
  if (list.size() > kShown) text += fmt::format(" and {} more", grouped(list.size() - kShown));
  fmt::print(context.out, "  {:<12}{}\n", title,
             wrap(text, static_cast<size_t>(context.columns), 14));
}

int show_topic(Context& context, const CommonOptions& common, OpenWorkspace& open,
               const std::string& topic) {
  const auto card = open.query().topic(topic, common.viewer());
  if (!card.ok()) return complain(context, card.error());
  if (print_for_programs(context, common.output(), *card)) return kExitDone;
  std::ostream& out = context.out;
  if (card->meta.simulated) out << "SIMULATED: a made-up community, nobody real.\n";
  const TopicSummary& summary = card->summary;
  out << (summary.name.empty() ? summary.topic : summary.name) << '\n';
  if (summary.id.empty()) {
    out << summary.topic << "  (not in an ontology)\n\n";
  } else {
    fmt::print(out, "{}  (topic {}{})\n\n", summary.topic, summary.id,
               card->wiki.empty() ? "" : ", Wikidata " + card->wiki);
  }
  print_relatives(context, "Above", card->parents);
  print_relatives(context, "Below", card->children);
  print_relatives(context, "Also called", card->also);
  const auto listed = [&](std::string_view title, const std::vector<std::string>& words) {
    if (words.empty()) return;
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    fmt::print(out, "  {:<12}{}\n", title, wrap(text, static_cast<size_t>(context.columns), 14));
  };
  std::vector<std::string> names;
  for (const Ontology::Name& name : card->names) {
    names.push_back(name.language.empty() ? name.name
                                          : fmt::format("{} ({})", name.name, name.language));
  }
  listed("Names", names);
  listed("In the log", card->spellings);
  if (summary.responses > 0) {
    fmt::print(out, "  {:<12}{} towards {}, topics below included\n", "Acts",
               count_of(summary.responses, "response", "responses"),
               count_of(summary.people, "person", "people"));
  }
  if (!card->in_log) {
    out << "\nNo act here is about it or anything below it.\n";
    return kExitDone;
  }
  out << '\n';
  Ranking ranking;
  ranking.meta = card->meta;
  ranking.meta.simulated = false;  // said above
  ranking.people = card->people;
  ranking.settled = card->settled;
  ranking.provisional = card->provisional;
  print_ranking(context, ranking);
  return kExitDone;
}

// The person's first account.
Result<std::string> account_of(OpenWorkspace& open, const std::string& person) {
  const auto accounts = open.query().accounts_of(person);
  if (accounts.ok()) return accounts->front();
  const size_t colon = person.find(':');
  if (colon == std::string::npos) return accounts.error();
  // Nothing need be scored for this.
  const auto known =
      open.workspace().store().knows(person.substr(0, colon), person.substr(colon + 1));
  if (!known.ok()) return known.error();
  if (!*known) return accounts.error();
  return person;
}

int list_hidden(Context& context, const CommonOptions& common, OpenWorkspace& open,
                const std::string& account) {
  const auto hidden = open.workspace().registry().hidden_topics(account);
  if (!hidden.ok()) return complain(context, hidden.error());
  if (common.output() != OutputForm::kTable) {
    print_json(context, {{"account", account}, {"hidden_topics", *hidden}}, common.output());
    return kExitDone;
  }
  if (hidden->empty()) context.out << "They hide no topic.\n";
  for (const std::string& topic : *hidden) context.out << topic << '\n';
  return kExitDone;
}

int hide_topic(Context& context, const CommonOptions& common, OpenWorkspace& open,
               const std::string& person, const std::string& topic, bool hide) {
  const auto account = account_of(open, person);
  if (!account.ok()) return complain(context, account.error());
  if (topic.empty()) return list_hidden(context, common, open, *account);
  Registry& registry = open.workspace().registry();
  const auto called = open.query().topic_called(topic);
  const std::string name = called.ok() ? *called : normalise_topic(topic);
  if (name.empty()) {
    fmt::print(context.err, "bellwether topics: '{}' is no topic\n", topic);
    return kExitUsage;
  }
  if (hide) {
    if (const auto done = registry.hide_topic(*account, name); !done.ok()) {
      return complain(context, done.error());
    }
    fmt::print(context.err, "{} is not shown with '{}' any more; the score stays as it is.\n",
               *account, name);
    // One may hide what is still to come, but a word that nobody uses is more likely misspelt.
    if (called.ok()) {
      const auto known = open.query().topic(topic, Viewer::kOperator);
      if (!known.ok() && known.error().code == ErrorCode::kNotFound) {
        fmt::print(context.err, "So far {}.\n", known.error().message);
      } else if (known.ok() && !known->in_log) {
        fmt::print(context.err, "So far no act is about '{}' or anything below it.\n", topic);
      }
    }
  } else {
    // It may have been hidden under another of its names.
    const auto hidden = registry.hidden_topics(*account);
    if (!hidden.ok()) return complain(context, hidden.error());
    std::string found = name;
    for (const std::string& each : *hidden) {
      const auto same = open.query().topic_called(each);
      if (each == name || (same.ok() && *same == name)) found = each;
    }
    if (const auto done = registry.restore_topic(*account, found); !done.ok()) {
      return complain(context, done.error());
    }
    fmt::print(context.err, "{} is shown with '{}' again, where the evidence is enough.\n",
               *account, name);
  }
  if (const auto done = open.query().refresh(); !done.ok()) return complain(context, done.error());
  return kExitDone;
}

}  // namespace

int command_topics(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "What the log is about, who moves people on it, and how topics belong together.\nA topic is "
      "somebody's only on evidence: at least three vouched people moved on it, on at least two "
      "days.",
      "bellwether topics");
  app.require_subcommand(1);
  CommonOptions common;

  CLI::App* list = app.add_subcommand("list", "topics of the log, by how many people they concern");
  add_common(*list, context, common, true, false);
  TopicsRequest request;
  list->add_option("--search", request.search, "only those whose name, in any language, holds this")
      ->type_name("TEXT");
  list->add_option("--limit", request.limit, "at most so many; 0: all")->capture_default_str();

  CLI::App* show = app.add_subcommand(
      "show", "one topic: what is above and below it, what it is called, who moves most on it");
  add_common(*show, context, common, true, true);
  std::string topic;
  show->add_option("TOPIC", topic, "by any name, in any spelling, or by the ontology's id")
      ->required();

  CLI::App* import = app.add_subcommand("import", "bring an ontology of topics from CSV files");
  add_common(*import, context, common, true, false);
  std::vector<std::string> paths;
  bool strict = false;
  import->add_option("PATH", paths, "files, a folder or an archive of them")->required();
  import->add_flag("--strict", strict, "exit with 1 where any row is rejected");
  import->footer(
      "What a file holds is told by its first line:\n"
      "  topics   topicId, topicSlug, topicDisplayName, wikiItemId, freebaseMachineId\n"
      "  parents  parentTopicId, parentTopicSlug, childTopicId, childTopicSlug\n"
      "  names    topicId, language, topicDisplayName\n"
      "Of topics an id and one of slug and name are enough, of parents the two ids; id, slug, "
      "name, "
      "parent and child\nare understood too. Give all files at once: an import replaces the one "
      "before. A score is not changed by it; a\ntopic's score and what it takes for a topic to be "
      "somebody's then count the topics below it.\n\n"
      "Example:\n  bellwether topics import klout_topic_*.csv");

  CLI::App* hide = app.add_subcommand(
      "hide", "do not show a person with this topic; without TOPIC, tell which they hide");
  add_common(*hide, context, common, true, false);
  std::string person;
  std::string hidden_topic;
  hide->add_option("PERSON", person, "network:name, the id, or a name that only one person has")
      ->required();
  hide->add_option("TOPIC", hidden_topic, "by any name");
  hide->footer(
      "The topic is then nowhere on what others see of the person: not on their card, not in its "
      "ranking, not in the\nexplanation, where its points go to the others. The score stays as it "
      "is, and you still see it, marked. Topics\nbelow it are topics of their own. It holds until "
      "`topics restore`, whatever is read or scored.");

  CLI::App* restore = app.add_subcommand("restore", "show a hidden topic again");
  add_common(*restore, context, common, true, false);
  restore->add_option("PERSON", person, "network:name, the id, or a name that only one person has")
      ->required();
  restore->add_option("TOPIC", hidden_topic, "by any name")->required();

  app.footer(
      "Examples:\n"
      "  bellwether topics list --search quantum\n"
      "  bellwether topics show 'quantum gates'\n"
      "  bellwether topics import klout_topic_*.csv\n"
      "  bellwether topics hide mastodon:@ana@example.social tea");
  if (const auto code = parse(app, context, arguments)) return *code;

  const bool reads = *list || *show;
  auto open = reads ? OpenWorkspace::open_to_read(context, common)
                    : OpenWorkspace::open(context, common, static_cast<bool>(*import));
  if (!open.ok()) return complain(context, open.error());
  if (*list) return list_topics(context, common, *open, request);
  if (*show) return show_topic(context, common, *open, topic);
  if (*import) return import_topics(context, common, *open, paths, strict);
  return hide_topic(context, common, *open, person, hidden_topic, static_cast<bool>(*hide));
}

}  // namespace bellwether
