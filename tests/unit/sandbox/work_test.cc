// SPDX-License-Identifier: Apache-2.0
// What the roles are for still works once they are confined, in the order that sandbox/roles.h
// gives.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>

#include "auth/second_opinion/opendmarc.h"
#include "auth/second_opinion/reviewer.h"
#include "auth/verify.h"
#include "base/memory_file.h"
#include "daemon/verify/smtp_peer.h"
#include "dns/answer_text.h"
#include "net/acceptor.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "sandbox/roles.h"
#include "spool/state_file.h"
#include "spool/writers.h"
#include "support/auth_message.h"
#include "support/dns_server.h"
#include "support/dns_wire.h"
#include "support/temp_directory.h"
#include "unit/sandbox/child.h"

namespace {

namespace fs = std::filesystem;
using base::UniqueFd;
using sandbox::Role;
using sandbox_test::in_child, sandbox_test::kGood;

// Two connected sockets, as between roles.
struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
};

bool send_descriptor(int socket, int fd) {
  char byte = 'm';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

UniqueFd receive_descriptor(int socket) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

UniqueFd sealed(const std::string& text) {
  auto fd = base::memory_file("test");
  if (!fd || write(fd->get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return {};
  if (fcntl(fd->get(), F_ADD_SEALS, kSeals) != 0) return {};
  return std::move(*fd);
}

// Reads as every role reads what another one passed.
std::string read_sealed(int fd) {
  struct stat status {};
  if ((fcntl(fd, F_GET_SEALS) & kSeals) != kSeals || fstat(fd, &status) != 0) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const void* mapped = mmap(nullptr, text.size(), PROT_READ, MAP_PRIVATE, fd, 0);
  if (mapped == MAP_FAILED) return {};
  const bool same = pread(fd, text.data(), text.size(), 0) == status.st_size &&
                    std::memcmp(mapped, text.data(), text.size()) == 0;
  munmap(const_cast<void*>(mapped), text.size());
  return same ? text : std::string();
}

// Enough of everything that malloc goes to the kernel for it, in arenas of their own too.
bool use_memory() {
  for (const std::size_t size : {1000u, 100000u, 10000000u}) {
    std::vector<char> bytes(size, 'x');
    bytes.resize(size * 2, 'y');
    if (bytes.front() != 'x' || bytes.back() != 'y') return false;
  }
  return true;
}

// An event loop with a real listener; answers with what it was sent, in capitals for "memfd".
class EchoServer {
 public:
  EchoServer(int channel, UniqueFd listener)
      : channel_(channel),
        acceptor_(
            loop_, std::move(listener),
            [this](UniqueFd fd, const base::Endpoint&) { adopt(std::move(fd)); },
            [](const std::string&) {}),
        tick_(loop_.every(std::chrono::milliseconds(5), [this] {
          if (answered_) loop_.stop();
        })) {}

  net::EventLoop& loop() { return loop_; }

 private:
  void adopt(UniqueFd fd) {
    client_ = std::move(fd);
    watch_ = loop_.on_readable(client_.get(), [this] { answer(); });
  }
  void answer() {
    std::array<char, 100> bytes{};
    const ssize_t count = recv(client_.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return loop_.stop();
    const std::string text(bytes.data(), static_cast<std::size_t>(count));
    const UniqueFd message = sealed(text);
    const bool passed = message && send_descriptor(channel_, message.get());
    const std::string reply = passed && use_memory() ? text : "failed";
    send(client_.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    watch_.reset();
    shutdown(client_.get(), SHUT_WR);
    answered_ = true;  // and timers go on
  }

  int channel_;
  net::EventLoop loop_;
  UniqueFd client_;
  std::unique_ptr<net::EventLoop::Watch> watch_;
  net::Acceptor acceptor_;
  std::unique_ptr<net::EventLoop::Watch> tick_;
  bool answered_ = false;
};

// What the smtp role does, with its event loop in a thread that runs before the filter comes.
int serve_one_client(int channel, UniqueFd listener) {
  const int listener_fd = listener.get();
  if (!sandbox::restrict_files({})) return 1;
  EchoServer server(channel, std::move(listener));
  std::thread loop([&] { server.loop().run(); });
  if (!sandbox::restrict_calls(Role::Smtp, {{listener_fd}})) return 2;
  if (send(channel, "c", 1, MSG_NOSIGNAL) != 1) return 3;
  loop.join();
  return 0;
}

// Connects at once, and asks when the other side has said by `channel` that it is confined.
std::string ask(std::uint16_t port, int channel, const std::string& question) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  char confined = 0;
  if (recv(channel, &confined, 1, 0) != 1) return {};
  send(fd.get(), question.data(), question.size(), MSG_NOSIGNAL);
  std::string answer;
  char byte = 0;
  while (recv(fd.get(), &byte, 1, 0) == 1) answer += byte;
  return answer;
}

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A delivery as the deliver role makes it; the message comes over `channel`.
int deliver_one(const spool::Settings& settings, const fs::path& state, int channel) {
  const spool::Mailbox info{"example.org", "info", ""};
  auto root = spool::open_root(spool::root_directory(settings));
  if (!root) return 1;
  const int root_fd = root->get();
  auto spool = spool::Spool::open(settings, std::move(*root), {info});
  if (!spool) return 2;
  const base::SharedFd state_fd =
      base::share(UniqueFd(open(state.c_str(), O_RDONLY | O_DIRECTORY)));
  if (!sandbox::restrict_files({root_fd, state_fd->get()})) return 3;
  std::promise<spool::Outcome> outcome;
  {
    spool::Writers writers(*spool, 2);
    if (!sandbox::restrict_calls(Role::Deliver)) return 4;
    const UniqueFd message = receive_descriptor(channel);
    const std::string text = read_sealed(message.get());
    if (text.empty()) return 5;
    // The second one's Maildir does not exist yet.
    const spool::Mailbox sales{"example.org", "sales", ""};
    spool::Job job{message.get(), text.size(), {{info, "X: 1\r\n"}, {sales, "X: 2\r\n"}}};
    writers.submit(job, [&](const spool::Done& done) { outcome.set_value(done.outcome); });
    if (outcome.get_future().get() != spool::Outcome::Durable) return 6;
    if (writers.free_bytes() == 0) return 7;
    if (!spool->sweep(info, base::wall_now())) return 8;
    auto large = spool->open_message_file();
    if (!large || !spool->append(large->appending.get(), message.get(), text.size())) return 9;
    if (!send_descriptor(channel, large->reading.get())) return 10;
    spool::StateFile bans(state_fd, spool::StateKind::Bans);
    if (!bans.save("old") || !bans.save("new") || *bans.load() != "new") return 11;
  }
  return 0;
}

}  // namespace

TEST_CASE("smtp: an event loop accepts, answers and passes a sealed message on") {
  Pair channel;
  auto listener = net::open_listener({*base::IpAddress::parse("127.0.0.1"), 0});
  REQUIRE(listener);
  const std::uint16_t port = net::local_endpoint(listener->get()).port;
  std::string answer;
  std::string message;
  std::thread client([&] {
    answer = ask(port, channel.theirs.get(), "memfd, please");
    message = read_sealed(receive_descriptor(channel.theirs.get()).get());
  });
  CHECK(in_child([&] { return serve_one_client(channel.ours.get(), std::move(*listener)); }) ==
        kGood);
  listener->reset();  // the client must not wait for a child that failed
  channel.ours.reset();
  client.join();
  CHECK(answer == "memfd, please");
  CHECK(message == "memfd, please");
}

TEST_CASE("deliver: a message is durable in the Maildirs, a missing one is made, state is kept") {
  const support::TempDirectory directory;
  const support::TempDirectory state;
  const Pair channel;
  const UniqueFd message = sealed("Subject: hello\r\n\r\ntext\r\n");
  REQUIRE(send_descriptor(channel.theirs.get(), message.get()));
  spool::Settings settings;
  settings.directory = directory.path();
  settings.hostname = "mx.example.org";
  CHECK(in_child([&] { return deliver_one(settings, state.path(), channel.ours.get()); }) == kGood);
  const UniqueFd collected = receive_descriptor(channel.theirs.get());
  std::array<char, 8> bytes{};
  CHECK(pread(collected.get(), bytes.data(), 7, 0) == 7);
  CHECK(std::string(bytes.data()) == "Subject");
  CHECK(pwrite(collected.get(), "x", 1, 0) == -1);
  CHECK(contents(state.path() / "bans") == "new");
  for (const char* mailbox : {"info", "sales"}) {
    const fs::path inbox = directory.path() / "example.org" / mailbox / "new";
    REQUIRE(std::distance(fs::directory_iterator(inbox), {}) == 1);
    CHECK(contents(fs::directory_iterator(inbox)->path()).find("hello\n\ntext\n") !=
          std::string::npos);
  }
}

TEST_CASE("verify and resolve: memory from another role is read, an answer goes back") {
  for (const Role role : {Role::Verify, Role::Resolve}) {
    const Pair channel;
    const UniqueFd message = sealed("a message");
    REQUIRE(send_descriptor(channel.theirs.get(), message.get()));
    CHECK(in_child([&] {
            if (!sandbox::restrict_files({}) || !sandbox::restrict_calls(role)) return 1;
            pollfd ready{channel.ours.get(), POLLIN, 0};
            if (poll(&ready, 1, 1000) != 1) return 2;
            const UniqueFd received = receive_descriptor(channel.ours.get());
            if (read_sealed(received.get()) != "a message" || !use_memory()) return 3;
            return send(channel.ours.get(), "pass", 4, MSG_NOSIGNAL) == 4 ? 0 : 4;
          }) == kGood);
    std::array<char, 4> answer{};
    CHECK(recv(channel.theirs.get(), answer.data(), answer.size(), MSG_DONTWAIT) == 4);
  }
}

// A verifier's work, with its own code; the job comes over `channel` when all is confined.
int work_on_one(UniqueFd channel, verify_role::Work work) {
  common::PollLoop loop;
  const auto peer =
      std::make_shared<verify_role::SmtpPeer>(loop, std::move(channel), std::move(work));
  if (!sandbox::restrict_files({}) || !sandbox::limit_address_space(1u << 30)) return 1;
  if (!sandbox::restrict_calls(Role::Verify)) return 2;
  peer->start();
  loop.run_for(std::chrono::milliseconds(500));
  return 0;
}

TEST_CASE("verify: a job comes, and verdicts go back") {
  auto ends = ipc::Channel::make_pair();
  REQUIRE(ends);
  ipc::Channel smtp(std::move(ends->first), ipc::State::FromVerify);
  auth::Facts facts;
  facts.session.helo = "helo.example";
  facts.sender = facts.message = facts.client = auth::Cutoff::Deadline;
  const auto zone = dns::from_text(support::kSignersZone);
  REQUIRE(zone.ok());
  using Part = ipc::Attach::Part;
  const std::string header = GENERATE(support::kSignedHeader, support::kOddlySignedHeader);
  const std::string body = support::kSignedBody;
  REQUIRE(smtp.send(ipc::Attach{7, Part::Header, 0, header.size()}, sealed(header)));
  REQUIRE(smtp.send(ipc::Attach{7, Part::Body, 0, body.size()}, sealed(body)));
  REQUIRE(smtp.send(ipc::Judge{7, ipc::pack(facts), zone->entries(), {}, 0, 0, {}}));
  CHECK(in_child([&] {
          auto work = verify_role::make_judge();
          return work ? work_on_one(std::move(ends->second), std::move(*work)) : 3;
        }) == kGood);
  REQUIRE(smtp.receive());
  const auto answer = smtp.next();
  REQUIRE((answer && *answer));
  const auto judged = ipc::unpack<ipc::Judged>((*answer)->body);
  REQUIRE(judged);
  const auto verdicts = ipc::unpack<auth::Verdicts>(judged->verdicts);
  REQUIRE(verdicts);
  REQUIRE(verdicts->dkim.signatures.size() == 2);
  for (const auth::DkimVerdict& signature : verdicts->dkim.signatures)
    CHECK(signature.result == auth::DkimResult::Pass);
}

TEST_CASE("opinion: libspf2 works on a table, and on nothing else") {
  auth::SpfQuery query;
  query.client = *base::IpAddress::parse("192.0.2.1");
  query.domain = query.sender_domain = query.helo = "example.org";
  dns::AnswerTable answers;
  auto record = dns::Answer::of(dns::Status::Records);
  record.texts = {"v=spf1 exists:%{ir}.%{v}.example.org mx -all exp=%{d}.example.org"};
  answers.add({"example.org", dns::Type::Txt}, record);
  answers.add({"1.2.0.192.in-addr.example.org", dns::Type::A},
              dns::Answer::of(dns::Status::NoName));
  answers.add({"example.org", dns::Type::Mx}, dns::Answer::of(dns::Status::NoData));
  CHECK(in_child([&] {
          auth::second_opinion::Reviewer reviewer;
          if (!sandbox::restrict_files({}) || !sandbox::restrict_calls(Role::Verify)) return 1;
          const auto opinion = reviewer.review_spf(query, answers);
          if (opinion.outcome != auth::second_opinion::Outcome::Same) return 2;
          return opinion.theirs == auth::SpfResult::Fail ? 0 : 3;
        }) == kGood);
}

TEST_CASE("opinion: libopendmarc works on what it is told, and on nothing else") {
  using namespace auth::second_opinion;
  const DmarcQuestion question{"news.example.org",
                               "v=DMARC1; p=reject; rua=mailto:a@example.net",
                               "example.org",
                               {"example.net", "example.org"},
                               "example.net"};
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({}) || !sandbox::restrict_calls(Role::Verify)) return 1;
          const DmarcJudgement said = ask_opendmarc(question);
          return said == DmarcJudgement{auth::DmarcResult::Pass, auth::DmarcPolicy::Reject} ? 0 : 2;
        }) == kGood);
}

