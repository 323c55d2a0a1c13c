// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_canonical.h"

#include <algorithm>
#include <utility>

#include "auth/dkim_tags.h"
#include "base/ascii.h"

namespace auth {
namespace {

constexpr std::string_view kNewline = "\r\n";

bool is_space(char c) { return c == ' ' || c == '\t'; }

// Section 3.4.2: unfolded, each run of white space one blank, and none at both ends.
std::string relaxed(std::string_view value) {
  std::string text;
  bool space = false;
  for (const char c : value) {
    if (c == '\r' || c == '\n') continue;
    if (is_space(c)) {
      space = true;
      continue;
    }
    if (space && !text.empty()) text += ' ';
    space = false;
    text += c;
  }
  return text;
}

// `value` is that of the field, or the same without something.
std::string canonical(const mail::HeaderField& field, std::string_view value,
                      DkimCanonicalization form) {
  if (form == DkimCanonicalization::Relaxed) return base::lower(field.name) + ':' + relaxed(value);
  // Section 3.4.1: nothing is changed, not even white space before the colon.
  std::string text(field.raw.substr(0, field.raw.find(':') + 1));
  return text += value;
}

// Section 3.7: with all white space around it, and nothing else.
std::string without_signature(std::string_view value) {
  const auto tags = DkimTagList::parse(value, DkimCharset::Utf8);
  const DkimTag* const tag = std::get<DkimTagList>(tags).find("b");
  const auto name = static_cast<std::size_t>(tag->name.data() - value.data());
  const auto begin = value.find('=', name) + 1;
  const auto end = std::min(value.find(';', begin), value.size());
  return std::string(value.substr(0, begin)).append(value.substr(end));
}

}  // namespace

std::string canonical_field(const mail::HeaderField& field, DkimCanonicalization form) {
  return canonical(field, field.value, form).append(kNewline);
}

std::string canonical_signature(const mail::HeaderField& field, DkimCanonicalization form) {
  return canonical(field, without_signature(field.value), form);
}

CanonicalBody::CanonicalBody(DkimCanonicalization form, std::function<void(std::string_view)> take)
    : relaxed_(form == DkimCanonicalization::Relaxed), take_(std::move(take)) {}

void CanonicalBody::feed(std::string_view piece) {
  for (const char c : piece) feed(c);
}

void CanonicalBody::feed(char c) {
  if (c == '\r') return;
  if (c == '\n') {
    // Sections 3.4.3 and 3.4.4: empty lines at the end are ignored.
    if (in_line_)
      put_newline();
    else
      ++empty_lines_;
    in_line_ = space_ = false;
    return;
  }
  // Section 3.4.4: a run of white space is one blank, unless the line ends behind it.
  if (relaxed_ && is_space(c)) {
    space_ = true;
    return;
  }
  for (; empty_lines_ > 0; --empty_lines_) put_newline();
  if (space_) put(' ');
  put(c);
  in_line_ = true;
  space_ = false;
}

// Section 3.4.3: an empty body is one CRLF when simple; section 3.4.4: nothing when relaxed.
void CanonicalBody::finish() {
  if (size_ == 0 && !relaxed_) put_newline();
  flush();
}

void CanonicalBody::put(char c) {
  if (out_size_ == out_.size()) flush();
  out_[out_size_++] = c;
  ++size_;
}

void CanonicalBody::put_newline() {
  for (const char c : kNewline) put(c);
}

void CanonicalBody::flush() {
  take_({out_.data(), out_size_});
  out_size_ = 0;
}

}  // namespace auth
