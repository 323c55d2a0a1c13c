// SPDX-License-Identifier: Apache-2.0
// The control socket: line-delimited JSON over a Unix socket, for root and the server's own user.
//
//   {"command": "status"}  ->  {"ok": true, "result": {...}}  or  {"ok": false, "error": "..."}
//
// A command may have more members, all of them texts: {"command": "limits", "address":
// "192.0.2.7"}. Requests of one connection are answered one after the other; the answer may come
// later. Commands are listed in daemon/common/control_commands.def. A client that breaks a limit is
// closed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/common/poll_loop.h"
#include "daemon/supervisor/control_socket.h"

namespace supervisor {

class ControlServer {
 public:
  static constexpr std::size_t kMaxRequest = 64u << 10;  // bytes of one line, or waiting to be read
  static constexpr std::size_t kMaxConnections = 32;     // further ones are closed at once

  // What a command comes to; call it once, now or later.
  using Answer = std::function<void(const base::Result<nlohmann::json>& result)>;
  // The members of the request, "command" too.
  using Arguments = std::map<std::string, std::string>;
  using Handler = std::function<void(const Arguments& arguments, Answer answer)>;

  // Nothing: no object of texts, or without a command.
  static std::optional<Arguments> parse_request(std::string_view line);

  // `loop` must outlive this.
  ControlServer(common::PollLoop& loop, ControlSocket socket,
                std::map<std::string, Handler> handlers);
  ~ControlServer();

  // Makes the file of the socket again where somebody removed it. What that comes to is a line in
  // the log, once.
  void keep_in_place();

 private:
  struct Connection {
    base::UniqueFd fd;
    std::string input;
    std::string output;
    bool waiting = false;  // for the answer to a request
    bool serving = false;  // serve() is at work
  };
  void listen();
  void accept();
  void on_readable(const std::shared_ptr<Connection>& connection);
  void serve(const std::shared_ptr<Connection>& connection);
  void run(const std::shared_ptr<Connection>& connection, const std::string& line);
  void reply(const std::shared_ptr<Connection>& connection,
             const base::Result<nlohmann::json>& result);
  void flush(const std::shared_ptr<Connection>& connection);
  void close(const std::shared_ptr<Connection>& connection);

  common::PollLoop& loop_;
  std::optional<ControlSocket> socket_;  // there always is one
  const std::map<std::string, Handler> handlers_;
  std::size_t connections_ = 0;
  std::string last_failure_;  // to put the file in its place
};

}  // namespace supervisor
