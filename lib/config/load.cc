// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "config/closest.h"
#include "config/cross_checks.h"
#include "config/describe.h"
#include "config/interpret.h"
#include "config/keys.h"
#include "config/report.h"
#include "config/tables.h"
#include "config/toml_source.h"

namespace config {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kVersionKey = "config_version";

std::string in_section(const Section& section) {
  return section.path.empty() ? std::string() : " in " + header_of(section);
}

std::string join(const Section& section, const std::string& name) {
  return section.path.empty() ? name : std::string(section.path) + '.' + name;
}

std::string_view last_name(const Section& section) {
  return section.path.substr(section.path.rfind('.') + 1);
}

bool is_section_like(const Value& value) {
  const bool has_tables =
      value.kind == Kind::Array && !value.items.empty() && value.items.front().kind == Kind::Table;
  return value.kind == Kind::Table || has_tables;
}

// Names that may stand in the section.
std::vector<std::string_view> names_in(const Section& section) {
  std::vector<std::string_view> names;
  for (const Key* key : keys_of(section)) names.push_back(name_of(*key));
  for (const Section& other : sections())
    if (!other.path.empty() && join(section, std::string(last_name(other))) == other.path)
      names.push_back(last_name(other));
  return names;
}

// Where a name that is in the wrong place would be right.
std::string right_place(const std::string& name) {
  for (const Key& key : keys()) {
    if (name_of(key) != name) continue;
    const Section& section = *find_section(section_of(key));
    return section.path.empty() ? "it belongs above the first section"
                                : "it belongs in " + header_of(section);
  }
  for (const Section& section : sections())
    if (!name.empty() && last_name(section) == name) return "it is written " + header_of(section);
  return {};
}

// The value of a row's default; a row that has a bad one is our bug.
Value default_value(const Key& key) {
  const std::string text = "value = " + std::string(key.fallback);
  Report report("keys.cc", text);
  auto table = parse_toml(text, report);
  POSTERN_ASSERT(table && table->members.size() == 1);
  Value value = std::move(table->members.front().value);
  value.place = {};
  return value;
}

class Loader {
 public:
  Loader(const std::string& directory, FileProvider& files, Report& report, Loaded& loaded)
      : directory_(directory), files_(files), report_(report), loaded_(loaded) {}

  void run(const Value& top, base::WallTime now) {
    read_table(*find_section(""), top);
    for (const Section& section : sections()) {
      if (seen_.contains(section.path)) continue;
      if (section.kind == Section::Kind::Table) read_table(section, Value{});
      if (section.required) report_.error({}, "missing section " + header_of(section));
    }
    if (!tables_.empty() && !tables_.front().find(kVersionKey)->in_file())
      report_.note({}, "config_version is not set; 1 is assumed");
    cross_check(tables_, now, report_);
    note_further_certificates();
    collect_guarded_domains();
  }

 private:
  void read_table(const Section& section, const Value& value) {
    seen_.insert(section.path);
    const std::size_t index = tables_.size();  // further ones follow while this one is read
    // What is missing at the top is missing from the whole file.
    tables_.push_back({&section, section.path.empty() ? Place{} : value.place, {}});
    if (section.add != nullptr) section.add(loaded_.config);
    for (const Member& member : value.members) read_member(section, member, index);
    for (const Key* key : keys_of(section)) complete(*key, section, index);
  }

  void read_member(const Section& section, const Member& member, std::size_t table) {
    // A dot inside a quoted name must not reach into another section.
    const bool plain = !member.name.empty() && member.name.find('.') == std::string::npos;
    const std::string path = join(section, member.name);
    const Key* key = plain ? find_key(path) : nullptr;
    const Section* inner = plain ? find_section(path) : nullptr;
    if (key != nullptr)
      read_setting(*key, member.value, table);
    else if (inner != nullptr)
      read_section(*inner, member);
    else
      unknown(section, member);
  }

