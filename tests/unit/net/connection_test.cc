// SPDX-License-Identifier: Apache-2.0
// What sockets add to a session, over a pair of them. Whole dialogues are in tests/e2e/.
#include "net/connection.h"

#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "smtp/replies.h"
#include "support/certificate.h"

namespace {

using namespace std::chrono_literals;
namespace replies = smtp::replies;

std::shared_ptr<const net::TlsContext> tls_context() {
  const auto certificate = support::make_certificate("mx.ours.test");
  net::TlsSettings settings;
  settings.certificates.push_back({certificate.chain_pem, certificate.key_pem, "chain", "key"});
  auto context = net::TlsContext::make(settings);
  REQUIRE(context.ok());
  return std::make_shared<net::TlsContext>(std::move(*context));
}

// A connection that greets, or refuses at once, and the client's end of it.
class Served : public net::ConnectionHandler {
 public:
  explicit Served(const smtp::Reply& greeting = replies::greeting("mx.ours.test"))
      : greeting_(greeting) {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    client = base::UniqueFd(fds[1]);
    const int small = 1;  // the kernel takes its least instead
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    connection = std::make_unique<net::Connection>(loop, base::UniqueFd(fds[0]), smtp::PeerFacts{},
                                                   tls_context(), settings, *this);
  }

  void on_event(net::Connection& self, smtp::Event event) override {
    if (const auto* ask = std::get_if<smtp::AskConnect>(&event))
      self.answer(ask->ticket, greeting_);
  }
  void on_tls(net::Connection&, const net::TlsFacts&) override { trace += "tls "; }
  void on_tls_failed(net::Connection&, std::string_view, const std::string&) override {
    trace += "tls_failed ";
  }
  void on_closed(net::Connection&, std::string_view reason) override {
    trace += "closed:" + std::string(reason) + ' ';
  }
  void on_gone(net::Connection&) override { trace += "gone"; }

  void send(const std::string& bytes) const {
    REQUIRE(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  // Takes what has come; says whether the server's side is shut.
  bool take() {
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = recv(client.get(), buffer.data(), buffer.size(), 0)) > 0)
      received.append(buffer.data(), static_cast<std::size_t>(count));
    return count == 0;
  }
  // Lets the loop run until then, or too long.
  bool run_until(const std::function<bool()>& done) {
    const base::Instant end = base::now() + 20s;
    bool met = false;
    const auto watch = loop.every(1ms, [&] {
      met = met || done();
      if (met || base::now() > end) loop.stop();
    });
    loop.run();
    return met;
  }

  smtp::Settings settings;
  net::EventLoop loop;
  base::UniqueFd client;
  std::string trace;
  std::string received;
  std::unique_ptr<net::Connection> connection;

 private:
  const smtp::Reply greeting_;
};

TEST_CASE("a client that is refused at once and sent nothing has no descriptor a moment later") {
  Served served(replies::access_denied());
  served.connection->start();
  CHECK(served.trace == "closed:denied gone");
  CHECK(served.take());
  CHECK(served.received == replies::access_denied().render());
}

TEST_CASE("one that sent something has little time to read why it is refused") {
  Served served(replies::too_many_connections());
  served.send("EHLO client.example.net\r\n");
  const base::Instant begin = base::now();
  served.connection->start();
  CHECK(served.trace == "closed:denied ");
  CHECK(served.run_until([&] { return served.trace == "closed:denied gone"; }));
  CHECK(base::now() - begin < 2s);  // what others get
  CHECK(served.take());
  CHECK(served.received == replies::too_many_connections().render());
}

TEST_CASE("what came before the greeting is seen before it") {
  Served served;
  served.send("EHLO client.example.net\r\n");
  served.connection->start();
  CHECK(served.trace == "closed:early_talker ");
  CHECK(served.take());
  CHECK(served.received == replies::input_before_greeting().render());
}

TEST_CASE("one that was served has its time") {
  Served served;
  served.connection->start();
  served.send("QUIT\r\n");
  CHECK(served.run_until([&] { return served.take(); }));
  CHECK(served.trace == "closed:quit ");
  served.client.reset();
  CHECK(served.run_until([&] { return served.trace == "closed:quit gone"; }));
}

TEST_CASE("the time that a connection is held is not its client's") {
  Served served;
  served.connection->start();
  const base::Instant due = served.connection->session().deadline().value();
  served.connection->hold();
  const base::Instant held = base::now();
  std::this_thread::sleep_for(20ms);
  served.connection->hold();  // holds on, from the same moment
  const base::Instant released = base::now();
  served.connection->release();
  CHECK(served.connection->session().deadline().value() - due >= released - held);
  const auto later = served.connection->session().deadline();
  served.connection->release();
  CHECK(served.connection->session().deadline() == later);
}

TEST_CASE("no handshake begins behind a shutdown, though the 220 was not read yet") {
  Served served;
  served.connection->start();
  served.send("EHLO client.example.net\r\n");
  CHECK(served.run_until([&] { return served.connection->session().stage() == "mail"; }));
  std::string group;
  for (int i = 0; i < 90; ++i) group += "HELP\r\n";
  served.send(group + "STARTTLS\r\n");
  net::Connection& connection = *served.connection;
  REQUIRE(served.run_until([&] { return connection.session().stage() == "tls"; }));
  REQUIRE_FALSE(connection.session().output().empty());
  connection.shut_down();
  CHECK(served.trace.empty());
  CHECK(served.run_until([&] { return served.take(); }));
  CHECK(served.received.ends_with(replies::ready_for_tls().render()));
  CHECK(served.trace == "closed:shutdown ");
}

}  // namespace
