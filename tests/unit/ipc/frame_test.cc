// SPDX-License-Identifier: Apache-2.0
#include "ipc/frame.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <ctime>

namespace {

base::UniqueFd some_fd() { return base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::vector<base::UniqueFd> fds(int count) {
  std::vector<base::UniqueFd> result;
  for (int i = 0; i < count; ++i) result.push_back(some_fd());
  return result;
}

std::string frame(ipc::Type type, const std::string& body) { return ipc::encode_frame(type, body); }

// What the reader says after the bytes: "ping 1", "-" for "more", or the error.
std::string read(ipc::FrameReader& reader) {
  auto message = reader.next();
  if (!message) return message.error().reason;
  if (!*message) return "-";
  return std::string(ipc::name_of((*message)->type)) + " " +
         std::to_string((*message)->body.size()) + ((*message)->fd ? " fd" : "");
}

}  // namespace

TEST_CASE("frames come out whole however the bytes come in") {
  const std::string stream = frame(ipc::Type::Ping, "12345678") + frame(ipc::Type::Serve, "") +
                             frame(ipc::Type::Hello, std::string(300, 'x'));
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    ipc::FrameReader reader;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(std::string_view(stream).substr(at, piece), {});
      for (std::string text = read(reader); text != "-"; text = read(reader)) seen.push_back(text);
    }
    CHECK(seen == std::vector<std::string>{"Ping 8", "Serve 0", "Hello 300"});
  }
}

TEST_CASE("a descriptor comes with its message") {
  ipc::FrameReader reader;
  reader.feed(frame(ipc::Type::Configure, "12345678"), fds(1));
  CHECK(read(reader) == "Configure 8 fd");
}

TEST_CASE("what does not fit ends the stream for good") {
  const auto refused = [](const std::string& bytes, int fd_count) {
    ipc::FrameReader reader;
    reader.feed(bytes, fds(fd_count));
    const std::string reason = read(reader);
    reader.feed(frame(ipc::Type::Serve, ""), {});
    CHECK(read(reader) == reason);
    return reason;
  };
  CHECK(refused(std::string("\0\0\0\0\xc8\0\0\0", 8), 0) == "unknown message type 200");
  CHECK(refused(std::string("\0\0\0\0\x09\0\1\0", 8), 0) == "Serve: damaged frame header");
  CHECK(refused(std::string("\xff\xff\xff\xff\x0a\0\0\0", 8), 0) ==
        "Ping: body of 4294967295 bytes");
  CHECK(refused(std::string("\x11\0\0\0\x0a\0\0\0", 8), 0) == "Ping: body of 17 bytes");
  CHECK(refused(frame(ipc::Type::Configure, "12345678"), 0) == "Configure: descriptor missing");
  CHECK(refused(frame(ipc::Type::Serve, ""), 1) == "Serve: surplus descriptor");
  CHECK(refused("", ipc::kMaxPendingFds + 1) == "too many descriptors");
}

TEST_CASE("the largest body of a message is taken") {
  ipc::FrameReader reader;
  reader.feed(frame(ipc::Type::Ping, std::string(16, 'x')), {});
  CHECK(read(reader) == "Ping 16");
}

// A role that was taken over must not be able to keep the supervisor busy with small frames. Were
// the rest moved for each of them, this would take half a minute.
TEST_CASE("the time is linear in the bytes") {
  constexpr std::size_t kFrames = 1u << 20;
  const std::string one = frame(ipc::Type::Drained, "");
  std::string stream;
  for (std::size_t i = 0; i < kFrames; ++i) stream += one;
  const std::clock_t begin = std::clock();
  ipc::FrameReader reader;
  reader.feed(stream, {});
  std::size_t count = 0;
  for (auto message = reader.next(); message && *message; message = reader.next()) ++count;
  CHECK(count == kFrames);
  CHECK(std::clock() - begin < 5 * CLOCKS_PER_SEC);
}
