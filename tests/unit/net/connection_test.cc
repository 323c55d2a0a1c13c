// SPDX-License-Identifier: Apache-2.0
// What sockets add to a session, over a pair of them. Whole dialogues are in tests/e2e/.
#include "net/connection.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
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

// A connection that greets, or refuses at once, and the client's end of it. Later questions stay
// open.
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
    if (const auto* ask = std::get_if<smtp::AskTls>(&event)) open = ask->ticket;
    if (const auto* ask = std::get_if<smtp::AskSender>(&event)) open = ask->ticket;
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
  // Up to the question about a handshake.
  void ask_for_tls() {
    connection->start();
    REQUIRE_FALSE(take());
    received.clear();
    send("STARTTLS\r\n");
    REQUIRE(run_until([&] { return open.has_value(); }));
  }
  void answer(const smtp::Reply& reply) { connection->answer(open.value(), reply); }
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
  std::optional<smtp::Ticket> open;
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

// Whether one of some tries takes less time than that: the machine may stand still in any.
bool once_within(base::Duration limit, const std::function<void()>& attempt) {
  for (int i = 0; i < 5; ++i) {
    const base::Instant begin = base::now();
    attempt();
    if (base::now() - begin < limit) return true;
  }
  return false;
}

constexpr base::Duration kTimeOfOthers = 2s;

