// SPDX-License-Identifier: Apache-2.0
#include "support/dns_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/assert.h"
#include "support/dns_wire.h"

namespace support {
namespace {

constexpr int kPollMs = 10;
constexpr std::size_t kHeader = 12;

base::UniqueFd bound(int type, base::Endpoint& endpoint) {
  base::UniqueFd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  socklen_t length = endpoint.to_sockaddr(storage);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
  POSTERN_ASSERT(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length) == 0);
  endpoint = *base::Endpoint::from_sockaddr(storage);
  return fd;
}

unsigned number_at(const std::string& bytes, std::size_t at) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes.at(i)); };
  return static_cast<unsigned>(octet(at)) << 8 | octet(at + 1);
}

DnsQuery parse(const std::string& message, bool tcp) {
  DnsQuery query;
  query.tcp = tcp;
  query.id = static_cast<std::uint16_t>(number_at(message, 0));
  std::size_t at = kHeader;
  while (message.at(at) != 0) {
    const auto size = static_cast<std::uint8_t>(message[at]);
    if (at > kHeader) query.name += '.';
    query.name += message.substr(at + 1, size);
    at += size + 1u;
  }
  query.name = base::lower(query.name);
  query.type = number_at(message, at + 1);
  query.question = message.substr(kHeader, at + 5 - kHeader);
  return query;
}

std::string read_exactly(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t count = recv(fd, bytes.data(), size, MSG_WAITALL);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return bytes;
}

}  // namespace

DnsServer::DnsServer(Script script) : script_(std::move(script)) {
  // Somebody may hold the TCP port of the number that the kernel chose for UDP.
  for (int attempt = 0; attempt < 100 && !tcp_; ++attempt) {
    endpoint_ = {*base::IpAddress::parse("127.0.0.1"), 0};
    udp_ = bound(SOCK_DGRAM, endpoint_);
    tcp_ = bound(SOCK_STREAM, endpoint_);
  }
  POSTERN_ASSERT(udp_ && tcp_ && listen(tcp_.get(), 16) == 0);
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  stop_ = true;
  thread_.join();
}

void DnsServer::replace(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

std::vector<DnsQuery> DnsServer::queries() const {
  const std::lock_guard lock(mutex_);
  return queries_;
}

std::size_t DnsServer::count(const std::string& name) const {
  const auto all = queries();
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const DnsQuery& query) { return query.name == name; }));
}

void DnsServer::serve() {
  while (!stop_) {
    std::array<pollfd, 2> ready{{{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), kPollMs) <= 0) continue;
    if (ready[0].revents != 0) serve_datagram();
    if (ready[1].revents != 0) serve_connection();
  }
}

void DnsServer::serve_datagram() {
  std::string message(65536, '\0');
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const ssize_t count = recvfrom(udp_.get(), message.data(), message.size(), 0,
                                 reinterpret_cast<sockaddr*>(&peer), &length);
  if (count <= 0) return;
  message.resize(static_cast<std::size_t>(count));
  if (const auto reply = answer(message, false))
    sendto(udp_.get(), reply->data(), reply->size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
}

// RFC 7766 section 8: two octets of length in front. One query a connection is enough here.
void DnsServer::serve_connection() {
  const base::UniqueFd client(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const std::string size = read_exactly(client.get(), 2);
  if (size.size() < 2) return;
  const auto reply = answer(read_exactly(client.get(), number_at(size, 0)), true);
  if (!reply) return;
  const std::string bytes = wire_number(static_cast<unsigned>(reply->size())) + *reply;
  send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::optional<std::string> DnsServer::answer(const std::string& message, bool tcp) {
  const DnsQuery query = parse(message, tcp);
  Script script;
  {
    const std::lock_guard lock(mutex_);
    queries_.push_back(query);
    script = script_;
  }
  return script(query);
}

}  // namespace support
