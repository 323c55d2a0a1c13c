// SPDX-License-Identifier: Apache-2.0
// Compiled twice: with all that the kernel has, and with its ABI capped at 2, which is Debian 12's
// own kernel.
#include "sandbox/landlock.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "support/temp_directory.h"
#include "unit/sandbox/child.h"

namespace {

using base::UniqueFd;
using sandbox_test::in_child, sandbox_test::kGood;

#ifdef POSTERN_LANDLOCK_ABI_CAP
constexpr bool kCapped = true;
#else
constexpr bool kCapped = false;
#endif

// A directory to write into, with a file and two folders, and one beside it.
struct Trees {
  support::TempDirectory inside;
  support::TempDirectory outside;
  UniqueFd inside_fd{open(inside.path().c_str(), O_RDONLY | O_DIRECTORY)};
  UniqueFd outside_fd{open(outside.path().c_str(), O_RDONLY | O_DIRECTORY)};

  Trees() {
    for (const auto& tree : {&inside, &outside}) {
      std::ofstream(tree->path() / "file") << "text";
      std::filesystem::create_directories(tree->path() / "tmp");
      std::filesystem::create_directories(tree->path() / "new");
    }
  }
};

// 0, or errno of an open.
int try_open(int directory, const char* name, int flags) {
  const UniqueFd fd(openat(directory, name, flags, 0600));
  return fd ? 0 : errno;
}

int error_of(int result) { return result == 0 ? 0 : errno; }

// Which of the steps of a delivery fails; 0 for none.
int deliver_in(int directory) {
  if (try_open(directory, "tmp/mail", O_CREAT | O_EXCL | O_WRONLY) != 0) return 1;
  if (renameat2(directory, "tmp/mail", directory, "new/mail", RENAME_NOREPLACE) != 0) return 2;
  if (try_open(directory, "new/mail", O_RDONLY) != 0) return 3;
  if (try_open(directory, "new/mail", O_WRONLY | O_TRUNC) != 0) return 4;
  if (try_open(directory, "new", O_RDONLY | O_DIRECTORY) != 0) return 5;
  if (mkdirat(directory, "cur", 0700) != 0) return 6;
  if (unlinkat(directory, "new/mail", 0) != 0) return 7;
  return 0;
}

UniqueFd abstract_listener(sockaddr_un& address) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  address = {};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "postern-test-%d", getpid());
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(fd.get(), 1) == 0);
  return fd;
}

}  // namespace

TEST_CASE("the cap is in force in the build that has it") {
  REQUIRE(sandbox::landlock_abi() >= sandbox::kLeastLandlockAbi);
  CHECK((sandbox::landlock_abi() == sandbox::kLeastLandlockAbi || !kCapped));
}

TEST_CASE("a whole delivery works beneath the directory, none beside it") {
  const Trees trees;
  CHECK(in_child([&] { return deliver_in(trees.outside_fd.get()); }) == kGood);
  std::filesystem::remove(trees.outside.path() / "cur");
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({trees.inside_fd.get()})) return 100;
          return deliver_in(trees.inside_fd.get());
        }) == kGood);
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({trees.inside_fd.get()})) return 100;
          return deliver_in(trees.outside_fd.get());
        }) == "exit 1");
}

TEST_CASE("nothing outside can be read, listed, made, moved or removed") {
  const Trees trees;
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({trees.inside_fd.get()})) return 100;
          const int outside = trees.outside_fd.get();
          const int inside = trees.inside_fd.get();
          if (try_open(outside, "file", O_RDONLY) != EACCES) return 1;
          if (try_open(outside, "file", O_WRONLY) != EACCES) return 2;
          if (try_open(outside, ".", O_RDONLY | O_DIRECTORY) != EACCES) return 3;
          if (try_open(outside, "made", O_CREAT | O_WRONLY) != EACCES) return 4;
          if (error_of(mkdirat(outside, "made", 0700)) != EACCES) return 5;
          if (error_of(unlinkat(outside, "file", 0)) != EACCES) return 6;
          if (error_of(renameat(outside, "file", inside, "stolen")) == 0) return 7;
          if (error_of(linkat(outside, "file", inside, "stolen", 0)) == 0) return 8;
          if (try_open(AT_FDCWD, "/etc/passwd", O_RDONLY) != EACCES) return 9;
          if (try_open(AT_FDCWD, "/proc/self/maps", O_RDONLY) != EACCES) return 10;
          return 0;
        }) == kGood);
}

