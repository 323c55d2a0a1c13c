// SPDX-License-Identifier: Apache-2.0
// SECURITY.md shows the tables of roles.cc as they are. With POSTERN_RENEW set the page is written
// anew instead.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "sandbox/roles.h"

namespace {

using sandbox::CallRow, sandbox::Role;

constexpr std::pair<Role, const char*> kRoles[] = {{Role::Smtp, "smtp"},
                                                   {Role::Deliver, "deliver"},
                                                   {Role::Verify, "verify"},
                                                   {Role::Resolve, "resolve"}};
const std::string kPage = POSTERN_SOURCE_DIR "/SECURITY.md";
const std::string kEnd = "<!-- end of the table -->\n";

struct Table {
  std::string begin;  // the mark above it
  std::vector<CallRow> (*rows)(Role role);
};
const Table kTables[] = {
    {"<!-- allowed calls, from lib/sandbox/roles.cc -->\n", sandbox::describe},
    {"<!-- fatal calls, from lib/sandbox/roles.cc -->\n", sandbox::describe_fatal}};

struct PageRow {
  CallRow row;
  std::string roles;
};

// Equal rows of several roles are one row.
std::vector<PageRow> merged(const Table& table) {
  std::vector<PageRow> page;
  for (const auto& [role, name] : kRoles) {
    for (const CallRow& row : table.rows(role)) {
      const auto same = std::ranges::find_if(page, [&](const PageRow& other) {
        return other.row.calls == row.calls && other.row.condition == row.condition &&
               other.row.reason == row.reason;
      });
      if (same == page.end())
        page.push_back({row, name});
      else
        same->roles += std::string(", ") + name;
    }
  }
  return page;
}

std::string in_code(const std::string& calls) {
  std::istringstream words(calls);
  std::string text;
  for (std::string word; words >> word;) text += (text.empty() ? "`" : " `") + word + "`";
  return text;
}

std::string markdown(const Table& table) {
  std::string text = "| calls | only | roles | for |\n|---|---|---|---|\n";
  for (const auto& [row, roles] : merged(table)) {
    const bool all = std::ranges::count(roles, ',') + 1 == std::ssize(kRoles);
    text += "| " + in_code(row.calls) + " | " + row.condition + " | " + (all ? "all" : roles) +
            " | " + row.reason + " |\n";
  }
  return text;
}

std::string read_page() {
  std::ifstream file(kPage);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Where the table stands in the page: begin and length.
std::pair<std::size_t, std::size_t> find_table(const std::string& page, const Table& table) {
  const std::size_t mark = page.find(table.begin);
  REQUIRE(mark != std::string::npos);
  const std::size_t begin = mark + table.begin.size();
  const std::size_t end = page.find(kEnd, begin);
  REQUIRE(end != std::string::npos);
  return {begin, end - begin};
}

}  // namespace

TEST_CASE("SECURITY.md lists the calls of every role") {
  std::string page = read_page();
  for (const Table& table : kTables) {
    const auto [begin, length] = find_table(page, table);
    if (std::getenv("POSTERN_RENEW") != nullptr)
      page.replace(begin, length, markdown(table));
    else
      CHECK(page.substr(begin, length) == markdown(table));
  }
  if (std::getenv("POSTERN_RENEW") != nullptr) std::ofstream(kPage) << page;
}
