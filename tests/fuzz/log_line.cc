// SPDX-License-Identifier: Apache-2.0
// A line of the log with a stranger's texts, in all its forms: it stays one line, and each text
// stays in its field. First a text with its size in front, then another.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "fuzz/fuzz.h"
#include "obs/log.h"
#include "obs/render.h"

namespace {

using fuzz::require;

constexpr char kDigits[] = "0123456789abcdef";

// What an escaped text stands for.
std::string original(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    const std::string_view hex = text.substr(i + 2, 2);
    require(text.substr(i, 2) == "\\x" && hex.size() == 2, "an escape is whole");
    const auto digit = [](char c) { return std::string_view(kDigits).find(c); };
    result += static_cast<char>(digit(hex[0]) << 4 | digit(hex[1]));
    i += 3;
  }
  return result;
}

void check_peer(std::string_view escaped, const std::string& text) {
  const bool is_cut = text.size() > obs::kMaxPeerText;
  require(!is_cut || escaped.ends_with("..."), "what is cut says so");
  if (is_cut) escaped.remove_suffix(3);
  require(original(escaped) == text.substr(0, obs::kMaxPeerText), "the text can be had again");
}

void check_logfmt(const std::string& line, const std::string& peer, const std::string& prose) {
  require(std::all_of(line.begin(), line.end(), base::is_printable), "it is printable");
  require(std::count(line.begin(), line.end(), '"') == 4, "no text ends its quotes");
  const std::string_view begin = "event=reject helo=\"";
  require(line.starts_with(begin) && line.ends_with('"'), "each text is in its field");
  const std::size_t end = line.find('"', begin.size());
  check_peer(std::string_view(line).substr(begin.size(), end - begin.size()), peer);
  const std::string_view middle = "\" detail=\"";
  require(line.compare(end, middle.size(), middle) == 0, "one stands behind the other");
  const std::string_view rest = std::string_view(line).substr(end + middle.size());
  require(original(rest.substr(0, rest.size() - 1)) == prose, "prose is whole");
}

void check_json(const std::string& line, const std::string& peer, const std::string& prose) {
  require(line.ends_with('\n') && std::count(line.begin(), line.end(), '\n') == 1, "it is a line");
  const auto object = nlohmann::json::parse(line, nullptr, false);
  require(object.is_object() && object.size() == 5, "it is an object of what was given");
  check_peer(object.at("helo").get<std::string>(), peer);
  require(original(object.at("detail").get<std::string>()) == prose, "prose is whole");
}

// The native protocol has a line for each field: its id, its event and the two.
void check_journal(const std::string& entry) {
  require(std::count(entry.begin(), entry.end(), '\n') == 4 && entry.ends_with('\n'),
          "a text ends no field");
  require(std::all_of(entry.begin(), entry.end(),
                      [](char c) { return c == '\n' || base::is_printable(c); }),
          "it is printable");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t peer_size = std::size_t{input.byte()} << 8 | input.byte();
  const std::string peer(input.bytes(peer_size));
  const std::string prose(input.rest());
  const obs::Line line = obs::Line(obs::Event::reject).text("detail", prose).peer("helo", peer);
  check_logfmt(line.render(obs::Format::Logfmt), peer, prose);
  check_json(obs::dress(line.render(obs::Format::Json), obs::Level::Info, obs::Format::Json,
                        obs::Target::Stream, {}),
             peer, prose);
  std::string entry;
  line.append_journal_fields(entry);
  check_journal(entry);
  return 0;
}