// As its main() does it; then a question over UDP whose answer is so large that it comes by TCP,
// one that nobody answers, and one in a cache.
int resolve_some(const net::ResolverSettings& settings) {
  net::EventLoop loop;
  const auto resolver = net::Resolver::make(loop, settings);
  if (!resolver) return 1;
  if (!sandbox::limit_address_space(1u << 30)) return 2;
  if (!sandbox::restrict_files({}, net::Resolver::server_ports(settings))) return 2;
  if (!sandbox::restrict_calls(Role::Resolve)) return 3;
  const auto ask = [&](const char* name) {
    dns::Answer result;
    (*resolver)->resolve({name, dns::Type::Txt}, dns::kNoPayer, [&](dns::Answer answer) {
      result = std::move(answer);
      loop.stop();
    });
    loop.run();
    return result;
  };
  const std::string text(1020, 'x');
  if (ask("large.example.org").texts != std::vector{text}) return 4;
  if (!ask("silent.example.org").failed()) return 5;
  return ask("large.example.org").texts == std::vector{text} ? 0 : 6;
}

TEST_CASE("resolve: questions go out, answers come in, large ones too") {
  support::DnsServer server([](const support::DnsQuery& query) -> std::optional<std::string> {
    using support::wire_record, support::wire_strings, support::WireAnswer;
    if (query.name == "silent.example.org") return std::nullopt;
    if (!query.tcp) return WireAnswer{0, {}, true}.message(query.question, query.id);
    const std::vector<std::string> strings(4, std::string(255, 'x'));
    return WireAnswer{0, {wire_record("\xc0\x0c", query.type, wire_strings(strings))}}.message(
        query.question, query.id);
  });
  net::ResolverSettings settings;
  settings.servers = {server.endpoint()};
  settings.timeout = std::chrono::seconds(4);  // longer than a machine stands still
  CHECK(in_child([&] { return resolve_some(settings); }) == kGood);
  CHECK(server.queries().back().name == "silent.example.org");
}

