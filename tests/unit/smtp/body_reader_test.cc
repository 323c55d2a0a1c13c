// SPDX-License-Identifier: Apache-2.0
#include "smtp/body_reader.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace {

using smtp::BareNewline;
using Framing = smtp::BodyReader::Framing;
namespace replies = smtp::replies;

struct Outcome {
  std::string message;
  std::size_t used = 0;
  bool ended = false;
  std::optional<smtp::Reply> refusal;
};

Outcome read(const smtp::Settings& settings, const std::string& input, std::size_t piece) {
  smtp::BodyReader reader(settings, Framing::Dots);
  Outcome outcome;
  while (outcome.used < input.size() && !reader.ended()) {
    outcome.used +=
        reader.read(std::string_view(input).substr(outcome.used, piece), outcome.message);
  }
  outcome.ended = reader.ended();
  outcome.refusal = reader.refusal();
  if (!outcome.refusal) CHECK(reader.size() == outcome.message.size());
  return outcome;
}

// Whole, byte by byte and in pieces; with and without bytes behind the end.
template <class Check>
void in_every_way(const smtp::Settings& settings, const std::string& input, const Check& check) {
  INFO(input);
  for (const std::size_t piece :
       {input.size() + 10, std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
    check(read(settings, input, piece));
    check(read(settings, input + ".\r\nNOOP\r\n.\r\n", piece));
  }
}

TEST_CASE("messages and their end") {
  struct Row {
    std::string input;
    std::string message;
  };
  const std::vector<Row> rows = {
      {".\r\n", ""},
      {"\r\n.\r\n", "\r\n"},
      {"a\r\n.\r\n", "a\r\n"},
      {"a\r\n\r\n.b\r\n.\r\n", "a\r\n\r\nb\r\n"},
      {"..\r\n.\r\n", ".\r\n"},
      {"...\r\n.\r\n", "..\r\n"},
      {"a.\r\n.\r\n", "a.\r\n"},
      {"a.b\r\n..c\r\n.\r\n", "a.b\r\n.c\r\n"},
      {". \r\n.\r\n", " \r\n"},
      {"\x01\x7f\x80\xff\r\n.\r\n", "\x01\x7f\x80\xff\r\n"},
  };
  for (const Row& row : rows) {
    in_every_way({}, row.input, [&](const Outcome& outcome) {
      CHECK(outcome.ended);
      CHECK(outcome.used == row.input.size());
      CHECK(outcome.message == row.message);
      CHECK_FALSE(outcome.refusal);
    });
  }
}

const std::vector<std::string> kFalseEnds = {
    "\n.\n",      "\n.\r\n",     "\r\n.\n",     "\r.\r",          "\r.\r\n",     "\r.\n",
    "\n.\r",      "\r\n.\r",     "\r\r\n.\n",   "\n\r.\r\n",      "\r\n.\r\r\n", "\r\n.\n\r\n",
    "\r\n.\r.\n", "\r\n\n.\r\n", "\r\n\r.\r\n", "\r\n.\r\r.\r\n",
};

TEST_CASE("nothing else ends the data: the message is refused at its real end") {
  for (const std::string& sequence : kFalseEnds) {
    for (const std::string before : {"", "a", "a\r\n"}) {
      const std::string input = before + sequence + "MAIL FROM:<evil@example.net>\r\n.\r\n";
      in_every_way({}, input, [&](const Outcome& outcome) {
        CHECK(outcome.ended);
        CHECK(outcome.used == input.size());
        CHECK(outcome.refusal == replies::bad_newline_in_message());
      });
    }
  }
}

TEST_CASE("normalize: a bare LF becomes CRLF and ends nothing, a bare CR is refused") {
  smtp::Settings settings;
  settings.bare_newline = BareNewline::Normalize;
  for (const std::string& sequence : kFalseEnds) {
    const std::string input = "a" + sequence + "b\r\n.\r\n";
    in_every_way(settings, input, [&](const Outcome& outcome) {
      CHECK(outcome.ended);
      CHECK(outcome.used == input.size());
    });
  }
  struct Row {
    std::string input;
    std::string message;
  };
  const std::vector<Row> rows = {
      {"a\nb\r\n.\r\n", "a\r\nb\r\n"},
      {"\n.\n.\r\n.\r\n", "\r\n.\r\n.\r\n"},
      {".\n.\r\n.\r\n", "\r\n.\r\n"},
      {"a\n..\r\n.\r\n", "a\r\n..\r\n"},
      {"a\r\n..\n.\r\n.\r\n", "a\r\n.\r\n.\r\n"},
  };
  for (const Row& row : rows) {
    in_every_way(settings, row.input, [&](const Outcome& outcome) {
      CHECK(outcome.used == row.input.size());
      CHECK(outcome.message == row.message);
      CHECK_FALSE(outcome.refusal);
    });
  }
  for (const std::string input : {"a\rb\r\n.\r\n", "a\r\r\n.\r\n", ".\rb\r\n.\r\n"}) {
    in_every_way(settings, input, [&](const Outcome& outcome) {
      CHECK(outcome.used == input.size());
      CHECK(outcome.refusal == replies::bad_newline_in_message());
    });
  }
}

TEST_CASE("NUL") {
  for (const std::string& before : {std::string(), std::string("a"), std::string(".")}) {
    const std::string input = before + std::string("\0b\r\n.\r\n", 7);
    in_every_way({}, input, [&](const Outcome& outcome) {
      CHECK(outcome.used == input.size());
      CHECK(outcome.refusal == replies::nul_in_message());
    });
  }
}

TEST_CASE("limits, met and passed by one") {
  smtp::Settings settings;
  settings.max_message_size = 12;
  settings.max_header_size = 10;
  settings.max_header_fields = 2;
  settings.max_received_headers = 1;
  struct Row {
    std::string message;
    std::optional<smtp::Reply> refusal;
  };
  const std::vector<Row> rows = {
      {"\r\n12345678\r\n", {}}, {"\r\n123456789\r\n", replies::message_too_big()},
      {"A: 45678\r\n\r\n", {}}, {"A: 456789\r\n", replies::header_too_big()},
      {"12345678 x\r\n", {}},   {"12345678901 x\r\n", replies::header_too_big()},
      {"a:\r\nb:\r\n", {}},     {"a:\r\nb\r\nc\r\n", replies::header_too_big()},
  };
  for (const Row& row : rows) {
    in_every_way(settings, row.message + ".\r\n", [&](const Outcome& outcome) {
      CHECK(outcome.ended);
      CHECK(outcome.refusal == row.refusal);
    });
  }
  settings = {};
  const std::string line = "A:" + std::string(smtp::kMaxHeaderLine - 2, 'x');
  CHECK_FALSE(read(settings, line + "\r\n.\r\n", 1).refusal);
  CHECK(read(settings, line + "x\r\n.\r\n", 1).refusal == replies::header_too_big());
  CHECK_FALSE(read(settings, "\r\n" + line + "x\r\n.\r\n", 1).refusal);
  settings.max_received_headers = 1;
  const std::string one = "Received: a\r\n";
  CHECK_FALSE(read(settings, one + "\r\n" + one + ".\r\n", 1).refusal);
  CHECK(read(settings, one + one + "\r\n.\r\n", 1).refusal == replies::mail_loop());
}

TEST_CASE("the first refusal stays, and nothing more comes out") {
  const smtp::Settings settings;
  smtp::BodyReader reader(settings, Framing::Dots);
  std::string message;
  reader.read("one\r\n", message);
  reader.refuse(replies::insufficient_storage());
  reader.refuse(replies::local_trouble());
  reader.read(std::string_view("two\0\n\r\n.\r\n", 11), message);
  CHECK(reader.ended());
  CHECK(message == "one\r\n");
  CHECK(reader.refusal() == replies::insufficient_storage());
}

TEST_CASE("reading stops behind the header section") {
  const smtp::Settings settings;
  for (const std::string header : {"\r\n", "A: b\r\n\r\n"}) {
    for (const Framing framing : {Framing::Dots, Framing::Chunks}) {
      smtp::BodyReader reader(settings, framing);
      const std::string message = header + "body\r\n";
      if (framing == Framing::Chunks) reader.begin_chunk({message.size(), true});
      std::string out;
      CHECK(reader.read(message, out) == header.size());
      CHECK(reader.header_complete());
      CHECK(out == header);
      CHECK(reader.read("body\r\n", out) == 6);
    }
  }
}

// The chunks of one message, each byte by byte or in pieces.
Outcome read_chunks(const smtp::Settings& settings, const std::vector<std::string>& chunks,
                    std::size_t piece) {
  smtp::BodyReader reader(settings, Framing::Chunks);
  Outcome outcome;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    CHECK(reader.paused());
    reader.begin_chunk({chunks[i].size(), i + 1 == chunks.size()});
    std::size_t used = 0;
    do {
      used += reader.read((chunks[i] + "behind").substr(used, piece), outcome.message);
    } while (used < chunks[i].size());
    CHECK(used == chunks[i].size());
  }
  outcome.ended = reader.ended();
  outcome.refusal = reader.refusal();
  if (!outcome.refusal) CHECK(reader.size() == outcome.message.size());
  return outcome;
}

