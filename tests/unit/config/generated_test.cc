// SPDX-License-Identifier: Apache-2.0
// The man page and the sample are made from the key table and committed. To refresh them:
//   postern config describe --format man > man/postern.conf.5
//   postern config describe --format sample > conf/postern.conf
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "config/describe.h"
#include "support/configs.h"

namespace {

std::string committed(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(POSTERN_SOURCE_DIR "/" + path).rdbuf();
  return text.str();
}

// The sample with every setting in it active: "#name = value" loses its mark, "# text" does not.
std::string everything_active(const std::string& sample) {
  std::istringstream lines(sample);
  std::string result, line;
  while (std::getline(lines, line)) {
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ') line.erase(0, 1);
    result += line + '\n';
  }
  return result;
}

}  // namespace

TEST_CASE("the committed man page is the key table's") {
  CHECK(committed("man/postern.conf.5") == config::man_page());
}

TEST_CASE("the committed sample is the key table's") {
  CHECK(committed("conf/postern.conf") == config::sample());
}

TEST_CASE("the sample loads as it is") {
  const auto loaded = support::load_text(config::sample());
  CHECK(config::render(loaded.diagnostics).empty());
  CHECK(loaded.without_effect.empty());
}

TEST_CASE("every default and example in the sample is valid") {
  std::string text = everything_active(config::sample());
  const std::string list = "mailboxes = [\"postmaster\", \"info\"]\n";  // mailboxes_file stays
  const auto at = text.find(list);
  REQUIRE(at != std::string::npos);
  text.erase(at, list.size());
  auto files = support::config_files(text);
  files.add("/etc/postern/example.org.mailboxes", "postmaster\ninfo\n");
  const auto loaded = config::load(support::kConfigPath, files);
  CHECK(config::render(loaded.diagnostics).empty());
}

TEST_CASE("the sample and the man page fit their pages and name every key") {
  std::istringstream lines(config::sample());
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  for (const config::Key& key : config::keys()) {
    const std::string name(config::name_of(key));
    INFO(key.path);
    CHECK(config::sample().find(name + " = ") != std::string::npos);
    CHECK(config::man_page().find(".It Va " + name + '\n') != std::string::npos);
    CHECK(config::describe_keys().find("  " + name + ' ') != std::string::npos);
  }
}

TEST_CASE("a key is described with all that its row says") {
  CHECK(config::describe_key(*config::find_key("tls.min_version")) ==
        "tls.min_version\n"
        "  Oldest TLS version that is accepted.\n"
        "  Value:   One of \"1.2\" and \"1.3\".\n"
        "  Default: \"1.2\"\n");
  CHECK(config::describe_key(*config::find_key("limits.wide.factor")) ==
        "limits.wide.factor\n"
        "  How many times the limits of a network the wide network has.\n"
        "  Value:   An integer, 1 to 1000.\n"
        "  Default: 10\n");
  CHECK_THAT(
      config::describe_key(*config::find_key("listener.address")),
      Catch::EndsWith("  Example: \"0.0.0.0:25\"\n  Required.\n  A change needs a restart.\n"));
}

TEST_CASE("text is wrapped between words") {
  CHECK(config::wrap("one two three", "# ", 9) == "# one two\n# three\n");
  CHECK(config::wrap("unbreakable word", "", 5) == "unbreakable\nword\n");
  CHECK(config::wrap("", "# ", 9).empty());
}
