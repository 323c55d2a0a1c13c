// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "base/unique_fd.h"
#include "mail/header_fields.h"
#include "mail/trace.h"

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

// Fields of ours stand above the header; they are shorter than that.
constexpr std::size_t kMaxTrace = 64u << 10;

// Where the header is, and no more: what a stranger calls one may be as large as the message.
std::string_view top_of(const std::string& message) {
  return std::string_view(message).substr(0, kMaxHeader + kMaxTrace);
}

}  // namespace

base::Result<std::string> read_input(const std::string& path, std::size_t most) {
  if (path == kStandardInput) return read_all(STDIN_FILENO, "standard input", most);
  // Without O_NONBLOCK a FIFO that nobody writes to would be waited for.
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0)
    return base::Error::system("cannot read " + path, errno);
  if (S_ISDIR(facts.st_mode)) return base::Error::system("cannot read " + path, EISDIR);
  if (!S_ISREG(facts.st_mode))
    return base::Error::permanent("cannot read " + path + ": it is no file; - is standard input");
  return read_all(fd.get(), path, most);
}

std::string with_crlf(const std::string& bytes) {
  std::string result;
  result.reserve(bytes.size() + static_cast<std::size_t>(std::ranges::count(bytes, '\n')));
  for (const char c : bytes) {
    if (c == '\n' && !result.ends_with('\r')) result += '\r';
    result += c;
  }
  return result;
}

std::optional<mail::StoredTrace> take_stored_trace(std::string& message,
                                                   const std::string& hostname,
                                                   const std::string& authserv_id) {
  auto trace = mail::read_stored_trace(mail::HeaderFields(top_of(message)), hostname, authserv_id);
  if (trace) message.erase(0, trace->size);
  return trace;
}

std::optional<MessageFacts> examine_message(const std::string& message,
                                            const std::string& authserv_id) {
  const mail::HeaderFields header(top_of(message));
  if (header.section().size() > kMaxHeader) return std::nullopt;
  MessageFacts facts;
  facts.bytes = message.size();
  facts.header_bytes = header.size_with_empty_line();
  facts.fields = header.all().size();
  mail::OurFields ours(authserv_id);
  for (const mail::HeaderField& field : header.all())
    if (ours.include(field)) facts.taken_out.push_back(mail::unfolded(field.raw));
  return facts;
}

}  // namespace ctl
