// SPDX-License-Identifier: Apache-2.0
// A role's socket to the journal reaches the journal, and no other socket of the machine.
#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "sandbox/roles.h"
#include "support/temp_directory.h"
#include "unit/sandbox/child.h"

namespace {

using base::UniqueFd;
using sandbox::Role;
using sandbox_test::in_child, sandbox_test::kGood;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

UniqueFd receiver(const sockaddr_un& address) {
  UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// 0: sent; 1: refused.
int send_elsewhere(int fd, sockaddr_un address) {
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (sendmsg(fd, &message, MSG_NOSIGNAL) == 1) return 0;
  return errno == EPERM ? 1 : 2;
}

}  // namespace

TEST_CASE("the journal's socket sends to the journal only") {
  const support::TempDirectory directory;
  const sockaddr_un journal = address_of(directory.path() / "journal");
  const sockaddr_un other = address_of(directory.path() / "other");
  const UniqueFd journal_end = receiver(journal);
  const UniqueFd other_end = receiver(other);
  const UniqueFd ours(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(connect(ours.get(), reinterpret_cast<const sockaddr*>(&journal), sizeof journal) == 0);
  char received = 0;

  CHECK(in_child([&] { return send_elsewhere(ours.get(), other); }) == kGood);
  CHECK(recv(other_end.get(), &received, 1, 0) == 1);
  for (const Role role : {Role::Smtp, Role::Deliver, Role::Verify, Role::Resolve}) {
    CHECK(in_child([&] {
            if (!sandbox::restrict_calls(role, {{}, ours.get()})) return 3;
            if (send(ours.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1) return 4;
            return send_elsewhere(ours.get(), other);
          }) == "exit 1");
    CHECK(recv(journal_end.get(), &received, 1, 0) == 1);
    CHECK(recv(other_end.get(), &received, 1, 0) == -1);
  }
  // The one that may connect cannot turn it to somebody else.
  CHECK(in_child([&] {
          if (!sandbox::restrict_calls(Role::Resolve, {{}, ours.get()})) return 3;
          const auto* elsewhere = reinterpret_cast<const sockaddr*>(&other);
          if (connect(ours.get(), elsewhere, sizeof other) == 0) return 0;
          return errno == EPERM ? 1 : 2;
        }) == "exit 1");
}
