// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <utility>

#include "base/ascii.h"
#include "support/dialog.h"

namespace dialog {
namespace {

using std::chrono::milliseconds;

std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }
std::string behind_first_word(const std::string& text) { return text.substr(text.find(' ') + 1); }

class Loader {
 public:
  explicit Loader(const std::string& path) { dialog_.path = path; }
  Dialog load();

 private:
  void read_line(const std::string& line);
  void read_directive(const std::string& line);
  void configure(const std::string& text);
  void secure();
  void add(Action action) { dialog_.steps.push_back({line_, std::move(action)}); }
  void send(std::string bytes) { add(Send{std::move(bytes), nosplit_}); }
  void expect(const std::string& pattern);
  void expect_all(const std::string& pattern);
  void add_body(const std::string& bytes);
  // Directives that a real server cannot be made to obey need the mark @inprocess.
  void need_mark() const {
    if (!in_process_) fail("needs @inprocess at the top");
  }
  [[noreturn]] void fail(const std::string& what) const;

  std::string unescape(std::string_view text) const;
  milliseconds duration(std::string_view text) const;
  std::size_t number(std::string_view text) const;
  smtp::Reply reply(const std::string& text) const;

  Dialog dialog_;
  unsigned line_ = 0;
  bool nosplit_ = false;
  std::size_t times_ = 1;  // of the S line that follows
  bool in_process_ = false;
};

void Loader::fail(const std::string& what) const {
  std::fprintf(stderr, "%s:%u: %s\n", dialog_.path.c_str(), line_, what.c_str());
  std::exit(2);
}

Dialog Loader::load() {
  std::ifstream file(dialog_.path);
  if (!file) fail("cannot be read");
  dialog_.settings.hostname = "mx.ours.test";
  for (std::string line; std::getline(file, line);) {
    ++line_;
    if (!line.empty() && line.front() != '#') read_line(line);
  }
  if (dialog_.steps.empty()) fail("empty dialogue");
  if (times_ != 1) fail("@times belongs to an S line");
  return std::move(dialog_);
}

void Loader::read_line(const std::string& line) {
  const std::string kind = line.substr(0, 2);
  const std::string text = line.size() > 3 ? line.substr(3) : std::string();
  if (kind != "C:" && kind != "C>" && kind != "@n") nosplit_ = false;
  if (kind != "S:" && times_ != 1) fail("@times belongs to an S line");
  if (kind == "C:") return send(text + "\r\n");
  if (kind == "C>") return send(unescape(text));
  if (kind == "S:") return expect_all(text);
  if (kind == "B:") return add_body(text + "\r\n");
  if (kind == "B>") return add_body(unescape(text));
  if (line.front() == '@') return read_directive(line);
  fail("not a line of a dialogue");
}

void Loader::expect(const std::string& pattern) {
  if (pattern.size() == 7 && pattern.ends_with(" ..."))
    return add(ExpectReply{pattern.substr(0, 3)});
  add(ExpectLine{pattern});
}

void Loader::expect_all(const std::string& pattern) {
  for (std::size_t n = std::exchange(times_, 1); n > 0; --n) expect(pattern);
}

void Loader::add_body(const std::string& bytes) {
  if (!dialog_.steps.empty()) {
    if (auto* body = std::get_if<ExpectBody>(&dialog_.steps.back().action)) {
      body->bytes += bytes;
      return;
    }
  }
  add(ExpectBody{bytes});
}

void Loader::read_directive(const std::string& line) {
  const std::size_t blank = line.find(' ');
  const std::string name = line.substr(1, blank - 1);
  const std::string text = blank == std::string::npos ? std::string() : line.substr(blank + 1);
  struct Directive {
    bool in_process;
    std::function<void()> run;
  };
  const std::map<std::string, Directive> directives = {
      {"inprocess", {false, [&] { in_process_ = true; }}},
      {"secure", {false, [&] { secure(); }}},
      {"tls", {false, [&] { add(FinishTls{}); }}},
      {"nosplit", {false, [&] { nosplit_ = true; }}},
      {"times", {false, [&] { times_ = number(text); }}},
      {"eof", {false, [&] { add(HalfClose{}); }}},
      {"closed", {false, [&] { add(ExpectClosed{text}); }}},
      {"config", {true, [&] { configure(text); }}},
      {"implicit-tls", {true, [&] { dialog_.implicit_tls = true; }}},
      {"delay", {true, [&] { dialog_.greeting_delay = duration(text); }}},
      {"time", {true, [&] { add(Advance{duration(text)}); }}},
      {"shutdown", {true, [&] { add(ShutDown{}); }}},
      {"give-way", {true, [&] { add(GiveWay{reply(text)}); }}},
      {"hold", {true, [&] { add(Hold{}); }}},
      {"release", {true, [&] { add(Release{}); }}},
      {"answer",
       {true,
        [&] {
          add(Answer{first_word(text), reply(behind_first_word(text))});
        }}},
      {"end",
       {true,
        [&] {
          add(End{first_word(text), reply(behind_first_word(text))});
        }}},
  };
  const auto found = directives.find(name);
  if (found == directives.end()) fail("unknown directive");
  if (found->second.in_process) need_mark();
  found->second.run();
}

void Loader::secure() {
  expect("220 *");
  send("EHLO client.example.net\r\n");
  expect("250 ...");
  send("STARTTLS\r\n");
  expect("220 2.0.0 *");
  add(FinishTls{});
  send("EHLO client.example.net\r\n");
  expect("250 ...");
}

void Loader::configure(const std::string& text) {
  smtp::Settings& to = dialog_.settings;
  const std::size_t equals = text.find('=');
  const std::string value = text.substr(equals + 1);
  const std::map<std::string, std::function<void()>> keys = {
      {"tls_refusal_text", [&] { to.tls_refusal_text = value; }},
      {"starttls_available", [&] { to.starttls_available = value == "true"; }},
      {"max_message_size", [&] { to.max_message_size = number(value); }},
      {"max_recipients", [&] { to.max_recipients = number(value); }},
      {"max_received_headers", [&] { to.max_received_headers = number(value); }},
      {"max_messages_per_session", [&] { to.max_messages_per_session = number(value); }},
      {"max_header_size", [&] { to.max_header_size = number(value); }},
      {"max_header_fields", [&] { to.max_header_fields = number(value); }},
      {"errors_per_session", [&] { to.errors_per_session = number(value); }},
      {"min_data_rate", [&] { to.min_data_rate = number(value); }},
      {"command_timeout", [&] { to.command_timeout = duration(value); }},
      {"data_timeout", [&] { to.data_timeout = duration(value); }},
      {"session_deadline", [&] { to.session_deadline = duration(value); }},
      {"bare_newline",
       [&] {
         to.bare_newline =
             value == "normalize" ? smtp::BareNewline::Normalize : smtp::BareNewline::Reject;
       }},
  };
  const auto found = keys.find(text.substr(0, equals));
  if (found == keys.end()) fail("unknown key");
  found->second();
}

// \r \n \t \0 \\ \{ \xNN, and {TEXT*COUNT} for a repetition (TEXT may contain escapes).
std::string Loader::unescape(std::string_view text) const {
  static const std::map<char, char> kEscapes = {{'r', '\r'}, {'n', '\n'},  {'t', '\t'},
                                                {'0', '\0'}, {'\\', '\\'}, {'{', '{'}};
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') {
      const std::size_t end = text.find('}', i);
      const std::size_t star = text.rfind('*', end);
      if (end == std::string_view::npos || star < i || star > end) fail("bad repetition");
      const std::string piece = unescape(text.substr(i + 1, star - i - 1));
      for (std::size_t n = number(text.substr(star + 1, end - star - 1)); n > 0; --n)
        bytes += piece;
      i = end;
    } else if (text[i] != '\\') {
      bytes += text[i];
    } else if (++i < text.size() && text[i] == 'x') {
      unsigned value = 0;
      if (std::from_chars(text.data() + i + 1, text.data() + std::min(i + 3, text.size()), value,
                          16)
              .ptr != text.data() + i + 3) {
        fail("bad \\x");
      }
      bytes += static_cast<char>(value);
      i += 2;
    } else {
      const auto escape = i < text.size() ? kEscapes.find(text[i]) : kEscapes.end();
      if (escape == kEscapes.end()) fail("bad escape");
      bytes += escape->second;
    }
  }
  return bytes;
}

std::size_t Loader::number(std::string_view text) const {
  std::size_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) fail("not a number");
  return value;
}

milliseconds Loader::duration(std::string_view text) const {
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::size_t end = text.find_first_not_of("0123456789");
  if (end == std::string_view::npos) fail("a duration needs a unit");
  const auto count = static_cast<long>(number(text.substr(0, end)));
  const std::string_view unit = text.substr(end);
  if (unit == "ms") return milliseconds(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "m") return std::chrono::minutes(count);
  fail("unknown unit");
}

smtp::Reply Loader::reply(const std::string& text) const {
  int code = 0;
  int klass = 0;
  int subject = 0;
  int detail = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "%d %d.%d.%d %n", &code, &klass, &subject, &detail, &used) < 4) {
    fail("a reply is CODE X.Y.Z TEXT");
  }
  return {code,
          {static_cast<std::uint8_t>(klass), static_cast<std::uint8_t>(subject),
           static_cast<std::uint16_t>(detail)},
          text.substr(static_cast<std::size_t>(used)),
          "outside"};
}

}  // namespace

Dialog load(const std::string& path) { return Loader(path).load(); }

}  // namespace dialog
