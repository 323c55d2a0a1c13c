// SPDX-License-Identifier: Apache-2.0
#include "config/toml_source.h"

#include <toml++/toml.h>

#include <algorithm>
#include <new>
#include <sstream>
#include <string>
#include <utility>

#include "config/load.h"

namespace config {
namespace {

Place place_of(const toml::source_region& region) {
  const bool one_line = region.begin.line == region.end.line;
  const bool forward = region.end.column > region.begin.column;
  return {region.begin.line, region.begin.column,
          one_line && forward ? region.end.column - region.begin.column : 0};
}

bool before(const Member& a, const Member& b) {
  return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
}

class Converter {
 public:
  explicit Converter(Report& report) : report_(report) {}

  Value convert(const toml::node& node, std::size_t depth) {
    Value value;
    value.place = place_of(node.source());
    switch (node.type()) {
      case toml::node_type::table:
        convert_table(*node.as_table(), depth, value);
        break;
      case toml::node_type::array:
        convert_array(*node.as_array(), depth, value);
        break;
      default:
        convert_scalar(node, value);
    }
    return value;
  }

 private:
  bool too_deep(std::size_t depth, const Place& place) {
    if (depth < kMaxDepth) return false;
    report_.error(place, "nested too deeply (at most " + std::to_string(kMaxDepth) + " levels)");
    return true;
  }

  void convert_table(const toml::table& table, std::size_t depth, Value& value) {
    value.kind = Value::Kind::Table;
    if (too_deep(depth, value.place)) return;
    for (const auto& [key, node] : table)
      value.members.push_back(
          {std::string(key.str()), place_of(key.source()), convert(node, depth + 1)});
    // The library sorts by name.
    std::stable_sort(value.members.begin(), value.members.end(), before);
  }

  void convert_array(const toml::array& array, std::size_t depth, Value& value) {
    value.kind = Value::Kind::Array;
    if (too_deep(depth, value.place)) return;
    for (const toml::node& node : array) value.items.push_back(convert(node, depth + 1));
  }

  static void convert_scalar(const toml::node& node, Value& value) {
    if (const auto* string = node.as_string()) {
      value.kind = Value::Kind::String;
      value.text = string->get();
    } else if (const auto* integer = node.as_integer()) {
      value.kind = Value::Kind::Integer;
      value.integer = integer->get();
    } else if (const auto* boolean = node.as_boolean()) {
      value.kind = Value::Kind::Boolean;
      value.integer = boolean->get() ? 1 : 0;
    } else if (const auto* date = node.as_date()) {
      std::ostringstream text;
      text << date->get();
      value.kind = Value::Kind::Date;
      value.text = text.str();
    } else {
      value.kind = node.is_floating_point() ? Value::Kind::Float : Value::Kind::Time;
    }
  }

  Report& report_;
};

// Tells the first line that is too long.
bool has_long_line(std::string_view text, Report& report) {
  unsigned line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end - begin > kMaxLine) {
      report.error({line, 1, 1}, "the line is longer than " + std::to_string(kMaxLine) + " bytes",
                   "break it up");
      return true;
    }
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::optional<Value> parse_toml(std::string_view text, Report& report) {
  if (has_long_line(text, report)) return {};
  try {
    const toml::table table = toml::parse(text);
    return Converter(report).convert(table, 0);
  } catch (const toml::parse_error& error) {
    Place place = place_of(error.source());
    place.length = 1;
    report.error(place, "syntax: " + std::string(error.description()), "nothing else was checked");
  } catch (const std::bad_alloc&) {
    report.error({}, "not enough memory to read the file");
  }
  return {};
}

}  // namespace config