TEST_CASE("resolve: recursion has read its files before it is confined") {
  net::ResolverSettings settings;
  settings.local_data = {"demo.test. TXT x"};
  CHECK(in_child([&] {
          net::EventLoop loop;
          const auto resolver = net::Resolver::make(loop, settings);
          if (!resolver || !sandbox::restrict_files({}, {53})) return 1;
          if (!sandbox::restrict_calls(Role::Resolve)) return 2;
          int answers = 0;
          for (const char* name : {"demo.test", "a.invalid"})
            (*resolver)->resolve({name, dns::Type::Txt}, dns::kNoPayer,
                                 [&](const dns::Answer& answer) {
                                   if (!answer.failed() && ++answers == 2) loop.stop();
                                 });
          loop.run();
          return 0;
        }) == kGood);
}

// More threads than malloc makes arenas for without asking how many processors there are.
constexpr int kThreads = 40;

TEST_CASE("threads that wait, allocate and sleep go on, and abort() is still an abort") {
  for (const Role role : {Role::Smtp, Role::Deliver, Role::Verify, Role::Resolve}) {
    CHECK(in_child([&] {
            std::atomic<bool> confined{false};
            std::atomic<int> good{0};
            std::vector<std::thread> threads;
            if (!sandbox::restrict_files({})) return 3;
            for (int i = 0; i < kThreads; ++i)
              threads.emplace_back([&] {
                confined.wait(false);
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                if (use_memory()) ++good;
              });
            if (!sandbox::restrict_calls(role)) return 1;
            confined = true;
            confined.notify_all();
            for (std::thread& thread : threads) thread.join();
            return good == kThreads ? 0 : 2;
          }) == kGood);
    CHECK(in_child([&] {
            if (!sandbox::restrict_calls(role)) return 1;
            std::abort();
          }) == "signal " + std::to_string(SIGABRT));
  }
}

TEST_CASE("a line for the log goes to a pipe, a file and a socket") {
  const support::TempDirectory directory;
  const Pair journal;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd file(open((directory.path() / "log").c_str(), O_CREAT | O_WRONLY, 0600));
  CHECK(in_child([&] {
          if (!sandbox::restrict_files({}) || !sandbox::restrict_calls(Role::Verify)) return 1;
          for (const int fd : {ends[1], file.get(), journal.ours.get()}) {
            pollfd room{fd, POLLOUT, 0};
            if (poll(&room, 1, 100) != 1) return 2;
          }
          if (write(ends[1], "x", 1) != 1 || write(file.get(), "x", 1) != 1) return 3;
          return send(journal.ours.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : 4;
        }) == kGood);
  close(ends[0]);
  close(ends[1]);
}
