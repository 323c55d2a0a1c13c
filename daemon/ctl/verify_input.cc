// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/ascii.h"
#include "base/unique_fd.h"
#include "mail/header_fields.h"
#include "mail/trace.h"
#include "smtp/grammar.h"
#include "smtp/replies.h"

namespace ctl {
namespace {

constexpr char kStandardInput[] = "-";

base::Result<std::string> read_all(int fd, const std::string& name, std::size_t most) {
  std::string bytes;
  std::array<char, 64u << 10> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::Error::system("cannot read " + name, errno);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > most) {
      return base::Error{base::Error::Kind::Permanent,
                         name + " is larger than " + std::to_string(most >> 20) + " MiB", EFBIG};
    }
  }
}

base::Error no_such_option(const char* option, const std::string& what, const smtp::Reply& reply) {
  const std::string wire = reply.render();
  return base::Error::permanent(std::string(option) + " \"" + what +
                                "\": a client that says so gets " +
                                wire.substr(0, wire.size() - 2));
}

// "a@example.net", "<a@example.net>", "<>", "".
std::optional<mail::Path> parse_reverse_path(const std::string& text) {
  const std::string path = text.starts_with('<') ? text : '<' + text + '>';
  const auto parsed = mail::parse_path(path, mail::PathKind::Reverse);
  if (!parsed || parsed->length != path.size()) return std::nullopt;
  return parsed->path;
}

}  // namespace

base::Result<std::string> read_input(const std::string& path, std::size_t most) {
  if (path == kStandardInput) return read_all(STDIN_FILENO, "standard input", most);
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return base::Error::system("cannot read " + path, errno);
  return read_all(fd.get(), path, most);
}

base::Result<Envelope> parse_envelope(const std::string& ip, const std::string& helo,
                                      const std::string& from) {
  const auto client = base::IpAddress::parse(ip);
  if (!client) return base::Error::permanent("--ip \"" + ip + "\" is no IP address");
  if (helo.empty()) return no_such_option("--helo", helo, smtp::replies::argument_missing());
  if (const auto refusal = smtp::check_helo(helo)) return no_such_option("--helo", helo, *refusal);
  const auto path = parse_reverse_path(from);
  if (!path) return no_such_option("--from", from, smtp::replies::bad_sender());
  return Envelope{*client, helo, *path, !base::is_ascii(path->to_string())};
}

std::string with_crlf(const std::string& bytes) {
  std::string result;
  result.reserve(bytes.size());
  for (const char c : bytes) {
    if (c == '\n' && !result.ends_with('\r')) result += '\r';
    result += c;
  }
  return result;
}

MessageFacts examine_message(const std::string& bytes, const std::string& authserv_id) {
  const std::string message = with_crlf(bytes);
  const mail::HeaderFields header(message);
  MessageFacts facts{message.size(), header.all().size(), {}};
  for (const mail::HeaderField& field : header.all())
    if (mail::is_for_us_to_say(field, authserv_id))
      facts.taken_out.push_back(mail::unfolded(field.raw));
  return facts;
}

}  // namespace ctl
