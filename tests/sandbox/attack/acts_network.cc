// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>

#include "sandbox/attack/acts.h"

namespace attack {
namespace {

constexpr int kAlg = 38;     // AF_ALG, in headers of the kernel only
constexpr int kVsock = 40;   // AF_VSOCK
constexpr int kMptcp = 262;  // IPPROTO_MPTCP
constexpr int kUlp = 31;     // TCP_ULP
constexpr std::uint64_t kUpperHalf = std::uint64_t{1} << 32;

long make(Puppet& puppet, int domain, int type, int protocol) {
  return puppet.closed(puppet.call(SYS_socket, domain, type, protocol));
}

long udp_socket(Puppet& puppet, const Scene& scene) {
  return scene.makes_sockets ? puppet.call(SYS_socket, AF_INET, SOCK_DGRAM, 0) : scene.channel;
}

// Ends what an act has made for itself.
long without(Puppet& puppet, const Scene& scene, long socket, long result) {
  if (scene.makes_sockets) puppet.closed(socket);
  return result;
}

long connect(Puppet& puppet, const Scene& scene, long socket, std::uint16_t port) {
  return puppet.call(SYS_connect, socket, address_in(puppet, scene, port), kInLength);
}

long set_option(Puppet& puppet, const Scene& scene, int level, int option, int value) {
  const long socket = scene.tcp_socket(puppet);
  const long result =
      puppet.call(SYS_setsockopt, socket, level, option, puppet.object(value), sizeof value);
  return without(puppet, scene, socket, result);
}

// A listener that is shut down is a socket like any other (tcp(7) has no word on it).
long shut_down(Puppet& puppet, const Scene& scene) {
  const long socket = scene.listener_or_other(puppet);
  puppet.call(SYS_shutdown, socket, SHUT_RDWR);
  return socket;
}

}  // namespace

long make_tcp(Puppet& puppet, const Scene&) {
  return make(puppet, AF_INET, SOCK_STREAM, IPPROTO_TCP);
}
long make_udp(Puppet& puppet, const Scene&) { return make(puppet, AF_INET6, SOCK_DGRAM, 0); }
long make_local(Puppet& puppet, const Scene&) { return make(puppet, AF_UNIX, SOCK_STREAM, 0); }
long make_netlink(Puppet& puppet, const Scene&) { return make(puppet, AF_NETLINK, SOCK_RAW, 0); }
long make_packet(Puppet& puppet, const Scene&) { return make(puppet, AF_PACKET, SOCK_RAW, 0); }
long make_raw(Puppet& puppet, const Scene&) {
  return make(puppet, AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
long make_vsock(Puppet& puppet, const Scene&) { return make(puppet, kVsock, SOCK_STREAM, 0); }
long make_alg(Puppet& puppet, const Scene&) { return make(puppet, kAlg, SOCK_SEQPACKET, 0); }
long make_mptcp(Puppet& puppet, const Scene&) { return make(puppet, AF_INET, SOCK_STREAM, kMptcp); }
long make_sctp(Puppet& puppet, const Scene&) {
  return make(puppet, AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

long make_pair(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, puppet.room(2 * sizeof(int)));
}

long connect_server(Puppet& puppet, const Scene& scene) {
  const long socket = scene.tcp_socket(puppet);
  return without(puppet, scene, socket, connect(puppet, scene, socket, scene.port));
}

long connect_mapped(Puppet& puppet, const Scene& scene) {
  const long socket = scene.makes_sockets
                          ? puppet.call(SYS_socket, AF_INET6, SOCK_STREAM, IPPROTO_TCP)
                          : scene.listener_or_other(puppet);
  const Address address = address_in6(puppet, scene, scene.port);
  return without(puppet, scene, socket, puppet.call(SYS_connect, socket, address, kIn6Length));
}

long connect_dns(Puppet& puppet, const Scene& scene) {
  const long socket = scene.tcp_socket(puppet);
  return without(puppet, scene, socket, connect(puppet, scene, socket, scene.dns_port));
}

long connect_again(Puppet& puppet, const Scene& scene) {
  const long socket = scene.connection >= 0 ? scene.connection : scene.tcp_socket(puppet);
  if (scene.makes_sockets) connect(puppet, scene, socket, scene.dns_port);
  const std::array<std::uint16_t, 8> unspecified{AF_UNSPEC};
  puppet.call(SYS_connect, socket, puppet.object(unspecified), sizeof unspecified);
  return without(puppet, scene, socket, connect(puppet, scene, socket, scene.port));
}

long connect_listener(Puppet& puppet, const Scene& scene) {
  const long socket = shut_down(puppet, scene);
  return puppet.call(SYS_sendto, socket, puppet.text("x"), 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                     address_in(puppet, scene, scene.port), kInLength);
}

long connect_sendmsg(Puppet& puppet, const Scene& scene) {
  const long socket = shut_down(puppet, scene);
  const Address to = address_in(puppet, scene, scene.port);
  return puppet.call(SYS_sendmsg, socket, message(puppet, to, kInLength),
                     MSG_FASTOPEN | MSG_NOSIGNAL);
}

long connect_sendmmsg(Puppet& puppet, const Scene& scene) {
  const long socket = shut_down(puppet, scene);
  const Address to = address_in(puppet, scene, scene.port);
  return puppet.call(SYS_sendmmsg, socket, message(puppet, to, kInLength), 1,
                     MSG_FASTOPEN | MSG_NOSIGNAL);
}

long connect_by_option(Puppet& puppet, const Scene& scene) {
  return set_option(puppet, scene, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
}
long connect_by_repair(Puppet& puppet, const Scene& scene) {
  return set_option(puppet, scene, IPPROTO_TCP, TCP_REPAIR, 1);
}

long send_udp(Puppet& puppet, const Scene& scene) {
  const long socket = puppet.call(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  connect(puppet, scene, socket, scene.port);
  const long sent = puppet.call(SYS_sendto, socket, puppet.text("x"), 1, MSG_NOSIGNAL, 0, 0);
  puppet.closed(socket);
  return sent;
}

long send_to_address(Puppet& puppet, const Scene& scene) {
  const long socket = udp_socket(puppet, scene);
  const long sent = puppet.call(SYS_sendto, socket, puppet.text("x"), 1, MSG_NOSIGNAL,
                                address_in(puppet, scene, scene.port), kInLength);
  return without(puppet, scene, socket, sent);
}

long shut_listener(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_shutdown, scene.listener_or_other(puppet), SHUT_RDWR);
}

long shut_listener_wide(Puppet& puppet, const Scene& scene) {
  const auto socket = static_cast<std::uint64_t>(scene.listener_or_other(puppet));
  return puppet.call(SYS_shutdown, socket | kUpperHalf, SHUT_RDWR);
}

long bind_tcp(Puppet& puppet, const Scene& scene) {
  const long socket = scene.tcp_socket(puppet);
  const sockaddr_in any{AF_INET, 0, {}, {}};
  return without(puppet, scene, socket,
                 puppet.call(SYS_bind, socket, puppet.object(any), sizeof any));
}

long bind_udp(Puppet& puppet, const Scene& scene) {
  const long socket = udp_socket(puppet, scene);
  const sockaddr_in any{AF_INET, 0, {}, {}};
  return without(puppet, scene, socket,
                 puppet.call(SYS_bind, socket, puppet.object(any), sizeof any));
}

long listen_again(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_listen, scene.listener_or_other(puppet), 1);
}

long accept_old(Puppet& puppet, const Scene& scene) {
  return puppet.closed(puppet.call(SYS_accept, scene.listener_or_other(puppet), nullptr, nullptr));
}

long accept_client(Puppet& puppet, const Scene& scene) {
  const long client =
      puppet.call(SYS_accept4, scene.listener_or_other(puppet), nullptr, nullptr, SOCK_CLOEXEC);
  return client == -EAGAIN ? 0 : puppet.closed(client);  // nobody waits
}

long connect_local(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_connect, scene.channel, address_un(puppet, scene.local + "/stream"),
                     kUnLength);
}

long connect_journal(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_connect, scene.journal, address_un(puppet, scene.local + "/datagrams"),
                     kUnLength);
}

long send_journal(Puppet& puppet, const Scene& scene) {
  const Address to = address_un(puppet, scene.local + "/datagrams");
  return puppet.call(SYS_sendmsg, scene.journal, message(puppet, to, kUnLength), MSG_NOSIGNAL);
}

long filter_option(Puppet& puppet, const Scene& scene) {
  const sock_filter accept_all{BPF_RET | BPF_K, 0, 0, 0xffff};
  const std::array<std::uint64_t, 2> program{1, puppet.object(accept_all)};
  const long socket = scene.tcp_socket(puppet);
  const long result = puppet.call(SYS_setsockopt, socket, SOL_SOCKET, SO_ATTACH_FILTER,
                                  puppet.object(program), sizeof program);
  return without(puppet, scene, socket, result);
}

long protocol_option(Puppet& puppet, const Scene& scene) {
  return set_option(puppet, scene, IPPROTO_TCP, kUlp, 0x736c74);  // "tls"
}
long device_option(Puppet& puppet, const Scene& scene) {
  return set_option(puppet, scene, SOL_SOCKET, SO_BINDTODEVICE, 0x6f6c);  // "lo"
}
long transparent_option(Puppet& puppet, const Scene& scene) {
  return set_option(puppet, scene, IPPROTO_IP, IP_TRANSPARENT, 1);
}

long pass_descriptor(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_sendmsg, scene.channel, message(puppet, 0, 0, scene.channel),
                     MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace attack
