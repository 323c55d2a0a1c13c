// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "obs/log.h"

namespace supervisor {
namespace {

using nlohmann::json;

bool may_control(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

std::optional<ControlServer::Arguments> ControlServer::parse_request(std::string_view line) {
  const json request = json::parse(line, nullptr, false);
  if (!request.is_object() || !request.contains("command")) return std::nullopt;
  Arguments arguments;
  for (const auto& [name, value] : request.items()) {
    if (!value.is_string()) return std::nullopt;
    arguments[name] = value.get<std::string>();
  }
  return arguments;
}

ControlServer::ControlServer(common::PollLoop& loop, ControlSocket socket,
                             std::map<std::string, Handler> handlers)
    : loop_(loop), socket_(std::move(socket)), handlers_(std::move(handlers)) {
  listen();
}

ControlServer::~ControlServer() { loop_.unwatch(socket_->fd()); }

void ControlServer::listen() {
  loop_.watch(socket_->fd(), [this] { accept(); });
}

void ControlServer::keep_in_place() {
  if (socket_->is_in_place()) return;
  auto made = ControlSocket::open(socket_->path());
  if (!made) {
    if (std::exchange(last_failure_, made.error().reason) != made.error().reason)
      obs::log_trouble("control", made.error().reason);
    return;
  }
  loop_.unwatch(socket_->fd());
  socket_.emplace(std::move(*made));
  listen();
  last_failure_.clear();
  obs::log_trouble("control", "the file of control.socket was gone and has been made again");
}

void ControlServer::accept() {
  base::UniqueFd fd(::accept4(socket_->fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd || !may_control(fd.get()) || connections_ >= kMaxConnections) return;
  ++connections_;
  const auto connection = std::make_shared<Connection>();
  connection->fd = std::move(fd);
  loop_.watch(
      connection->fd.get(), [this, connection] { on_readable(connection); },
      [connection] { return !connection->output.empty(); },
      [this, connection] { serve(connection); });
}

void ControlServer::close(const std::shared_ptr<Connection>& connection) {
  if (!connection->fd) return;
  loop_.unwatch(connection->fd.get());
  connection->fd.reset();
  --connections_;
}

void ControlServer::on_readable(const std::shared_ptr<Connection>& connection) {
  std::array<char, 4096> buffer;
  const ssize_t count = ::recv(connection->fd.get(), buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return close(connection);
  connection->input.append(buffer.data(), static_cast<std::size_t>(count));
  serve(connection);
}

// Reads no further request before the answer to the last one has been taken.
void ControlServer::serve(const std::shared_ptr<Connection>& connection) {
  if (std::exchange(connection->serving, true)) return;  // an answer within run()
  flush(connection);
  while (connection->fd && !connection->waiting && connection->output.empty()) {
    const auto end = connection->input.find('\n');
    if (end == std::string::npos) break;
    const std::string line = connection->input.substr(0, end);
    connection->input.erase(0, end + 1);
    connection->waiting = true;
    run(connection, line);
    flush(connection);
  }
  connection->serving = false;
  if (connection->input.size() > kMaxRequest) close(connection);
}

void ControlServer::run(const std::shared_ptr<Connection>& connection, const std::string& line) {
  const auto arguments = parse_request(line);
  if (!arguments)
    return reply(connection, base::Error::permanent("not a request: {\"command\": NAME}"));
  const auto handler = handlers_.find(arguments->at("command"));
  if (handler == handlers_.end())
    return reply(connection, base::Error::permanent("there is no such command"));
  handler->second(*arguments, [this, connection](const base::Result<json>& result) {
    reply(connection, result);
  });
}

void ControlServer::reply(const std::shared_ptr<Connection>& connection,
                          const base::Result<json>& result) {
  const json answer = result ? json{{"ok", true}, {"result", *result}}
                             : json{{"ok", false}, {"error", result.error().reason}};
  // What a peer sent is escaped already; whatever is left that is not UTF-8 is replaced.
  connection->output += answer.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
  connection->waiting = false;
  serve(connection);
}

void ControlServer::flush(const std::shared_ptr<Connection>& connection) {
  std::string& output = connection->output;
  if (!connection->fd || output.empty()) return;
  const ssize_t sent = ::send(connection->fd.get(), output.data(), output.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return close(connection);
  if (sent > 0) output.erase(0, static_cast<std::size_t>(sent));
}

}  // namespace supervisor
