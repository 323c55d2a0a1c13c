// SPDX-License-Identifier: Apache-2.0
// What there is around an attack: what the process has, and what it is after.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sandbox/attack/puppet.h"

namespace attack {

struct Scene {
  pid_t process = -1;
  pid_t thread = -1;
  pid_t other = -1;            // another process, of the same user
  Address other_memory = 0;    // where it can be written
  in_addr_t server = 0;        // a server that is not ours, in the byte order of the network
  std::uint16_t port = 0;      // it listens there,
  std::uint16_t dns_port = 0;  // and there, which is the port of a DNS server of the configuration
  std::string outside;         // a directory that every user may use, with "file"
  std::string local;  // a directory with sockets that every user may use: "stream", "datagrams"
  bool makes_sockets = false;  // the process is one that may, or is not confined

  // Descriptors in the process; -1 when it has none. See find_descriptors().
  int listener = -1;
  int connection = -1;  // TCP
  int channel = -1;     // to another of our programs
  int journal = -1;     // a local socket for datagrams
  int directory = -1;

  // A TCP socket that is not connected, or what comes next to one.
  long tcp_socket(Puppet& puppet) const;
  long listener_or_other(Puppet& puppet) const {
    return listener >= 0 ? listener : tcp_socket(puppet);
  }
};

// Looks at what the process has open.
void find_descriptors(Scene& scene);

// The addresses as the kernel takes them.
Address address_in(Puppet& puppet, const Scene& scene, std::uint16_t port);
Address address_in6(Puppet& puppet, const Scene& scene, std::uint16_t port);  // mapped
Address address_un(Puppet& puppet, const std::string& path);
// For sendmsg(): one octet of data, and a descriptor if it is not -1.
Address message(Puppet& puppet, Address to, std::uint32_t to_length, int descriptor = -1);

inline constexpr std::uint32_t kInLength = 16;
inline constexpr std::uint32_t kIn6Length = 28;
inline constexpr std::uint32_t kUnLength = 110;

}  // namespace attack
