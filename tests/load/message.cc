// SPDX-License-Identifier: Apache-2.0
#include "load/message.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <span>

#include "base/assert.h"
#include "load/options.h"

namespace load {
namespace {

constexpr std::string_view kHashField = "X-Load-Hash: ";
constexpr std::string_view kIdField = "X-Load-Id: ";
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kLineLength = 78;  // RFC 5322 section 2.1.1
constexpr std::string_view kFiller =
    " 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz";

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, kHashBytes> hash{};
  POSTERN_ASSERT(EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(), hash.data(),
                              nullptr) == 1);
  return hex(hash);
}

std::string random_name() {
  std::array<unsigned char, 6> bytes{};
  POSTERN_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return hex(bytes);
}

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S +0000", &parts);
  return {text.data(), length};
}

// As it goes over the wire: CRLF, dots doubled, the end; RFC 5321 section 4.5.2.
std::string to_wire(std::string_view text, std::size_t lines) {
  std::string wire;
  wire.reserve(text.size() + 2 * lines + 3);
  while (!text.empty()) {
    const std::size_t length = text.find('\n');
    if (text.front() == '.') wire += '.';
    wire.append(text.substr(0, length)).append("\r\n");
    text.remove_prefix(length + 1);
  }
  return wire += ".\r\n";
}

// Lines that take exactly `left` bytes with CRLF; none is empty but where nothing else fits.
void fill(std::string& text, const std::string& id, std::size_t left) {
  for (std::size_t number = 0; left > 0; ++number) {
    POSTERN_ASSERT(left >= 2);
    std::size_t length = std::min(kLineLength, left - 2);
    if (left - 2 - length == 1) --length;  // one byte is no line
    std::string line = id + ' ' + std::to_string(number);
    line += kFiller;
    line.resize(length, '-');
    text.append(line) += '\n';
    left -= length + 2;
  }
}

std::string with_lf(std::string_view file) {
  std::string text;
  text.reserve(file.size() + 1);
  for (std::size_t i = 0; i < file.size(); ++i)
    if (!file.substr(i).starts_with("\r\n")) text += file[i];
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::size_t size_of(std::string_view text) { return text.size() + lines_of(text); }

}  // namespace

Composer::Composer(std::string from, std::string to, std::size_t size_bytes)
    : run_(random_name()), size_bytes_(size_bytes) {
  // A message must have an author, even one with the null sender.
  fields_ = "From: <" + (from.empty() ? "load@example.net" : from) + ">\nTo: <" + to +
            ">\nDate: " + date() + '\n';
}

Composer::Composer(std::string_view file) : run_(random_name()), file_(with_lf(file)) {}

Message Composer::next() {
  Message message;
  message.id = run_ + '-' + std::to_string(count_++);
  std::string hashed = std::string(kIdField) + message.id + '\n';
  hashed += file_.empty() ? generate(message.id) : file_;
  const std::string text = std::string(kHashField) + sha256(hashed) + '\n' + hashed;
  const std::size_t lines = lines_of(text);
  message.size_bytes = text.size() + lines;
  message.wire = to_wire(text, lines);
  return message;
}

std::string Composer::generate(const std::string& id) const {
  std::string text = fields_ + "Subject: load " + id + "\nMessage-ID: <" + id +
                     "@load.example.net>\n\n" + std::string(kIdField) + id + "\n.\n..dots\n";
  const std::size_t above =
      kHashField.size() + 2 * kHashBytes + 2 + kIdField.size() + id.size() + 2;
  POSTERN_ASSERT(size_bytes_ >= above + size_of(text));
  fill(text, id, size_bytes_ - above - size_of(text));
  return text;
}

}  // namespace load
