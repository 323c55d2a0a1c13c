// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/control.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "config/file_provider.h"
#include "daemon/common/exit_code.h"
#include "daemon/ctl/tables.h"

namespace ctl {
namespace {

using nlohmann::json;

constexpr int kExitFailed = 1;                   // the server's own "no"
constexpr std::chrono::seconds kPatience{60};    // for an answer; a reload reads many files
constexpr std::chrono::seconds kStopMargin{15};  // above the grace time of the server
constexpr std::size_t kMaxAnswer = 64u << 20;    // bytes; a list of 10,000 sessions has 3 MB

int fail(int exit_code, const std::string& text) {
  std::fprintf(stderr, "postern: %s\n", for_terminal(text).c_str());
  return exit_code;
}

struct Place {
  std::string socket;
  bool certain = true;  // false: the file has mistakes and may name another
};

Place find_socket(const ControlOptions& options) {
  if (!options.socket.empty()) return {options.socket};
  config::DiskFiles files;
  const config::Loaded loaded = config::load(options.file, files);
  // A file with mistakes, which is what a reload may be about, says where the socket is all the
  // same, unless it is no TOML.
  return {loaded.config.control.socket, loaded.ok()};
}

base::Result<base::UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return base::Error::system(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return base::Error::system("socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return base::Error::system(path, errno);
  return fd;
}

int explain(const base::Error& error, const Place& place, const ControlOptions& options) {
  if (error.system_error == EACCES || error.system_error == EPERM)
    return fail(common::kExitNoPermission,
                error.reason + "; only root and the server's own user may ask it");
  const std::string doubt =
      place.certain ? "" : "; " + options.file + " has mistakes and may name another: --socket";
  return fail(common::kExitUnavailable, "no server answers at " + error.reason + doubt);
}

// False: the time is over. A read behind it does not block.
bool wait_until_readable(int fd, base::Instant deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::now()).count();
    if (left <= 0) return false;
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(left)) > 0) return true;
  }
}

base::Result<std::string> receive_line(int fd, base::Duration patience) {
  const base::Instant deadline = base::now() + patience;
  std::string text;
  std::array<char, 65536> buffer;
  while (wait_until_readable(fd, deadline)) {
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return base::Error::permanent("the server closed the connection");
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.back() == '\n') return text;
    if (text.size() > kMaxAnswer) return base::Error::permanent("the answer has no end");
  }
  return base::Error::temporary("the server did not answer in time");
}

// The server holds the connection until it ends.
bool wait_for_end(int fd, base::Duration patience) {
  const base::Instant deadline = base::now() + patience;
  std::array<char, 4096> buffer;
  while (wait_until_readable(fd, deadline))
    if (::recv(fd, buffer.data(), buffer.size(), 0) <= 0) return true;
  return false;
}

base::Result<json> ask(int fd, const ControlOptions& options) {
  json members{{"command", options.command}};
  for (const auto& [name, value] : options.arguments)
    if (!value.empty()) members[name] = value;
  // What is not UTF-8 on the command line is for the server to refuse.
  const std::string request = members.dump(-1, ' ', true, json::error_handler_t::replace) + '\n';
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return base::Error::system("send", errno);
  const auto line = receive_line(fd, kPatience);
  if (!line) return line.error();
  json answer = json::parse(*line, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean())
    return base::Error::permanent("the answer is none of a Postern server");
  return answer;
}

// Each line of its own: what a reload found in the configuration has many.
void print_error(const std::string& text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::fprintf(stderr, "%s\n", for_terminal(text.substr(begin, end - begin)).c_str());
    begin = end + 1;
  }
}

int finish(int fd, const ControlOptions& options, const json& result) {
  if (options.command == "stop") {
    const std::chrono::milliseconds grace(result.value("grace_ms", 0));
    if (!wait_for_end(fd, grace + kStopMargin))
      return fail(kExitFailed, "the server has not ended in time");
  }
  const std::string text = options.json
                               ? result.dump(2, ' ', true, json::error_handler_t::replace) + '\n'
                               : table_of(options.command, result);
  std::fputs(text.c_str(), stdout);
  return common::kExitOk;
}

int control_checked(const ControlOptions& options) {
  const Place place = find_socket(options);
  const auto fd = connect_to(place.socket);
  if (!fd) return explain(fd.error(), place, options);
  const auto answer = ask(fd->get(), options);
  if (!answer) return fail(common::kExitUnavailable, place.socket + ": " + answer.error().reason);
  if ((*answer)["ok"].get<bool>())
    return finish(fd->get(), options, answer->value("result", json::object()));
  print_error(answer->value("error", "the server gave no reason"));
  return kExitFailed;
}

}  // namespace

const std::vector<ControlCommand>& control_commands() {
  static const std::vector<ControlCommand> kCommands{
#define POSTERN_CONTROL(name, help) {#name, help},
#include "daemon/common/control_commands.def"
#undef POSTERN_CONTROL
  };
  return kCommands;
}

int control(const ControlOptions& options) {
  try {
    return control_checked(options);
  } catch (const json::exception&) {
    return fail(common::kExitUnavailable, "the answer is none of this version's server");
  }
}

}  // namespace ctl