TEST_CASE("a delivery needs no links, devices, pipes or programs, so there are none") {
  const Trees trees;
  const UniqueFd program(openat(trees.inside_fd.get(), "program", O_CREAT | O_WRONLY, 0755));
  REQUIRE(program);
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({trees.inside_fd.get()})) return 100;
          const int inside = trees.inside_fd.get();
          if (error_of(symlinkat("/etc/passwd", inside, "link")) != EACCES) return 1;
          if (error_of(mkfifoat(inside, "pipe", 0600)) != EACCES) return 2;
          if (error_of(unlinkat(inside, "tmp", AT_REMOVEDIR)) != EACCES) return 3;
          const std::string path = trees.inside.path() / "program";
          if (execl(path.c_str(), path.c_str(), nullptr) == 0 || errno != EACCES) return 4;
          return 0;
        }) == kGood);
}

TEST_CASE("with no directory at all nothing can be opened, and what is open stays usable") {
  const Trees trees;
  const UniqueFd file(openat(trees.inside_fd.get(), "file", O_RDONLY));
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({})) return 100;
          if (try_open(trees.inside_fd.get(), "file", O_RDONLY) != EACCES) return 1;
          char byte = 0;
          return pread(file.get(), &byte, 1, 0) == 1 && byte == 't' ? 0 : 2;
        }) == kGood);
}

TEST_CASE("threads that start afterwards are bound, and while some run it is refused") {
  CHECK(in_child([] {
          if (!sandbox::restrict_files({})) return 100;
          int error = 0;
          std::thread([&] { error = try_open(AT_FDCWD, "/etc/passwd", O_RDONLY); }).join();
          return error == EACCES ? 0 : 1;
        }) == kGood);
  CHECK(in_child([] {
          std::atomic<bool> done{false};
          std::thread sibling([&] { done.wait(false); });
          const bool refused = !sandbox::restrict_files({}).ok();
          done = true;
          done.notify_all();
          sibling.join();
          return refused ? 0 : 1;
        }) == kGood);
}

TEST_CASE("TCP connections go to the given ports only, none is bound") {
  const auto listener_on = [](sockaddr_in& address) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE((bind(fd.get(), raw, length) == 0 && listen(fd.get(), 4) == 0 &&
             getsockname(fd.get(), raw, &length) == 0));
    return fd;
  };
  sockaddr_in given{};
  given.sin_family = AF_INET;
  given.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in other = given;
  const UniqueFd given_end = listener_on(given);
  const UniqueFd other_end = listener_on(other);
  const bool bound_by_kernel = sandbox::landlock_abi() >= 4;
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({}, {ntohs(given.sin_port)})) return 100;
          const auto connects = [](sockaddr_in address) {
            const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            return error_of(
                connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
          };
          if (connects(given) != 0) return 1;
          if (connects(other) != (bound_by_kernel ? EACCES : 0)) return 2;
          const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
          sockaddr_in any = given;
          any.sin_port = 0;
          return (error_of(bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any)) ==
                  EACCES) == bound_by_kernel
                     ? 0
                     : 3;
        }) == kGood);
}

TEST_CASE("what the kernel cannot do is said, what it can do is done") {
  sockaddr_un address{};
  const UniqueFd listener = abstract_listener(address);
  const int abi = sandbox::landlock_abi();
  CHECK(in_child([&] {
          const auto warnings = sandbox::restrict_files({});
          if (!warnings) return 100;
          std::string text;
          for (const std::string& warning : *warnings) text += warning + "\n";
          const auto says = [&](const char* what) { return text.find(what) != std::string::npos; };
          if (says("capped") != kCapped) return 1;
          if (says("TCP ports") != (abi < 4) || says("abstract sockets") != (abi < 6)) return 2;

          sockaddr_in nowhere{};
          nowhere.sin_family = AF_INET;
          nowhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
          const UniqueFd tcp(socket(AF_INET, SOCK_STREAM, 0));
          const int bound =
              error_of(bind(tcp.get(), reinterpret_cast<sockaddr*>(&nowhere), sizeof nowhere));
          if ((bound == EACCES) != (abi >= 4)) return 3;

          const UniqueFd local(socket(AF_UNIX, SOCK_STREAM, 0));
          const int connected =
              error_of(connect(local.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
          if ((connected == EPERM) != (abi >= 6)) return 4;
          if ((error_of(kill(getppid(), 0)) == EPERM) != (abi >= 6)) return 5;
          return 0;
        }) == kGood);
}
