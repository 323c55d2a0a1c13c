// SPDX-License-Identifier: Apache-2.0
// The way of a connection to its client's address, over pairs of sockets. The header's own rules
// are in tests/unit/smtp/.
#include "net/proxy_intake.h"

#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kHeader = "PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n";
const base::Endpoint kProxy = base::Endpoint::parse("192.0.2.99:50000").value();

void send(const base::UniqueFd& fd, const std::string& bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
}

// All that lies there; `closed` when the end lies behind it.
std::string take_all(const base::UniqueFd& fd, bool* closed = nullptr) {
  std::array<char, 8192> buffer{};
  std::string all;
  ssize_t count = 0;
  while ((count = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0)
    all.append(buffer.data(), static_cast<std::size_t>(count));
  if (closed != nullptr) *closed = count == 0 || errno == ECONNRESET;
  return all;
}

struct Gate {
  explicit Gate(const net::ProxyLimits& limits = {})
      : intake(
            loop,
            [this](const base::Endpoint& proxy, std::string_view reason, std::string_view detail) {
              CHECK(proxy == kProxy);
              trace +=
                  std::string(reason) + (detail.empty() ? "" : "/") + std::string(detail) + ' ';
            },
            limits) {}

  // A connection from the proxy; returns the proxy's end.
  base::UniqueFd connect() {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
    intake.take(base::UniqueFd(fds[0]), kProxy,
                [this](base::UniqueFd fd, const std::optional<base::Endpoint>& client) {
                  trace += (client ? client->to_string() : "-") + ' ';
                  adopted.push_back(std::move(fd));
                });
    return base::UniqueFd(fds[1]);
  }

  // Lets the loop run for so long, or until something is in the trace.
  void run(std::chrono::milliseconds most) {
    const base::Instant end = base::now() + most;
    const auto watch = loop.every(1ms, [&] {
      if (base::now() >= end || !trace.empty()) loop.stop();
    });
    loop.run();
  }

  net::EventLoop loop;
  net::ProxyIntake intake;
  std::string trace;
  std::vector<base::UniqueFd> adopted;
};

TEST_CASE("the client that the header names, and what follows is left in the socket") {
  for (const std::string& behind :
       {""s, "\x16\3\1 a handshake"s, kHeader, std::string(5000, 'x')}) {
    Gate gate;
    const base::UniqueFd proxy = gate.connect();
    send(proxy, kHeader + behind);
    gate.run(20s);
    CHECK(gate.trace == "192.0.2.7:40000 ");
    CHECK(gate.intake.waiting() == 0);
    REQUIRE(gate.adopted.size() == 1);
    CHECK(take_all(gate.adopted[0]) == behind);
    CHECK(take_all(proxy).empty());
  }
}

TEST_CASE("a header that names no client") {
  Gate gate;
  const base::UniqueFd proxy = gate.connect();
  send(proxy, "PROXY UNKNOWN\r\nNOOP\r\n");
  gate.run(20s);
  CHECK(gate.trace == "- ");
  REQUIRE(gate.adopted.size() == 1);
  CHECK(take_all(gate.adopted[0]) == "NOOP\r\n");
}

TEST_CASE("a header in pieces, and one that is longer than a look") {
  const std::string v2 =
      "\r\n\r\n\0\r\nQUIT\n\x20\0\x10\0"s + std::string(smtp::kMaxProxyBlock, 'x');
  for (const std::string& header : {kHeader, v2}) {
    Gate gate;
    const base::UniqueFd proxy = gate.connect();
    for (std::size_t at = 0; at < header.size(); at += header.size() / 10) {
      REQUIRE(gate.trace.empty());
      send(proxy, header.substr(at, header.size() / 10));
      gate.run(2ms);
    }
    gate.run(20s);
    CHECK(gate.adopted.size() == 1);
  }
}

TEST_CASE("an incomplete header is waited for and not looked at all the time") {
  Gate gate;
  const base::UniqueFd proxy = gate.connect();
  send(proxy, kHeader.substr(0, 20));
  const auto begin = std::clock();
  gate.run(300ms);
  const double used = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  CHECK(gate.trace.empty());
  CHECK(gate.intake.waiting() == 1);
  CHECK(used < 0.1);
}

TEST_CASE("what is wrong is closed without a word") {
  struct Row {
    std::string bytes;
    std::string trace;
  };
  for (const Row& row : {Row{"EHLO client.example.net\r\n", "proxy_invalid/signature "},
                         Row{"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\n", "proxy_invalid/line "},
                         Row{"\x16\3\1", "proxy_invalid/signature "}}) {
    Gate gate;
    const base::UniqueFd proxy = gate.connect();
    send(proxy, row.bytes);
    gate.run(20s);
    CHECK(gate.trace == row.trace);
    CHECK(gate.intake.waiting() == 0);
    bool closed = false;
    CHECK(take_all(proxy, &closed).empty());
    CHECK(closed);
    CHECK(gate.adopted.empty());
  }
}

TEST_CASE("a proxy that leaves without a word, or in the middle of one") {
  for (const std::string& begun : {""s, kHeader.substr(0, 20)}) {
    Gate gate;
    base::UniqueFd proxy = gate.connect();
    if (!begun.empty()) send(proxy, begun);
    proxy.reset();
    gate.run(20s);
    CHECK(gate.trace == "proxy_eof ");
    CHECK(gate.intake.waiting() == 0);
  }
}

TEST_CASE("the time for a header is not prolonged by its pieces") {
  Gate gate({.waiting = 10, .timeout = 100ms});
  const base::UniqueFd silent = gate.connect();
  gate.run(20s);
  CHECK(gate.trace == "proxy_timeout ");

  gate.trace.clear();
  const base::Instant begin = base::now();
  const base::UniqueFd slow = gate.connect();
  for (std::size_t at = 0; at < kHeader.size() && gate.trace.empty(); ++at) {
    send(slow, kHeader.substr(at, 1));
    gate.run(10ms);
  }
  CHECK(gate.trace == "proxy_timeout ");
  CHECK(base::now() - begin >= 100ms);
  CHECK(gate.adopted.empty());
}

TEST_CASE("no more than so many wait: the oldest gives way") {
  Gate gate({.waiting = 3, .timeout = 10s});
  std::vector<base::UniqueFd> proxies;
  for (int i = 0; i < 4; ++i) proxies.push_back(gate.connect());
  CHECK(gate.trace == "proxy_timeout/crowded ");
  CHECK(gate.intake.waiting() == 3);
  bool closed = false;
  take_all(proxies[0], &closed);
  CHECK(closed);

  gate.trace.clear();
  send(proxies[1], kHeader);
  gate.run(20s);
  CHECK(gate.trace == "192.0.2.7:40000 ");
}

TEST_CASE("those that wait end with the intake") {
  auto gate = std::make_unique<Gate>();
  const base::UniqueFd proxy = gate->connect();
  gate.reset();
  bool closed = false;
  take_all(proxy, &closed);
  CHECK(closed);
}

}  // namespace
