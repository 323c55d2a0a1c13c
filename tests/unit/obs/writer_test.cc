// SPDX-License-Identifier: Apache-2.0
#include "obs/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "base/unique_fd.h"

namespace {

using namespace std::chrono_literals;

// Standard error of this process, replaced for the duration of a test case. Checks go before or
// after it: Catch2 writes to it too.
class CapturedStderr {
 public:
  enum class Kind { Pipe, Socket };

  explicit CapturedStderr(Kind kind = Kind::Pipe) : saved_(dup(STDERR_FILENO)) {
    std::array<int, 2> ends{};
    const int made = kind == Kind::Pipe
                         ? pipe2(ends.data(), O_CLOEXEC)
                         : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data());
    if (made != 0) throw std::runtime_error("no pipe");
    reader_.reset(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~CapturedStderr() {
    restore();
    obs::stop();
  }

  void close_reader() { reader_.reset(); }

  // Everything written, once the test has stopped writing.
  std::string finish() {
    restore();
    return read_to_end();
  }
  std::string read_to_end() const {
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = read(reader_.get(), buffer.data(), buffer.size())) > 0;)
      text.append(buffer.data(), static_cast<std::size_t>(got));
    return text;
  }
  void wait_until_read() const {
    const base::Instant patience = base::now() + 20s;
    for (int left = 1; left > 0 && base::now() < patience; std::this_thread::sleep_for(1ms))
      ioctl(reader_.get(), FIONREAD, &left);
  }
  void restore() {
    if (saved_) dup2(saved_.get(), STDERR_FILENO);
    saved_.reset();
  }

 private:
  base::UniqueFd saved_;
  base::UniqueFd reader_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string without_time(const std::string& line) {
  return line.substr(line.find(' ') + 1);  // "time=... "
}

obs::Settings settings(obs::Level level) {
  obs::Settings result;
  result.level = level;
  return result;
}

void log_swept(int files) { obs::Line(obs::Event::swept).number("files", files).write(); }

int number_behind(const std::string& line, const std::string& key) {
  return std::stoi(line.substr(line.find(key) + key.size()));
}

// Drops of an earlier test case that its standard error could not be told about.
void report_earlier_drops() {
  CapturedStderr captured;
  obs::start(settings(obs::Level::Info));
  log_swept(0);
  obs::stop();
  captured.finish();
}

}  // namespace

TEST_CASE("queued lines come out in order, and stop() waits for them") {
  CapturedStderr captured;
  obs::start(settings(obs::Level::Info));
  for (int i = 0; i < 100; ++i) log_swept(i);
  obs::stop();
  const auto lines = lines_of(captured.finish());
  REQUIRE(lines.size() == 100);
  for (int i = 0; i < 100; ++i)
    CHECK(without_time(lines[static_cast<std::size_t>(i)]) ==
          "level=info event=swept files=" + std::to_string(i));
}

TEST_CASE("lines go out before start() and after stop()") {
  CapturedStderr captured;
  obs::start(settings(obs::Level::Info));
  obs::stop();
  log_swept(1);
  const auto lines = lines_of(captured.finish());
  REQUIRE(lines.size() == 1);
  CHECK(without_time(lines[0]) == "level=info event=swept files=1");
}

TEST_CASE("lines below the level are not written") {
  CapturedStderr captured;
  obs::start(settings(obs::Level::Warning));
  log_swept(1);
  obs::Line(obs::Event::connect).token("sid", "S1").write();
  obs::Line(obs::Event::trouble).token("area", "spool").write();
  obs::stop();
  obs::start(settings(obs::Level::Debug));
  obs::Line(obs::Event::connect).token("sid", "S2").write();
  obs::stop();
  const auto lines = lines_of(captured.finish());
  REQUIRE(lines.size() == 2);
  CHECK(without_time(lines[0]) == "level=warning event=trouble area=spool");
  CHECK(without_time(lines[1]) == "level=debug event=connect sid=S2");
}

TEST_CASE("the journal gets a priority instead of time and level") {
  CapturedStderr captured(CapturedStderr::Kind::Socket);
  struct stat status {};
  fstat(STDERR_FILENO, &status);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  setenv("JOURNAL_STREAM", stream.c_str(), 1);
  obs::start(settings(obs::Level::Info));
  log_swept(7);
  obs::stop();
  setenv("JOURNAL_STREAM", "1:2", 1);  // somebody else's: our standard error was redirected
  obs::start(settings(obs::Level::Info));
  log_swept(8);
  obs::stop();
  unsetenv("JOURNAL_STREAM");
  const auto lines = lines_of(captured.finish());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "<6>event=swept files=7");
  CHECK(without_time(lines[1]) == "level=info event=swept files=8");
}

TEST_CASE("a standard error that nobody reads blocks neither logging nor the end") {
  const auto kind = GENERATE(CapturedStderr::Kind::Pipe, CapturedStderr::Kind::Socket);
  bool in_time = false;
  for (int attempt = 0; attempt < 5 && !in_time; ++attempt) {  // the machine may stand still in any
    CapturedStderr captured(kind);
    obs::start(settings(obs::Level::Info));
    const auto before = base::now();
    for (int i = 0; i < 20000; ++i) log_swept(i);
    const auto logged = base::now();
    obs::stop();
    // Less than the patience of the sink, and not much more.
    in_time = logged - before < 900ms && base::now() - logged < 3s;
  }
  CHECK(in_time);
}

TEST_CASE("every line is written or counted as dropped") {
  constexpr int kLines = 20000;
  report_earlier_drops();
  CapturedStderr captured;
  obs::start(settings(obs::Level::Info));
  for (int i = 0; i < kLines; ++i) log_swept(i);
  std::string text;
  std::thread reader([&] { text = captured.read_to_end(); });
  std::this_thread::sleep_for(50ms);
  obs::stop();
  // A reader that came late may have left no room for the last report: then this line brings it.
  captured.wait_until_read();
  log_swept(kLines);
  captured.restore();
  reader.join();
  int written = 0;
  int dropped = 0;
  for (const auto& line : lines_of(text)) {
    if (line.find("event=log_dropped") != std::string::npos)
      dropped += number_behind(line, " lines=");
    else
      ++written;
  }
  CHECK(dropped > 0);
  CHECK(written + dropped == kLines + 1);
}

TEST_CASE("a standard error without a reader or closed is survived") {
  CapturedStderr captured;
  captured.close_reader();
  obs::start(settings(obs::Level::Info));
  log_swept(1);
  obs::stop();
  close(STDERR_FILENO);
  obs::start(settings(obs::Level::Info));
  log_swept(2);
  obs::stop();
  captured.restore();
  SUCCEED("still alive");
}