TEST_CASE("chunks make a message wherever it is cut, and no dot means anything") {
  struct Row {
    std::vector<std::string> chunks;
    std::string message;
  };
  const std::vector<Row> rows = {
      {{""}, ""},
      {{"", "", ""}, ""},
      {{"a\r\n"}, "a\r\n"},
      {{"a\r", "\n", ""}, "a\r\n"},
      {{"a", "\r\nb", "\r\n"}, "a\r\nb\r\n"},
      {{".\r\n"}, ".\r\n"},
      {{"a\r\n.\r\n..b\r\n"}, "a\r\n.\r\n..b\r\n"},
      {{"a: b\r\n", "\r\n", "c"}, "a: b\r\n\r\nc\r\n"},
      {{"a"}, "a\r\n"},
      {{"a", ""}, "a\r\n"},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1u, 2u, 100u}) {
      const Outcome outcome = read_chunks({}, row.chunks, piece);
      CHECK(outcome.ended);
      CHECK(outcome.message == row.message);
      CHECK_FALSE(outcome.refusal);
    }
  }
}

TEST_CASE("chunks are judged as DATA is") {
  smtp::Settings settings;
  settings.max_message_size = 8;
  struct Row {
    std::vector<std::string> chunks;
    std::optional<smtp::Reply> refusal;
  };
  const std::vector<Row> rows = {
      {{"a\nb\r\n"}, replies::bad_newline_in_message()},
      {{"a\r", "b\r\n"}, replies::bad_newline_in_message()},
      {{"a\r"}, replies::bad_newline_in_message()},
      {{"a\r", ""}, replies::bad_newline_in_message()},
      {{std::string("\0", 1)}, replies::nul_in_message()},
      {{"1234", "56\r\n"}, {}},
      {{"1234", "567\r\n"}, replies::message_too_big()},
      {{"1234", "567"}, replies::message_too_big()},  // with the CRLF that is missing
      {{"123456789", ""}, replies::message_too_big()},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {1u, 3u, 100u})
      CHECK(read_chunks(settings, row.chunks, piece).refusal == row.refusal);
  }
}

TEST_CASE("a chunk that cannot fit is refused before it comes") {
  smtp::Settings settings;
  settings.max_message_size = 8;
  smtp::BodyReader reader(settings, Framing::Chunks);
  reader.begin_chunk({std::numeric_limits<std::uint64_t>::max(), true});
  CHECK(reader.refusal() == replies::message_too_big());
  std::string out;
  CHECK(reader.read(std::string(20, 'x'), out) == 16);
  CHECK(reader.too_much());
  CHECK(out.empty());
}

}  // namespace
