// SPDX-License-Identifier: Apache-2.0
// The log: one line per event, declared in events.def (name, level, fields in their fixed order,
// what it means to an administrator). Callers pass typed fields; the order on the line is always
// the declared one, whatever the order of the calls, so that filters can be anchored.
//
//   obs::Line(obs::Event::accept).token("sid", sid).peer("helo", helo).number("size", n).write();
//
// token   our own words: identifiers, addresses, codes; a bug if it needs quoting; an empty one is
//         left out
// text    our own prose: quoted and escaped, cut behind 64 KiB with "..."
// peer    whatever a stranger sent: quoted, escaped (\xNN outside printable ASCII, and for " and
// \),
//         cut behind 256 of its bytes with "..."
//
// Threads: any. write() never blocks: lines go through a bounded queue; when it is full the oldest
// are dropped and counted, and the count is logged (event log_dropped) as soon as there is room.
// Lines written before start() or after stop() go out at once; a standard error or a journal that
// takes nothing costs such a line at most a second, and then costs the line.
// A key that events.def does not list for the event, or that is set twice, is a bug.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obs/settings.h"

namespace obs {

enum class Event {
#define POSTERN_EVENT(name, level, fields, doc) name,
#include "obs/events.def"
#undef POSTERN_EVENT
};

// Whether systemd connected standard error to the journal.
bool stderr_is_journal();
// All lines go to the journal's native socket, with their fields beside the text (man posternd(8),
// LOG): `fd` is a datagram socket connected to it that stays open; -1: to standard error again.
// Only while no other thread logs.
void use_journal(int fd);
int journal_fd();  // -1: there is none

// Level and format of all later lines. At any time, from any thread.
void configure(const Settings& settings);
// The same, and starts the writer: one thread, which does not survive fork(). Call once, before the
// first thread logs. SIGPIPE must be ignored, and descriptor 2 must never become anything but
// standard error.
void start(const Settings& settings);
// Writes what is queued, then stops.
void stop();

class Line {
 public:
  explicit Line(Event event) : event_(event) {}

  Line& token(std::string_view key, std::string_view value);
  Line& number(std::string_view key, std::int64_t value);
  Line& text(std::string_view key, std::string_view value);
  Line& peer(std::string_view key, std::string_view value);

  void write() const;
  // The fields in their order, without time, level and the braces of JSON.
  std::string render(Format format) const;
  // The event, its id and the fields, in the journal's native protocol.
  void append_journal_fields(std::string& entry) const;

 private:
  enum class Kind { Token, Number, Quoted };
  struct Field {
    std::string_view key;
    Kind kind;
    std::string value;
  };
  const Field* find(std::string_view key) const;
  std::vector<const Field*> in_order() const;  // those that have a value
  Line& add(std::string_view key, Kind kind, std::string value);

  Event event_;
  std::vector<Field> fields_;
};

// A line of Event::trouble.
void log_trouble(std::string_view area, std::string_view reason);

// The escape rule of peer(), without the quotes: safe for a log and for a terminal.
std::string escape_peer(std::string_view text);

}  // namespace obs
