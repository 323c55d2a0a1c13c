// SPDX-License-Identifier: Apache-2.0
// The way to the journal's native socket; a socket pair stands for the journal.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "base/time.h"
#include "base/unique_fd.h"
#include "obs/log.h"
#include "obs/render.h"

namespace {

using namespace std::chrono_literals;

using Entry = std::map<std::string, std::string>;

obs::Settings settings(obs::Format format = obs::Format::Logfmt) {
  obs::Settings result;
  result.format = format;
  return result;
}

// The journal of this process for the duration of a test case.
class Journal {
 public:
  Journal() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error("no socket pair");
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    obs::use_journal(ours_.get());
  }
  ~Journal() {
    obs::stop();
    obs::use_journal(-1);
  }

  void die() { theirs_.reset(); }
  std::string receive() const {
    pollfd ready{theirs_.get(), POLLIN, 0};
    if (poll(&ready, 1, 0) != 1) return {};
    std::string datagram(1u << 20, '\0');
    const ssize_t size = recv(theirs_.get(), datagram.data(), datagram.size(), 0);
    datagram.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return datagram;
  }
  Entry receive_entry() const {
    Entry entry;
    std::istringstream stream(receive());
    for (std::string line; std::getline(stream, line);) {
      const auto sign = line.find('=');
      REQUIRE(sign != std::string::npos);
      REQUIRE(entry.emplace(line.substr(0, sign), line.substr(sign + 1)).second);
    }
    return entry;
  }

 private:
  base::UniqueFd ours_;
  base::UniqueFd theirs_;
};

obs::Line reject() {
  return obs::Line(obs::Event::reject)
      .token("sid", "6740A3F1.0007")
      .token("client", "203.0.113.9")
      .number("code", 550)
      .token("reason", "")
      .peer("from", "x\nPRIORITY=0\nMESSAGE=forged");
}

}  // namespace

TEST_CASE("the journal gets the line, its level, who we are, and every field") {
  const Journal journal;
  obs::start(settings());
  reject().write();
  obs::stop();
  CHECK(journal.receive_entry() ==
        Entry{{"MESSAGE",
               "event=reject sid=6740A3F1.0007 client=203.0.113.9 code=550 "
               "from=\"x\\x0aPRIORITY=0\\x0aMESSAGE=forged\""},
              {"PRIORITY", "6"},
              {"SYSLOG_IDENTIFIER", "postern"},
              {"SYSLOG_FACILITY", "2"},
              {"MESSAGE_ID", obs::message_id("reject")},
              {"POSTERN_EVENT", "reject"},
              {"POSTERN_SID", "6740A3F1.0007"},
              {"POSTERN_CLIENT", "203.0.113.9"},
              {"POSTERN_CODE", "550"},
              {"POSTERN_FROM", "x\\x0aPRIORITY=0\\x0aMESSAGE=forged"}});
  CHECK(journal.receive().empty());
}

TEST_CASE("a line before start() goes to the journal, and one of JSON is whole") {
  const Journal journal;
  obs::configure(settings(obs::Format::Json));
  obs::Line(obs::Event::fatal).text("reason", "no \"spool\"").write();
  obs::configure(settings());
  const Entry entry = journal.receive_entry();
  CHECK(entry.at("PRIORITY") == "3");
  const auto json = nlohmann::json::parse(entry.at("MESSAGE"));
  CHECK(json["event"] == "fatal");
  CHECK(json["reason"] == "no \\x22spool\\x22");
}

TEST_CASE("a field for the journal has a limit") {
  const Journal journal;
  for (const bool beyond : {false, true}) {
    const std::string most(obs::kMaxJournalField, 'x');
    obs::Line(obs::Event::fatal).text("reason", most + (beyond ? "y" : "")).write();
    const Entry entry = journal.receive_entry();
    CHECK(entry.at("POSTERN_REASON") == most + (beyond ? "..." : ""));
    CHECK(entry.at("MESSAGE").size() == most.size() + 3);
  }
}

TEST_CASE(
    "a journal that reads nothing blocks neither logging nor the end, and drops are counted") {
  constexpr int kLines = 20000;
  int lines = 0;
  int written = 0;
  int dropped = 0;  // of which a report has come already
  bool in_time = false;
  for (int attempt = 0; attempt < 5 && !in_time; ++attempt) {  // the machine may stand still in any
    const Journal journal;
    obs::start(settings());
    const auto before = base::now();
    for (int i = 0; i < kLines; ++i) obs::Line(obs::Event::swept).number("files", i).write();
    const auto logged = base::now();
    obs::stop();
    // Less than the patience of the sink, and not much more.
    in_time = logged - before < 900ms && base::now() - logged < 3s;
    lines += kLines;
    for (Entry entry = journal.receive_entry(); !entry.empty(); entry = journal.receive_entry()) {
      const bool is_report = entry.at("POSTERN_EVENT") == "log_dropped";
      is_report ? dropped += std::stoi(entry.at("POSTERN_LINES")) : ++written;
    }
  }
  CHECK(in_time);
  CHECK(written > 0);
  const Journal journal;
  obs::Line(obs::Event::swept).number("files", kLines).write();
  const Entry report = journal.receive_entry();
  CHECK(report.at("POSTERN_EVENT") == "log_dropped");
  CHECK(std::stoi(report.at("POSTERN_LINES")) + dropped == lines - written);
  CHECK(journal.receive_entry().at("POSTERN_FILES") == std::to_string(kLines));
}

TEST_CASE("a journal that has gone costs the line only, which the next one hears of") {
  Journal gone;
  gone.die();
  const auto before = base::now();
  reject().write();
  CHECK(base::now() - before < 500ms);
  const Journal next;
  obs::Line(obs::Event::swept).write();
  CHECK(next.receive_entry().at("POSTERN_LINES") == "1");
  CHECK(next.receive_entry().at("POSTERN_EVENT") == "swept");
}

TEST_CASE("the id of an event is a UUID that stays as it is") {
  CHECK(obs::message_id("accept") == "2f3b320136e1876a98038261165c9dfa");
  std::set<std::string> ids;
  int events = 0;
#define POSTERN_EVENT(name, level, fields, doc) \
  ids.insert(obs::message_id(#name));           \
  ++events;
#include "obs/events.def"
#undef POSTERN_EVENT
  CHECK(ids.size() == static_cast<std::size_t>(events));
  for (const std::string& id : ids) {
    CAPTURE(id);
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(id[12] == '8');                                          // version
    CHECK(std::string("89ab").find(id[16]) != std::string::npos);  // variant
  }
}
