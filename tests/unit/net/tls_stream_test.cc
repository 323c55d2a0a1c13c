// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "support/certificate.h"

namespace {

net::TlsContext server_context() {
  const auto certificate = support::make_certificate("mx.ours.test");
  net::TlsSettings settings;
  settings.certificates.push_back({certificate.chain_pem, certificate.key_pem, "chain", "key"});
  auto context = net::TlsContext::make(settings);
  REQUIRE(context.ok());
  return std::move(*context);
}

struct Pair {
  base::UniqueFd server;
  base::UniqueFd client;
};

Pair connected() {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

// Both ends of one TLS 1.3 connection, with the handshake behind them.
struct Ends {
  Ends() {
    SSL_set_fd(client.get(), fds.client.get());
    SSL_set_connect_state(client.get());
    for (int i = 0; i < 20 && !(done && SSL_is_init_finished(client.get())); ++i) {
      SSL_do_handshake(client.get());
      done = server->handshake().done();
    }
    REQUIRE(done);
    REQUIRE(SSL_version(client.get()) == TLS1_3_VERSION);
  }

  bool unread() const {
    char byte = 0;
    return recv(fds.server.get(), &byte, 1, MSG_PEEK) == 1;
  }

  Pair fds = connected();
  std::unique_ptr<net::TlsStream> server = net::TlsStream::make(server_context(), fds.server.get());
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> client_context{SSL_CTX_new(TLS_client_method()),
                                                              SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> client{SSL_new(client_context.get()), SSL_free};
  bool done = false;
};

TEST_CASE("a flood of key updates does not keep a read from returning") {
  constexpr int kUpdates = 50;
  Ends ends;
  for (int i = 0; i < kUpdates; ++i) {
    REQUIRE(SSL_key_update(ends.client.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
    REQUIRE(SSL_do_handshake(ends.client.get()) == 1);
  }
  REQUIRE(SSL_write(ends.client.get(), "NOOP", 4) == 4);

  // One return for each, and a watch on the socket sees that there is more.
  std::array<char, 100> buffer{};
  for (int i = 0; i < kUpdates; ++i) {
    REQUIRE(ends.server->read(buffer.data(), buffer.size()).state == net::Io::State::NeedRead);
    REQUIRE(ends.unread());
  }
  const net::Io io = ends.server->read(buffer.data(), buffer.size());
  REQUIRE(io.done());
  CHECK(std::string(buffer.data(), io.bytes) == "NOOP");
  CHECK_FALSE(ends.unread());
}

void update_keys(SSL* client) {
  REQUIRE(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
  REQUIRE(SSL_do_handshake(client) == 1);
}

TEST_CASE("a flood of key updates ends") {
  constexpr std::size_t kMost = net::kMaxIdlePieces / 2;  // the head of each, and its body
  Ends ends;
  std::array<char, 100> buffer{};
  // Data in between begins the count anew.
  for (int i = 0; i < 2; ++i) {
    for (std::size_t sent = 0; sent < kMost - 1; ++sent) {
      update_keys(ends.client.get());
      REQUIRE(ends.server->read(buffer.data(), buffer.size()).state == net::Io::State::NeedRead);
    }
    REQUIRE(SSL_write(ends.client.get(), "NOOP", 4) == 4);
    REQUIRE(ends.server->read(buffer.data(), buffer.size()).done());
  }
  for (std::size_t sent = 0; sent < kMost; ++sent) {
    update_keys(ends.client.get());
    REQUIRE(ends.server->read(buffer.data(), buffer.size()).state == net::Io::State::NeedRead);
  }
  CHECK_FALSE(ends.server->is_flooded());
  update_keys(ends.client.get());
  CHECK(ends.server->read(buffer.data(), buffer.size()).state == net::Io::State::Failed);
  CHECK(ends.server->is_flooded());
  CHECK(ends.server->failure() == "flood");
  // What we say makes no difference.
  CHECK(ends.server->write("220 ").done());
  CHECK(ends.server->read(buffer.data(), buffer.size()).state == net::Io::State::Failed);
  CHECK(ends.server->is_flooded());
}

// Each octet of the message in a record of its own.
std::string in_small_records(const std::string& handshake_message) {
  std::string records;
  for (const char octet : handshake_message) records += std::string("\x16\3\1\0\1", 5) + octet;
  return records;
}

TEST_CASE("a handshake in very many records ends within one call") {
  constexpr std::size_t kRecords = net::kMaxIdlePieces;  // of two pieces each
  Pair pair = connected();
  const auto server = net::TlsStream::make(server_context(), pair.server.get());
  const std::string hello = std::string("\1\0\x40\0\3\3", 6) + std::string(kRecords, '\0');
  const std::string records = in_small_records(hello);
  REQUIRE(send(pair.client.get(), records.data(), records.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(records.size()));
  REQUIRE(server->handshake().state == net::Io::State::Failed);
  CHECK(server->failure() == "flood");
  char byte = 0;
  CHECK(recv(pair.server.get(), &byte, 1, MSG_PEEK) == 1);  // the rest was not read
}

}  // namespace
