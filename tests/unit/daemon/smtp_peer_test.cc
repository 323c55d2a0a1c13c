// SPDX-License-Identifier: Apache-2.0
// What deliver does for smtp, and what it does not even for a smtp that somebody has taken over.
#include "daemon/deliver/smtp_peer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <thread>

#include "daemon/common/sealed_memory.h"
#include "support/few_descriptors.h"
#include "support/log_lines.h"
#include "support/temp_directory.h"

using deliver_role::SmtpPeer;

namespace {

const spool::Mailbox kInfo{"ours.test", "info", ""};
const spool::Mailbox kSpam{"ours.test", "info", "Spam"};

constexpr std::chrono::seconds kPatience{20};  // with other threads, and with the disk

void until(const std::function<bool()>& condition) {
  const base::Instant patience = base::now() + kPatience;
  while (!condition() && base::now() < patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

base::UniqueFd sealed(const std::string& text) {
  return std::move(*common::sealed_memory("part", text));
}

// While it lives no file can become larger.
class NothingFits {
 public:
  NothingFits() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit none{0, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  }
  NothingFits(const NothingFits&) = delete;
  NothingFits& operator=(const NothingFits&) = delete;
  ~NothingFits() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(all, {}));
}

class Stage {
 public:
  explicit Stage(std::size_t most_partial_messages = SmtpPeer::kMaxPartialMessages) {
    known_.add({kInfo, kSpam});
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    smtp_.emplace(std::move(ends->first), ipc::State::FromDeliver);
    peer_ = std::make_shared<SmtpPeer>(loop_, spool_, writers_, known_, state_, disk_,
                                       std::move(ends->second), most_partial_messages);
    peer_->start();
  }
  ~Stage() { peer_->close(); }

  template <class Message>
  void send(const Message& message, base::UniqueFd fd) {
    REQUIRE(smtp_->send(message, std::move(fd)).ok());
  }
  void discard() { REQUIRE(smtp_->send(ipc::Discard{7}).ok()); }
  void close() { peer_->close(); }
  // The next part of the message.
  std::string append(const std::string& text, std::uint64_t message = 7) {
    send(ipc::Append{message, text.size()}, sealed(text));
    return answer();
  }

  // "durable", "failed: <reason>", "appended", "saved", or "closed": the next that deliver says
  // beside Space, Collecting and KeptState.
  std::string answer() {
    std::string said;
    const base::Instant patience = base::now() + kPatience;
    while (said.empty() && base::now() < patience) {
      loop_.run_for(std::chrono::milliseconds(2));
      const auto open = smtp_->receive();
      for (auto message = smtp_->next(); message && *message; message = smtp_->next())
        if ((*message)->type == ipc::Type::Collecting)
          files.push_back(std::move(*(*message)->fd));
        else if ((*message)->type == ipc::Type::KeptState)
          take_kept(**message);
        else if ((*message)->type != ipc::Type::Space)
          said = describe(**message);
      if (said.empty() && (!open || !*open)) said = "closed";
    }
    return said;
  }

  std::size_t stored(const char* mailbox = "info") const {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.path() / "ours.test" / mailbox / "new")) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }

  std::vector<base::UniqueFd> files;  // that came by Collecting
  std::map<ipc::StateKind, std::string> kept;

 private:
  void take_kept(const ipc::Message& message) {
    const auto state = ipc::unpack<ipc::KeptState>(message.body);
    REQUIRE(state);
    CHECK(kept.count(state->kind) == 0);
    kept[state->kind] = *common::read_sealed_memory(message.fd->get());
    CHECK(kept[state->kind].size() == state->size);
  }

  static std::string describe(const ipc::Message& message) {
    if (const auto appended = ipc::unpack<ipc::Appended>(message.body);
        message.type == ipc::Type::Appended && appended)
      return appended->error.empty() ? "appended" : appended->error;
    if (const auto saved = ipc::unpack<ipc::StateSaved>(message.body);
        message.type == ipc::Type::StateSaved && saved)
      return saved->error.empty() ? "saved" : saved->error;
    const auto delivered = ipc::unpack<ipc::Delivered>(message.body);
    REQUIRE(delivered);
    return delivered->outcome == ipc::Delivered::Outcome::Durable ? "durable"
                                                                  : "failed: " + delivered->reason;
  }

  spool::Spool open_spool() {
    spool::Settings settings;
    settings.directory = directory_.path();
    settings.hostname = "mx.ours.test";
    auto root = spool::open_root(spool::root_directory(settings));
    REQUIRE(root.ok());
    auto spool = spool::Spool::open(settings, std::move(*root), {kInfo});
    REQUIRE(spool.ok());
    return std::move(*spool);
  }

