// SPDX-License-Identifier: Apache-2.0
// A value of the file, as its key's row in the table wants it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/file_provider.h"
#include "config/keys.h"
#include "config/report.h"
#include "config/value.h"

namespace config {

inline constexpr std::size_t kMaxSocketPath = 107;  // octets; sun_path of unix(7) without its NUL

struct Context {
  const Key& key;
  const std::string& directory;  // of the configuration file, "" or with a '/' at the end
  FileProvider& files;
  Report& report;
};

// Nothing: not as it should be, and the report says why.
std::optional<Parsed> interpret(const Value& value, const Context& context);

// How a value of the type is written, for people: "a duration such as \"5m\"".
std::string_view describe(Type type);
// "an integer", "a section"
std::string_view describe(Value::Kind kind);

}  // namespace config
