// SPDX-License-Identifier: Apache-2.0
// Golden dialogues: files that say what a client sends and what must come back. The format is
// described in tests/dialogs/README.md. A dialogue is played against smtp::Session in this process;
// the outside (who is a recipient, what becomes of a message) is policy::Recipients for ours.test.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtp/reply.h"
#include "smtp/settings.h"

namespace dialog {

// What a line of the file tells the player to do.
struct Send {
  std::string bytes;
  bool whole = false;  // behind @nosplit: arrives in one piece, with the lines that follow it
};
struct ExpectLine {
  std::string pattern;  // '*' at the end matches anything
};
struct ExpectReply {
  std::string code;  // a whole reply, however many lines
};
struct ExpectBody {
  std::string bytes;  // of the message accepted last
};
struct ExpectClosed {
  std::string reason;  // empty: any
};
struct FinishTls {};
struct Advance {
  std::chrono::milliseconds by;
};
struct HalfClose {};
struct ShutDown {};
struct Answer {
  std::string
      question;  // connect, tls, sender, recipient, data, message; header, body: given up on
  smtp::Reply reply;
};
struct End {
  std::string question;  // with the answer to it
  smtp::Reply reply;
};
struct GiveWay {
  smtp::Reply reply;
};
struct Hold {};
struct Release {};

using Action = std::variant<Send, ExpectLine, ExpectReply, ExpectBody, ExpectClosed, FinishTls,
                            Advance, HalfClose, ShutDown, Answer, End, GiveWay, Hold, Release>;

struct Step {
  unsigned line = 0;
  Action action;
};

struct Dialog {
  std::string path;
  smtp::Settings settings;
  bool implicit_tls = false;
  std::chrono::milliseconds greeting_delay{0};
  std::vector<Step> steps;
};

// Ends the program with a message where the file is not a dialogue.
Dialog load(const std::string& path);

enum class Split { Whole, Bytes, Random };

// What went wrong, with the line, or nothing.
std::optional<std::string> play(const Dialog& dialog, Split split, std::uint32_t seed);

}  // namespace dialog