  support::TempDirectory directory_;
  common::PollLoop loop_;
  deliver_role::KnownMailboxes known_;
  spool::Spool spool_ = open_spool();
  deliver_role::DiskWatch disk_;
  deliver_role::StateStore state_{loop_, writers_, *deliver_role::open_state_files(nullptr)};
  spool::Writers writers_{spool_, 2, 2};
  std::optional<ipc::Channel> smtp_;
  std::shared_ptr<SmtpPeer> peer_;
};

ipc::Deliver to(const std::string& mailbox, std::uint64_t size, std::uint64_t appended = 0,
                const std::string& folder = "") {
  return {7, appended, size, {{"ours.test", mailbox, folder, "X: y\r\n"}}};
}

}  // namespace

TEST_CASE("a message in one part, and one in three") {
  Stage stage;
  stage.send(to("info", 5), sealed("a\r\nb\n"));
  CHECK(stage.answer() == "durable");
  for (int i = 0; i < 2; ++i) {
    stage.send(ipc::Append{7, 3}, sealed("abc"));
    CHECK(stage.answer() == "appended");
  }
  stage.send(to("info", 2, 6), sealed("\r\n"));
  CHECK(stage.answer() == "durable");
  CHECK(stage.stored() == 2);
}

TEST_CASE("smtp can read what is collected, from the first part on, and cannot write it") {
  Stage stage;
  CHECK(stage.append("abc") == "appended");
  REQUIRE(stage.files.size() == 1);
  CHECK(stage.append("de") == "appended");
  CHECK(stage.files.size() == 1);

  const int file = stage.files.front().get();
  char bytes[8] = {};
  CHECK(::pread(file, bytes, sizeof bytes, 0) == 5);
  CHECK(std::string(bytes) == "abcde");
  CHECK((::fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY);
  CHECK(::write(file, "x", 1) == -1);
  CHECK(::pwrite(file, "x", 1, 0) == -1);
  CHECK(::ftruncate(file, 0) == -1);
  CHECK(::mmap(nullptr, 5, PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED);
  // Where smtp's descriptor stands is no matter to deliver's.
  CHECK(::lseek(file, 100, SEEK_SET) == 100);
  stage.send(to("info", 2, 5), sealed("\r\n"));
  CHECK(stage.answer() == "durable");
  CHECK(stage.stored() == 1);
}

TEST_CASE("a message that is begun again has another file") {
  Stage stage;
  CHECK(stage.append("abc") == "appended");
  stage.discard();
  CHECK(stage.append("de") == "appended");
  REQUIRE(stage.files.size() == 2);
  char bytes[8] = {};
  CHECK(::pread(stage.files.back().get(), bytes, sizeof bytes, 0) == 2);
}

TEST_CASE(
    "deliver keeps no descriptor of what is delivered, discarded, or of a smtp that is gone") {
  enum class End { Delivered, Discarded, Gone };
  for (const End end : {End::Delivered, End::Discarded, End::Gone}) {
    Stage stage;
    const std::size_t before = open_descriptors();
    for (const char* text : {"abc", "de"}) CHECK(stage.append(text) == "appended");
    stage.files.clear();
    // A writer lets a part go after it has said that it is done with it.
    until([&] { return open_descriptors() <= before + 1; });
    CHECK(open_descriptors() == before + 1);
    if (end == End::Delivered) {
      stage.send(to("info", 2, 5), sealed("\r\n"));
      CHECK(stage.answer() == "durable");
    } else if (end == End::Discarded) {
      stage.discard();
      stage.send(to("info", 1), sealed("x"));
      CHECK(stage.answer() == "durable");
    } else {
      stage.close();
    }
    until([&] { return open_descriptors() <= before; });
    CHECK(open_descriptors() <= before);
  }
}

TEST_CASE("of too many messages in parts the new one is refused, and the others go on") {
  Stage stage(2);
  CHECK(stage.append("abc", 7) == "appended");
  CHECK(stage.append("abc", 8) == "appended");
  CHECK(stage.append("abc", 9) == "too many large messages at one time");
  CHECK(stage.append("de", 7) == "appended");
  stage.send(to("info", 2, 5), sealed("\r\n"));
  CHECK(stage.answer() == "durable");
  CHECK(stage.append("abc", 9) == "appended");
}

TEST_CASE("parts and deliveries that cannot be written are told once a minute") {
  const support::LogLines log;
  for (const bool part : {true, false}) {
    Stage stage;
    for (const std::uint64_t message : {7u, 8u}) {
      auto memory = sealed("x");
      const NothingFits full;
      if (part)
        stage.send(ipc::Append{message, 1}, std::move(memory));
      else
        stage.send(to("info", 1), std::move(memory));
      CHECK(stage.answer().ends_with("File too large"));
    }
    const auto lines = log.take();
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().starts_with("trouble area=spool reason="));
  }
}

TEST_CASE("of copies that may be duplicates as many are told as the message holds") {
  // Domain, mailbox and folder at their longest, and a file name.
  const std::string longest(253 + 64 + 256 + 255 + 10, 'x');
  spool::Done done;
  done.possible_duplicates.assign(ipc::kMaxCopies, longest);
  done.reason = longest;
  const ipc::Delivered told = deliver_role::on_the_wire(7, done);
  CHECK(told.possible_duplicates.size() == deliver_role::kMaxToldDuplicates + 1);
  CHECK(told.possible_duplicates.back() == "and 9000 more");
  const auto* row = ipc::find_type(static_cast<std::uint8_t>(ipc::Type::Delivered));
  CHECK(ipc::pack(told).size() <= row->max_bytes);
  done.possible_duplicates.resize(deliver_role::kMaxToldDuplicates);
  CHECK(deliver_role::on_the_wire(7, done).possible_duplicates == done.possible_duplicates);
}

TEST_CASE("an unknown mailbox and lost parts fail that message only") {
  Stage stage;
  stage.send(to("nobody", 1), sealed("x"));
  CHECK(stage.answer() == "failed: a mailbox that the configuration does not have");
  stage.send(to("../info", 1), sealed("x"));
  CHECK(stage.answer() == "failed: a mailbox that the configuration does not have");
  stage.send(to("info", 1, 100), sealed("x"));
  CHECK(stage.answer() == "failed: earlier parts of the message went down with another process");
  stage.send(to("info", 1), sealed("x"));
  CHECK(stage.answer() == "durable");
}

TEST_CASE("a delivery goes into a folder of the configuration, and into no other") {
  Stage stage;
  stage.send(to("info", 1, 0, "Spam"), sealed("x"));
  CHECK(stage.answer() == "durable");
  CHECK(stage.stored("info/.Spam") == 1);
  CHECK(stage.stored() == 0);
  for (const char* folder : {"Junk", "spam", ".Spam", "../Spam", "Spam/x"}) {
    stage.send(to("info", 1, 0, folder), sealed("x"));
    CHECK(stage.answer() == "failed: a mailbox that the configuration does not have");
  }
}

TEST_CASE("memory that its sender could still change ends the channel") {
  const auto unsealed = [] {
    base::UniqueFd fd(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    REQUIRE(::write(fd.get(), "x", 1) == 1);
    return fd;
  };
  for (const bool append : {false, true}) {
    Stage stage;
    if (append)
      stage.send(ipc::Append{7, 1}, unsealed());
    else
      stage.send(to("info", 1), unsealed());
    CHECK(stage.answer() == "closed");
    CHECK(stage.stored() == 0);
  }
}

TEST_CASE("a size that is not that of the memory, or above the limit, ends the channel") {
  Stage wrong;
  wrong.send(to("info", 2), sealed("x"));
  CHECK(wrong.answer() == "closed");
  Stage large;
  const std::string most(SmtpPeer::kMaxPartBytes, 'x');
  large.send(ipc::Append{7, most.size()}, sealed(most));
  CHECK(large.answer() == "appended");
  large.send(ipc::Append{7, most.size() + 1}, sealed(most + "x"));
  CHECK(large.answer() == "closed");
}

TEST_CASE("smtp hears what is kept before anything else, and saves it anew") {
  Stage stage;
  stage.send(ipc::SaveState{ipc::StateKind::History, 5}, sealed("state"));
  CHECK(stage.answer() == "saved");
  CHECK(stage.kept == std::map<ipc::StateKind, std::string>{{ipc::StateKind::Bans, ""},
                                                            {ipc::StateKind::History, ""}});
}

TEST_CASE("what came whole is answered, though a descriptor behind it was lost") {
  Stage stage;
  stage.send(ipc::SaveState{ipc::StateKind::History, 5}, sealed("state"));
  REQUIRE(stage.answer() == "saved");
  const support::LogLines log;
  for (int i = 0; i < 2; ++i) stage.send(to("nobody", 1), sealed("x"));
  std::vector<std::string> answers;
  {
    const support::FewDescriptors one(true);
    for (int i = 0; i < 2; ++i) answers.push_back(stage.answer());
  }
  CHECK(answers == std::vector<std::string>{
                       "failed: a mailbox that the configuration does not have", "closed"});
  CHECK(log.take() == std::vector<std::string>{"trouble area=channel reason=\"smtp: descriptors "
                                               "were lost: too many are open\""});
}

TEST_CASE("state that its sender could still change, or of a size that it may not have") {
  base::UniqueFd open(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::write(open.get(), "x", 1) == 1);
  const std::string most(spool::kMaxStateFile, 'x');
  struct Case {
    std::uint64_t size;
    base::UniqueFd memory;
    std::string answer;
  };
  Case cases[] = {{1, std::move(open), "closed"},
                  {2, sealed("x"), "closed"},
                  {most.size() + 1, sealed(most + "x"), "closed"},
                  {most.size(), sealed(most), "saved"}};
  for (Case& c : cases) {
    Stage stage;
    stage.send(ipc::SaveState{ipc::StateKind::Bans, c.size}, std::move(c.memory));
    CHECK(stage.answer() == c.answer);
  }
}