  void read_setting(const Key& key, const Value& value, std::size_t table) {
    auto parsed = interpret(value, {key, directory_, files_, report_});
    if (parsed && key.set != nullptr) key.set(loaded_.config, *parsed);
    const bool ignored = key.set == nullptr || (parsed && key.ignores && key.ignores(*parsed));
    if (value.place.line != 0 && ignored) without_effect(std::string(key.path));
    tables_[table].settings.push_back({&key, value.place, std::move(parsed)});
  }

  void read_section(const Section& section, const Member& member) {
    if (section.kind == Section::Kind::Array) return read_array(section, member);
    if (member.value.kind == Kind::Table) return read_table(section, member.value);
    seen_.insert(section.path);
    wrong_section(section, member);
  }

  void read_array(const Section& section, const Member& member) {
    const auto& items = member.value.items;
    const bool tables = std::all_of(items.begin(), items.end(),
                                    [](const Value& item) { return item.kind == Kind::Table; });
    if (member.value.kind != Kind::Array || !tables) {
      seen_.insert(section.path);
      return wrong_section(section, member);
    }
    if (items.size() > kMaxElements) {
      seen_.insert(section.path);
      return report_.error(items[kMaxElements].place, "more than " + std::to_string(kMaxElements) +
                                                          " times " + header_of(section));
    }
    for (const Value& item : items) read_table(section, item);
  }

  void wrong_section(const Section& section, const Member& member) {
    const Value& value = member.value;
    const std::string found =
        is_section_like(value)
            ? (value.kind == Kind::Table ? "[" + std::string(section.path) + ']'
                                         : "[[" + std::string(section.path) + "]]")
            : std::string(describe(value.kind));
    report_.error(member.place, "expected " + header_of(section) + ", found " + found,
                  section.kind == Section::Kind::Array
                      ? "there can be several: write " + header_of(section)
                      : "there is only one: write " + header_of(section));
  }

  void unknown(const Section& section, const Member& member) {
    std::string hint = did_you_mean(member.name, names_in(section));
    if (hint.empty()) hint = right_place(member.name);
    const std::string what = is_section_like(member.value) ? "section" : "setting";
    report_.error(member.place, "unknown " + what + ' ' + quoted(member.name) + in_section(section),
                  hint);
  }

  // What the file does not say: the default, or that it is missing.
  void complete(const Key& key, const Section& section, std::size_t table) {
    if (tables_[table].find(name_of(key)) != nullptr) return;
    if (!key.fallback.empty()) return read_setting(key, default_value(key), table);
    if (key.need == Key::Need::Required)
      report_.error(tables_[table].place,
                    "missing setting " + quoted(name_of(key)) + in_section(section),
                    std::string(name_of(key)) + " = " + std::string(key.example));
  }

  void without_effect(const std::string& what) {
    auto& list = loaded_.without_effect;
    if (std::find(list.begin(), list.end(), what) == list.end()) list.push_back(what);
  }

  void note_further_certificates() {
    if (loaded_.config.tls.certificates.size() > 1)
      without_effect("tls.certificate (all but the first)");
  }

  // Its name may stand behind its protection.
  void collect_guarded_domains() {
    Config& config = loaded_.config;
    for (const policy::Domain& domain : config.domains)
      if (domain.spoof_protection == policy::SpoofProtection::Reject)
        config.auth_policy.guarded_domains.push_back(domain.name);
  }

  const std::string& directory_;
  FileProvider& files_;
  Report& report_;
  Loaded& loaded_;
  std::vector<Table> tables_;
  std::set<std::string_view> seen_;  // sections
};

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

bool Loaded::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) {
    return d.severity == Diagnostic::Severity::Error;
  });
}

Loaded load(const std::string& path, FileProvider& files, base::WallTime now) {
  Loaded loaded;
  const auto content = files.read(path);
  if (!content) {
    loaded.file_error = content.error().system_error;
    loaded.diagnostics.push_back(
        {Diagnostic::Severity::Error, path, 0, 0, 0, content.error().reason, {}, {}});
    return loaded;
  }
  Report report(path, content->bytes);
  const std::string directory = directory_of(path);
  if (const auto top = parse_toml(content->bytes, report))
    Loader(directory, files, report, loaded).run(*top, now);
  loaded.diagnostics = report.take();
  return loaded;
}

}  // namespace config
