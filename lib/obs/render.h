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

// Where the line goes decides what stands before the event (sd-daemon(3) for the journal).
enum class Target { Stream, Journal };

bool is_token(std::string_view text);       // needs no quotes: printable ASCII but space " = and \.
std::string escape(std::string_view text);  // \xNN for all but printable ASCII, and for " and \.
std::string timestamp(base::WallTime time);  // RFC 3339 in UTC with milliseconds
std::string_view to_string(Level level);

// Appends ` key=value` or `,"key":value`, without the separator on an empty line. `value` is
// already escaped; `quoted` is false for numbers and tokens.
void append_logfmt(std::string& line, std::string_view key, std::string_view value, bool quoted);
void append_json(std::string& line, std::string_view key, std::string_view value, bool quoted);

// The whole line, newline included. `body` is the output of Line::render().
std::string dress(std::string_view body, Level level, Format format, Target target,
                  base::WallTime time);

}  // namespace obs