TEST_CASE("one that sent something has little time to read why it is refused") {
  const bool little = once_within(kTimeOfOthers, [] {
    Served served(replies::too_many_connections());
    served.send("EHLO client.example.net\r\n");
    served.connection->start();
    CHECK(served.trace == "closed:denied ");
    CHECK(served.run_until([&] { return served.trace == "closed:denied gone"; }));
    CHECK(served.take());
    CHECK(served.received == replies::too_many_connections().render());
  });
  CHECK(little);
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

TEST_CASE("a greeting in two lines: the first goes out at once, the second by itself") {
  Served served;
  served.connection->session().delay_greeting(30ms);
  const base::Instant begin = base::now();
  served.connection->start();
  CHECK_FALSE(served.take());
  CHECK(served.received == "220-mx.ours.test ESMTP\r\n");
  served.received.clear();
  CHECK(served.run_until([&] { return served.take() || !served.received.empty(); }));
  CHECK(served.received == "220 mx.ours.test ESMTP\r\n");
  CHECK(base::now() - begin > 29ms);
}

TEST_CASE("who speaks between the two lines has little time to read why it is refused") {
  const bool little = once_within(kTimeOfOthers, [] {
    Served served;
    served.connection->session().delay_greeting(1h);
    served.connection->start();
    served.send("EHLO client.example.net\r\n");
    CHECK(served.run_until([&] { return served.trace == "closed:early_talker gone"; }));
    CHECK(served.take());
    CHECK(served.received ==
          "220-mx.ours.test ESMTP\r\n" + replies::input_before_greeting().render());
  });
  CHECK(little);
}

TEST_CASE("an answer that comes later is given at once") {
  Served served;
  served.ask_for_tls();
  CHECK_FALSE(served.take());
  CHECK(served.received.empty());
  served.answer(replies::ready_for_tls());
  CHECK_FALSE(served.take());
  CHECK(served.received == replies::ready_for_tls().render());
  CHECK(served.connection->session().stage() == "tls");
}

TEST_CASE("clear text that comes while a handshake is asked for is seen") {
  Served served;
  served.ask_for_tls();
  served.send("R");
  served.answer(replies::ready_for_tls());
  CHECK(served.trace == "closed:starttls_injection ");
  CHECK(served.take());
}

TEST_CASE("a client that ended its side reads the answer to an open question") {
  Served served;
  served.ask_for_tls();
  REQUIRE(::shutdown(served.client.get(), SHUT_WR) == 0);
  CHECK(served.run_until([&] { return !served.connection->session().wants_input(); }));
  CHECK(served.trace.empty());
  served.answer(replies::tls_unavailable());
  CHECK(served.take());
  CHECK(served.received == replies::tls_unavailable().render());
  CHECK(served.trace == "closed:eof gone");
}

TEST_CASE("a client that resets its connection is gone, and an open question with it") {
  Served served;
  served.connection->start();
  served.send("STARTTLS\r\n");
  REQUIRE(served.run_until([&] { return served.open.has_value(); }));
  served.client.reset();  // with the greeting unread, so the other side is told of a reset
  CHECK(served.run_until([&] { return served.trace == "closed:lost gone"; }));
  served.answer(replies::ready_for_tls());
  CHECK(served.trace == "closed:lost gone");
}

TEST_CASE("a shutdown waits for an open question, and an abort does not") {
  Served served;
  served.ask_for_tls();
  served.connection->shut_down();
  CHECK(served.trace.empty());
  served.answer(replies::ready_for_tls());
  CHECK(served.take());
  CHECK(served.received == replies::shutting_down().render());
  CHECK(served.trace == "closed:shutdown ");

  Served aborted;
  aborted.ask_for_tls();
  aborted.connection->shut_down();
  aborted.connection->abort("aborted");
  CHECK(aborted.trace == "closed:aborted gone");
  aborted.answer(replies::ready_for_tls());
  CHECK(aborted.trace == "closed:aborted gone");
  CHECK(aborted.take());
  CHECK(aborted.received.empty());
}

TEST_CASE("one that stands still gives way: told so, or ended where nothing can be said") {
  Served silent;
  CHECK_FALSE(silent.connection->standstill());
  silent.connection->start();
  CHECK(silent.connection->standstill());
  silent.connection->hold();
  CHECK_FALSE(silent.connection->standstill());
  silent.connection->give_way(replies::crowded());
  CHECK(silent.trace.empty());
  silent.connection->release();
  silent.connection->give_way(replies::crowded());
  CHECK(silent.take());
  CHECK(silent.received.ends_with(replies::crowded().render()));
  CHECK(silent.trace.starts_with("closed:crowded "));
  CHECK_FALSE(silent.connection->standstill());

  Served half;
  half.ask_for_tls();
  half.connection->give_way(replies::crowded());
  CHECK(half.trace.empty());  // a question is open
  half.answer(replies::ready_for_tls());
  CHECK(half.connection->standstill()->at == smtp::Standstill::At::Handshake);
  half.connection->give_way(replies::crowded());
  CHECK(half.trace == "tls_failed closed:tls_failed gone");
}

TEST_CASE("one that does not read what it is told stands still, and is told no more") {
  for (const bool ended : {false, true}) {
    Served served;
    served.connection->start();
    served.send("EHLO client.example.net\r\n");
    REQUIRE(served.run_until([&] { return served.connection->session().stage() == "mail"; }));
    std::string group;
    for (int i = 0; i < 90; ++i) group += "HELP\r\n";
    served.send(group + (ended ? "QUIT\r\n" : ""));
    const smtp::Session& session = served.connection->session();
    REQUIRE(served.run_until(
        [&] { return !session.output().empty() && (session.stage() == "closed") == ended; }));
    const auto standstill = served.connection->standstill();
    REQUIRE(standstill);
    CHECK(base::now() - standstill->since < 20s);
    served.connection->give_way(replies::crowded());
    CHECK(served.trace == "closed:crowded gone");
  }
}

// A client inside TLS, with a question about its sender open.
struct Secured : Served {
  Secured() {
    ask_for_tls();
    answer(replies::ready_for_tls());
    REQUIRE_FALSE(take());
    SSL_set_fd(ssl.get(), client.get());
    SSL_set_connect_state(ssl.get());
    REQUIRE(run_until([&] { return SSL_do_handshake(ssl.get()) == 1 && trace == "tls "; }));
    open.reset();
    const std::string_view hello = "EHLO client.example.net\r\n";
    REQUIRE(SSL_write(ssl.get(), hello.data(), static_cast<int>(hello.size())) > 0);
    REQUIRE(run_until([&] { return connection->session().stage() == "mail"; }));
    const std::string_view mail = "MAIL FROM:<a@example.net>\r\n";
    REQUIRE(SSL_write(ssl.get(), mail.data(), static_cast<int>(mail.size())) > 0);
    REQUIRE(run_until([&] { return open.has_value(); }));
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{SSL_CTX_new(TLS_client_method()),
                                                       SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> ssl{SSL_new(context.get()), SSL_free};
};

TEST_CASE("TLS that brings records without data and no end ends") {
  Secured served;
  CHECK(served.run_until([&] {
    if (served.trace == "tls ") {
      SSL_key_update(served.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
      SSL_do_handshake(served.ssl.get());
    }
    return served.trace == "tls closed:tls_flood gone";
  }));
}

TEST_CASE("TLS that ends without its close_notify cannot be answered any more") {
  Secured served;
  REQUIRE(::shutdown(served.client.get(), SHUT_WR) == 0);
  CHECK(served.run_until([&] { return served.trace == "tls closed:lost gone"; }));
}

TEST_CASE("TLS that ended its side in good order reads the answer to an open question") {
  Secured served;
  SSL_shutdown(served.ssl.get());
  CHECK(served.run_until([&] { return !served.connection->session().wants_input(); }));
  CHECK(served.trace == "tls ");
  served.answer(replies::sender_ok());
  CHECK(served.trace == "tls closed:eof ");
  std::array<char, 4096> buffer{};
  std::string heard;
  int count = 0;
  while ((count = SSL_read(served.ssl.get(), buffer.data(), buffer.size())) > 0)
    heard.append(buffer.data(), static_cast<std::size_t>(count));
  CHECK(heard.ends_with(replies::sender_ok().render()));
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
  REQUIRE(served.run_until([&] { return served.open.has_value(); }));
  served.answer(replies::ready_for_tls());
  REQUIRE(connection.session().stage() == "tls");
  REQUIRE_FALSE(connection.session().output().empty());
  connection.shut_down();
  CHECK(served.trace.empty());
  CHECK(served.run_until([&] { return served.take(); }));
  CHECK(served.received.ends_with(replies::ready_for_tls().render()));
  CHECK(served.trace == "closed:shutdown ");
}

}  // namespace
