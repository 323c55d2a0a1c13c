// SPDX-License-Identifier: Apache-2.0
#include "obs/log.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "obs/render.h"
#include "obs/writer.h"

namespace obs {
namespace {

struct EventRow {
  std::string_view name;
  Level level;
  std::string_view fields;  // separated by single spaces
};

constexpr std::array kEvents{
#define POSTERN_EVENT(name, level, fields, doc) EventRow{#name, Level::level, fields},
#include "obs/events.def"
#undef POSTERN_EVENT
};

const EventRow& row_of(Event event) { return kEvents.at(static_cast<std::size_t>(event)); }

// Takes the first word off `fields`.
std::string_view next_field(std::string_view& fields) {
  const auto space = fields.find(' ');
  const std::string_view word = fields.substr(0, space);
  fields.remove_prefix(space == std::string_view::npos ? fields.size() : space + 1);
  return word;
}

bool lists(std::string_view fields, std::string_view key) {
  while (!fields.empty())
    if (next_field(fields) == key) return true;
  return false;
}

std::string escape_cut(std::string_view text, std::size_t most) {
  return escape(text.substr(0, most)) + (text.size() > most ? "..." : "");
}

void append(Format format, std::string& line, std::string_view key, std::string_view value,
            bool quoted) {
  (format == Format::Json ? append_json : append_logfmt)(line, key, value, quoted);
}

}  // namespace

void use_journal(int fd) { writer().use_journal(fd); }

int journal_fd() { return writer().journal_fd(); }

void configure(const Settings& settings) { writer().configure(settings); }
void start(const Settings& settings) { writer().start(settings); }

void stop() { writer().stop(); }

std::string escape_peer(std::string_view text) { return escape_cut(text, kMaxPeerText); }

Line& Line::token(std::string_view key, std::string_view value) {
  POSTERN_ASSERT(is_token(value));
  return add(key, Kind::Token, std::string(value));
}

Line& Line::number(std::string_view key, std::int64_t value) {
  return add(key, Kind::Number, std::to_string(value));
}

Line& Line::text(std::string_view key, std::string_view value) {
  return add(key, Kind::Quoted, escape_cut(value, kMaxText));
}

Line& Line::peer(std::string_view key, std::string_view value) {
  return add(key, Kind::Quoted, escape_peer(value));
}

void Line::write() const {
  const Level level = row_of(event_).level;
  if (writer().wants(level)) writer().write(level, *this);
}

std::string Line::render(Format format) const {
  std::string line;
  append(format, line, "event", row_of(event_).name, format == Format::Json);
  for (const Field* field : in_order()) {
    const bool quoted =
        field->kind == Kind::Quoted || (field->kind == Kind::Token && format == Format::Json);
    append(format, line, field->key, field->value, quoted);
  }
  return line;
}

void Line::append_journal_fields(std::string& entry) const {
  const std::string_view event = row_of(event_).name;
  append_journal(entry, "MESSAGE_ID", message_id(event));
  append_journal(entry, journal_name("event"), event);
  for (const Field* field : in_order())
    append_journal(entry, journal_name(field->key), field->value);
}

std::vector<const Line::Field*> Line::in_order() const {
  std::vector<const Field*> result;
  for (std::string_view rest = row_of(event_).fields; !rest.empty();) {
    const Field* field = find(next_field(rest));
    if (field && !(field->kind == Kind::Token && field->value.empty())) result.push_back(field);
  }
  return result;
}

const Line::Field* Line::find(std::string_view key) const {
  const auto field =
      std::find_if(fields_.begin(), fields_.end(), [key](const Field& f) { return f.key == key; });
  return field == fields_.end() ? nullptr : &*field;
}

Line& Line::add(std::string_view key, Kind kind, std::string value) {
  POSTERN_ASSERT(lists(row_of(event_).fields, key) && !find(key));
  fields_.push_back({key, kind, std::move(value)});
  return *this;
}

void log_trouble(std::string_view area, std::string_view reason) {
  Line(Event::trouble).token("area", area).text("reason", reason).write();
}

}  // namespace obs
