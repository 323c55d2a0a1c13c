// SPDX-License-Identifier: Apache-2.0
// How values, time and level look on a log line. Pure functions; private to obs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "obs/settings.h"

namespace obs {

inline constexpr std::size_t kMaxPeerText = 256;  // bytes of a stranger's text, before escaping
// Of our own prose: a process that somebody has taken over must not fill the memory of others with
// its reasons. The whole of a long list of mistakes in a configuration `postern check` tells.
inline constexpr std::size_t kMaxText = 64u << 10;
// Bytes of one field of a journal entry. An entry is one datagram, which has a limit of its own
// (net.core.wmem_default); only our own prose may be longer than this.
inline constexpr std::size_t kMaxJournalField = 32u << 10;

// Where the line goes decides what stands before the event: time and level, or the prefix of
// sd-daemon(3) on a stream to the journal, or nothing, where the journal gets fields beside it.
enum class Target { Stream, JournalStream, JournalSocket };

bool is_token(std::string_view text);       // needs no quotes: printable ASCII but space " = and \.
std::string escape(std::string_view text);  // \xNN for all but printable ASCII, and for " and \.
std::string timestamp(base::WallTime time);  // RFC 3339 in UTC with milliseconds
std::string_view to_string(Level level);

// Appends ` key=value` or `,"key":value`, without the separator on an empty line. `value` is
// already escaped; `quoted` is false for numbers and tokens.
void append_logfmt(std::string& line, std::string_view key, std::string_view value, bool quoted);
void append_json(std::string& line, std::string_view key, std::string_view value, bool quoted);

// Appends a field of the journal's native protocol: `NAME=value` and a newline. `value` holds none
// (it is escaped) and is cut behind kMaxJournalField bytes with "...".
void append_journal(std::string& entry, std::string_view name, std::string_view value);
// The fields that every entry has: the line, its level, and who we are.
void append_journal_head(std::string& entry, std::string_view line, Level level);
// `client` as the journal's field POSTERN_CLIENT.
std::string journal_name(std::string_view key);
// The id of all entries of an event, derived from its name: a UUID of version 8 (RFC 9562 section
// 5.8), in the journal's form without hyphens. It changes with the name only.
std::string message_id(std::string_view event);

// The whole line, newline included. `body` is the output of Line::render().
std::string dress(std::string_view body, Level level, Format format, Target target,
                  base::WallTime time);

}  // namespace obs
