// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include "net/acceptor.h"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>

namespace {

base::Endpoint endpoint(const char* text) { return base::Endpoint::parse(text).value(); }

base::UniqueFd connect_to(const base::Endpoint& server) {
  sockaddr_storage storage;
  const socklen_t length = server.to_sockaddr(storage);
  base::UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) fd.reset();
  return fd;
}

}  // namespace

TEST_CASE("a busy port is an error that names address and reason") {
  const auto first = net::open_listener(endpoint("127.0.0.1:0"));
  REQUIRE(first.ok());
  const auto busy = net::local_endpoint(first->get());
  const auto second = net::open_listener(busy);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().system_error == EADDRINUSE);
  CHECK(second.error().reason.find(busy.to_string()) != std::string::npos);
}

TEST_CASE("an IPv6 listener leaves IPv4 alone") {
  bool opened = false;
  // Somebody else may have the port that the kernel chooses for IPv6.
  for (int attempt = 0; attempt < 20 && !opened; ++attempt) {
    const auto v6 = net::open_listener(endpoint("[::]:0"));
    REQUIRE(v6.ok());
    opened = net::open_listener({base::IpAddress{}, net::local_endpoint(v6->get()).port}).ok();
  }
  CHECK(opened);
}

TEST_CASE("the acceptor hands over every connection with its peer") {
  net::EventLoop loop;
  auto listener = net::open_listener(endpoint("127.0.0.1:0"));
  REQUIRE(listener.ok());
  const auto address = net::local_endpoint(listener->get());
  std::vector<base::Endpoint> peers;
  const net::Acceptor acceptor(
      loop, std::move(*listener),
      [&](base::UniqueFd fd, const base::Endpoint& peer) {
        CHECK(fd);
        peers.push_back(peer);
        if (peers.size() == 3) loop.stop();
      },
      [](const std::string& reason) { FAIL(reason); });
  std::vector<base::UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(connect_to(address));
  loop.run();
  REQUIRE(peers.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(peers[i] == net::local_endpoint(clients[i].get()));
}
