// SPDX-License-Identifier: Apache-2.0
// THE table of the configuration: every section and every key, once. The loader, the man page, the
// sample and `postern config describe` are made from it. To add a key, add a row (and a field in
// the Settings of the module that it is for).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "config/config.h"
#include "config/value.h"
#include "config/values.h"

namespace config {

// How a value is written and checked; interpret.cc has one row for each.
enum class Type {
  String,
  ReplyText,
  Boolean,
  Integer,
  Size,
  Duration,
  CountRate,
  ByteRate,
  Choice,
  Date,
  ZoneLines,
  Network,
  Networks,
  ListenAddress,
  DnsServers,
  HostName,
  MailboxName,
  FolderName,
  MailboxNames,
  MailboxesFile,
  Aliases,
  Delimiters,
  UserName,
  Path,
  SocketPath,
  PemFile,
  KeyFile,
};

struct Alias {
  std::string from;  // lower case
  std::string to;    // lower case
  Place place;       // of the target
};
struct ListenAddress {
  std::string text;
  base::Endpoint endpoint;   // unused when systemd_name is set
  std::string systemd_name;  // of "systemd:NAME"
};
struct PemFile {
  std::string path;
  std::string bytes;
};

// A checked value. Integers, sizes, booleans and choices (the index of the allowed value) are
// numbers.
using Parsed =
    std::variant<std::int64_t, std::chrono::milliseconds, policy::Rate, std::string,
                 std::vector<std::string>, std::vector<base::Network>, std::vector<base::Endpoint>,
                 std::vector<Alias>, ListenAddress, PemFile>;

struct Key {
  enum class Need { Optional, Required };

  std::string_view path;  // "smtp.max_recipients"; no index for arrays of tables
  Type type = Type::String;
  std::string_view fallback = {};  // the default as it is written in TOML; empty: none
  std::string_view least = {};     // range, without quotes; empty: none
  std::string_view most = {};
  std::span<const std::string_view> allowed = {};  // of Choice, in the order of the enum it sets
  Need need = Need::Optional;
  bool reloadable = true;  // takes effect without a restart
  // Shown by the sample where there is no default; such a key is active in the sample when it is
  // required, or when `in_sample` is set.
  std::string_view example = {};
  bool in_sample = false;
  // Into the newest element where the section is an array. Null: without effect in this version.
  void (*set)(Config&, const Parsed&) = nullptr;
  // Values that have no effect yet although the key has; null: none.
  bool (*ignores)(const Parsed&) = nullptr;
  std::string_view doc = {};
};

struct Section {
  enum class Kind { Table, Array };

  std::string_view path;  // "" is the top of the file
  Kind kind = Kind::Table;
  bool required = false;           // arrays: at least one
  void (*add)(Config&) = nullptr;  // arrays: appends an element; null: nothing to append to
  std::string_view doc = {};
};

std::span<const Section> sections();  // in the order of the sample
std::span<const Key> keys();          // by section, in the order of the sample

const Section* find_section(std::string_view path);
const Key* find_key(std::string_view path);

std::string_view section_of(const Key& key);  // "smtp"
std::string_view name_of(const Key& key);     // "max_recipients"
std::vector<const Key*> keys_of(const Section& section);

}  // namespace config
