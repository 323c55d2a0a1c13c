// SPDX-License-Identifier: Apache-2.0
#include "config/keys.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "config/describe.h"

using namespace config;

TEST_CASE("every row of the key table is complete") {
  std::set<std::string_view> paths;
  for (const Key& key : keys()) {
    INFO(key.path);
    CHECK(paths.insert(key.path).second);
    CHECK(find_key(key.path) == &key);
    CHECK(find_section(section_of(key)) != nullptr);
    CHECK_FALSE(key.doc.empty());
    CHECK(key.doc.back() == '.');
    CHECK((key.type == Type::Choice) == !key.allowed.empty());
    // What a sample shows, unless a setting must be made.
    CHECK_FALSE((key.fallback.empty() && key.example.empty()));
    CHECK_FALSE((key.need == Key::Need::Required && !key.fallback.empty()));
    CHECK((key.least.empty() || !key.most.empty()));
  }
}

TEST_CASE("every section is declared once and after the one around it") {
  std::set<std::string> seen;
  for (const Section& section : sections()) {
    INFO(section.path);
    const std::string path(section.path);
    const auto dot = path.rfind('.');
    if (dot != std::string::npos) CHECK(seen.contains(path.substr(0, dot)));
    CHECK(seen.insert(path).second);
    CHECK_FALSE(section.doc.empty());
    CHECK(find_key(path) == nullptr);
  }
}

TEST_CASE("what a reload cannot change") {
  for (const Key& key : keys()) {
    INFO(key.path);
    const std::string path(key.path);
    const bool fixed = path.starts_with("listener.") || path.starts_with("state.") ||
                       path.starts_with("control.") || path.starts_with("workers.") ||
                       path == "spool.directory";
    CHECK(key.reloadable == !fixed);
  }
}

TEST_CASE("names of keys") {
  CHECK(section_of(*find_key("hostname")) == "");
  CHECK(name_of(*find_key("hostname")) == "hostname");
  CHECK(section_of(*find_key("tls.certificate.chain")) == "tls.certificate");
  CHECK(name_of(*find_key("tls.certificate.chain")) == "chain");
  CHECK(keys_of(*find_section("log")).size() == 2);
  CHECK(find_key("smtp") == nullptr);
  CHECK(find_key("") == nullptr);
}
