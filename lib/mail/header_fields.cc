// SPDX-License-Identifier: Apache-2.0
#include "mail/header_fields.h"

#include <algorithm>
#include <iterator>

#include "base/ascii.h"

namespace mail {
namespace {

constexpr std::string_view kNewline = "\r\n";

// The first line of `text`, with its CRLF unless the text ends before.
std::string_view first_line(std::string_view text) {
  const auto end = text.find(kNewline);
  return text.substr(0, end == std::string_view::npos ? end : end + kNewline.size());
}

bool continues(std::string_view text) {
  return !text.empty() && (text.front() == ' ' || text.front() == '\t');
}

// The first line of `text`, and those that continue it.
std::string_view first_field(std::string_view text) {
  std::size_t size = first_line(text).size();
  while (continues(text.substr(size))) size += first_line(text.substr(size)).size();
  return text.substr(0, size);
}

// field-name *WSP ":" ; section 4.5.3
HeaderField split(std::string_view raw) {
  const auto colon = raw.find(':');
  const std::string_view name = base::trim(raw.substr(0, colon));
  const bool has_name = colon != std::string_view::npos && !name.empty() && !continues(raw) &&
                        std::all_of(name.begin(), name.end(), is_ftext);
  if (!has_name) return {raw, {}, {}};
  std::string_view value = raw.substr(colon + 1);
  if (value.ends_with(kNewline)) value.remove_suffix(kNewline.size());
  return {raw, name, value};
}

// What begins a message in an mbox file, and comes along when one is sent as it is.
bool is_mbox_line(std::string_view line) {
  return line.starts_with("From ") || line.starts_with(">From ");
}

bool is_named(const HeaderField& field, std::string_view name) {
  return base::iequals(field.name, name);
}

}  // namespace

HeaderFields::HeaderFields(std::string_view message) {
  std::size_t size = 0;
  while (size < message.size() && !message.substr(size).starts_with(kNewline)) {
    const HeaderField field = split(first_field(message.substr(size)));
    needs_empty_line_ = fields_.empty() && field.name.empty() && !is_mbox_line(field.raw);
    if (needs_empty_line_) break;
    fields_.push_back(field);
    size += field.raw.size();
  }
  section_ = message.substr(0, size);
  size_with_empty_line_ = size + (message.substr(size).starts_with(kNewline) ? kNewline.size() : 0);
}

std::size_t HeaderFields::count(std::string_view name) const { return find_all(name).size(); }

std::vector<HeaderField> HeaderFields::find_all(std::string_view name) const {
  std::vector<HeaderField> found;
  std::copy_if(fields_.begin(), fields_.end(), std::back_inserter(found),
               [&](const HeaderField& field) { return is_named(field, name); });
  return found;
}

const HeaderField* HeaderFields::find(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const HeaderField& field) { return is_named(field, name); });
  return found == fields_.end() ? nullptr : &*found;
}

std::size_t HeaderFields::remove_if(const std::function<bool(const HeaderField&)>& unwanted) {
  return std::erase_if(fields_, unwanted);
}

std::vector<std::string_view> HeaderFields::pieces() const {
  std::vector<std::string_view> pieces;
  for (const HeaderField& field : fields_) {
    const std::string_view last = pieces.empty() ? std::string_view() : pieces.back();
    if (last.data() != nullptr && last.data() + last.size() == field.raw.data()) {
      pieces.back() = {last.data(), last.size() + field.raw.size()};
    } else {
      pieces.push_back(field.raw);
    }
  }
  return pieces;
}

bool looks_like(const HeaderField& line, std::string_view name) {
  const auto colon = line.raw.find(':');
  if (!line.name.empty() || colon == std::string_view::npos) return false;
  std::string bare(line.raw.substr(0, colon));
  std::erase_if(bare, [](char c) { return !is_ftext(c); });
  return base::iequals(bare, name);
}

std::string unfolded(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const std::string_view line = first_line(value);
    text += line.substr(0, line.size() - (line.ends_with(kNewline) ? kNewline.size() : 0));
    value.remove_prefix(line.size());
  }
  return std::string(base::trim(text));
}

bool is_ftext(char c) { return base::is_printable(c) && c != ' ' && c != ':'; }

}  // namespace mail
