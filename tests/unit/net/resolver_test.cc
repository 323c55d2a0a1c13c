// SPDX-License-Identifier: Apache-2.0
// The resolver against a server of the test's own. Nothing leaves the machine: where a resolver
// could ask the root, nothing is asked but what local data or the library itself answer.
#include "net/resolver.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "support/dns_server.h"
#include "support/dns_wire.h"

namespace {

using dns::Answer, dns::Question, dns::Security, dns::Status, dns::Type;
using std::chrono::milliseconds;
using support::DnsQuery, support::DnsServer, support::kCname, support::wire_address,
    support::wire_exchange, support::wire_name, support::wire_record, support::wire_strings,
    support::WireAnswer;

constexpr milliseconds kPatience{20000};
const std::string kOwner("\xc0\x0c", 2);  // a pointer to the name of the question

std::string record(Type type, const std::string& data) {
  return wire_record(kOwner, dns::code_of(type), data);
}

net::ResolverSettings asking(const DnsServer& server) {
  net::ResolverSettings settings;
  settings.servers = {server.endpoint()};
  settings.timeout = kPatience;
  return settings;
}

class Stage {
 public:
  explicit Stage(const net::ResolverSettings& settings) {
    auto made = net::Resolver::make(loop_, settings);
    INFO((made.ok() ? "" : made.error().reason));
    REQUIRE(made.ok());
    resolver_ = std::move(*made);
  }

  void ask(const Question& question, dns::Payer payer = dns::kNoPayer) {
    resolver_->resolve(question, payer, [this](Answer answer) {
      answers_.push_back(std::move(answer));
      if (answers_.size() >= wanted_) loop_.stop();
    });
  }
  // Turns until so many answers have come.
  std::vector<Answer> answers(std::size_t count) {
    wanted_ = count;
    if (answers_.size() < wanted_) loop_.run();
    return std::exchange(answers_, {});
  }
  Answer answer_to(const std::string& name, Type type = Type::A) {
    ask({name, type});
    return answers(1).front();
  }
  void turn(milliseconds time) {
    const auto watch = loop_.every(time, [this] { loop_.stop(); });
    loop_.run();
  }
  net::EventLoop& loop() { return loop_; }
  std::unique_ptr<net::Resolver>& resolver() { return resolver_; }

 private:
  net::EventLoop loop_;
  std::unique_ptr<net::Resolver> resolver_;
  std::vector<Answer> answers_;
  std::size_t wanted_ = 0;
};

std::string addresses(const DnsQuery& query) {
  return WireAnswer{0, {record(Type::A, wire_address("192.0.2.1"))}}.message(query.question,
                                                                             query.id);
}

}  // namespace

TEST_CASE("resolver: records of each type, from a server on loopback") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    WireAnswer answer;
    switch (query.type) {
      case 1:
        answer.records = {record(Type::A, wire_address("192.0.2.1")),
                          record(Type::A, wire_address("192.0.2.2"))};
        break;
      case 28:
        answer.records = {record(Type::Aaaa, wire_address("2001:db8::1"))};
        break;
      case 15:
        answer.records = {record(Type::Mx, wire_exchange(10, "MX.example.org"))};
        break;
      case 12:
        answer.records = {record(Type::Ptr, wire_name("mx.example.org"))};
        break;
      default:
        answer.records = {record(Type::Txt, wire_strings({"v=spf1 ", "-all"})),
                          record(Type::Txt, wire_strings({"other"}))};
    }
    return answer.message(query.question, query.id);
  });
  Stage stage(asking(server));
  CHECK(stage.answer_to("example.org", Type::A).addresses.size() == 2);
  CHECK(stage.answer_to("example.org", Type::Aaaa).addresses.size() == 1);
  CHECK(stage.answer_to("example.org", Type::Mx).exchanges ==
        std::vector<dns::MailExchange>{{10, "mx.example.org"}});
  // Of this machine and of private networks, too: the servers know.
  for (const char* name : {"7.0.0.127.in-addr.arpa", "1.2.0.10.in-addr.arpa",
                           "1.2.0.192.in-addr.arpa", "1.1.168.192.in-addr.arpa"}) {
    CAPTURE(name);
    CHECK(stage.answer_to(name, Type::Ptr).names == std::vector<std::string>{"mx.example.org"});
  }
  const Answer texts = stage.answer_to("mail.test", Type::Txt);
  CHECK(std::set(texts.texts.begin(), texts.texts.end()) ==
        std::set<std::string>{"other", "v=spf1 -all"});
  CHECK(texts.security == Security::Unknown);
}

TEST_CASE("resolver: large answers come by TCP") {
  const std::vector<std::string> strings(240, std::string(255, 'x'));
  DnsServer server([&](const DnsQuery& query) -> std::optional<std::string> {
    if (!query.tcp) return WireAnswer{0, {}, true}.message(query.question, query.id);
    return WireAnswer{0, {record(Type::Txt, wire_strings(strings))}}.message(query.question,
                                                                             query.id);
  });
  Stage stage(asking(server));
  const Answer answer = stage.answer_to("example.org", Type::Txt);
  CHECK(answer.texts == std::vector{std::string(240 * 255, 'x')});
  CHECK(server.queries().back().tcp);
}

TEST_CASE("resolver: CNAMEs are followed, loops end") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    if (query.name == "a.example.org")
      return WireAnswer{0, {wire_record(kOwner, kCname, wire_name("b.example.net"))}}.message(
          query.question, query.id);
    if (query.name == "loop.example.org")
      return WireAnswer{0, {wire_record(kOwner, kCname, wire_name("loop.example.org"))}}.message(
          query.question, query.id);
    return addresses(query);
  });
  Stage stage(asking(server));
  CHECK(stage.answer_to("a.example.org").addresses.size() == 1);
  CHECK(stage.answer_to("loop.example.org").failed());
}

TEST_CASE("resolver: what is no answer, first and from the cache") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    const unsigned rcode = static_cast<unsigned>(std::stoul(query.name));
    return WireAnswer{rcode}.message(query.question, query.id);
  });
  Stage stage(asking(server));
  const auto twice = [&](const std::string& name) {
    const Answer first = stage.answer_to(name);
    CHECK(stage.answer_to(name) == first);
    return first;
  };
  CHECK(twice("0.example.org") == Answer::of(Status::NoData));
  CHECK(twice("3.example.org") == Answer::of(Status::NoName));
  for (const char* name : {"1.example.org", "2.example.org", "4.example.org", "5.example.org"}) {
    CAPTURE(name);
    CHECK(twice(name).failed());
  }
}

TEST_CASE("resolver: junk is no answer") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    std::string reply = addresses(query);
    if (query.name == "short.example.org") return reply.substr(0, 20);
    if (query.name == "empty.example.org") return std::string();
    return reply.substr(0, reply.size() - 2);
  });
  net::ResolverSettings settings = asking(server);
  settings.timeout = milliseconds(400);
  Stage stage(settings);
  for (const char* name : {"short.example.org", "empty.example.org", "cut.example.org"}) {
    CAPTURE(name);
    CHECK(stage.answer_to(name).failed());
  }
}

TEST_CASE("resolver: a question that nobody answers ends in time, and is asked on") {
  std::atomic<bool> silent{true};
  DnsServer server([&](const DnsQuery& query) -> std::optional<std::string> {
    if (silent) return std::nullopt;
    return addresses(query);
  });
  net::ResolverSettings settings = asking(server);
  settings.timeout = milliseconds(300);
  Stage stage(settings);
  const auto begin = std::chrono::steady_clock::now();
  stage.ask({"slow.example.org", Type::A});
  stage.turn(milliseconds(100));
  stage.ask({"slow.example.org", Type::A});  // in flight already, with a deadline of its own
  const auto answers = stage.answers(2);
  CHECK(std::chrono::steady_clock::now() - begin > milliseconds(390));
  // That it was in time is in the reason: the library gives up later, and by another one.
  for (const Answer& answer : answers)
    CHECK(answer == Answer::of(Status::Failure, Security::Unknown, "no answer in 300 ms"));
  // The library still asks; its late answer is there for the next who wants to know.
  silent = false;
  Answer last = Answer::of(Status::Failure);
  for (int attempt = 0; attempt < 100 && last.failed(); ++attempt)
    last = stage.answer_to("slow.example.org");
  CHECK(last.status == Status::Records);
}

TEST_CASE("resolver: one second is a second") {
  DnsServer server([](const DnsQuery&) { return std::nullopt; });
  net::ResolverSettings settings = asking(server);
  settings.timeout = milliseconds(1000);
  Stage stage(settings);
  CHECK(stage.answer_to("slow.example.org").reason == "no answer in 1 s");
}

TEST_CASE("resolver: a question in flight is not asked again, an answer is kept") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    std::this_thread::sleep_for(milliseconds(50));
    return addresses(query);
  });
  Stage stage(asking(server));
  constexpr std::size_t kAsked = 100;
  for (std::size_t i = 0; i < kAsked; ++i) stage.ask({"one.example.org", Type::A});
  for (const Answer& answer : stage.answers(kAsked)) CHECK(answer.addresses.size() == 1);
  // Where the machine stands still, the library sends its question again.
  CHECK(server.count("one.example.org") < kAsked / 2);
  server.replace([](const DnsQuery& query) -> std::optional<std::string> {
    return WireAnswer{3}.message(query.question, query.id);
  });
  CHECK(stage.answer_to("ONE.example.org.").addresses.size() == 1);
}

TEST_CASE("resolver: names that cannot be asked do not exist, all others can be asked") {
  DnsServer server(
      [](const DnsQuery& query) -> std::optional<std::string> { return addresses(query); });
  Stage stage(asking(server));
  for (const std::string& name : {std::string(), std::string("."), std::string("a..example.org"),
                                  std::string(64, 'a') + ".org", std::string(300, 'a')}) {
    CAPTURE(name);
    CHECK(stage.answer_to(name) == Answer::of(Status::NoName));
  }
  CHECK(server.queries().empty());
  std::vector<std::string> names = {"@", "*.example.org", "-", "_spf.example.org", "(a).$b", "#1"};
  for (int octet = 0; octet < 256; ++octet)
    if (octet != '.' && (octet < 'A' || octet > 'Z'))
      names.push_back(std::string("a") + static_cast<char>(octet) + "b.example.org");
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(stage.answer_to(name).addresses.size() == 1);
    CHECK(server.count(name) > 0);
  }
}

TEST_CASE("resolver: local data are answered from memory, and nothing of them leaves") {
  DnsServer server(
      [](const DnsQuery& query) -> std::optional<std::string> { return addresses(query); });
  net::ResolverSettings settings = asking(server);
  settings.local_data = {"demo.test. 60 IN TXT \"v=spf1 -all\"", "www.demo.test. CNAME demo.test.",
                         "out.demo.test CNAME a.example.org"};
  Stage stage(settings);
  CHECK(stage.answer_to("demo.test", Type::Txt).texts == std::vector<std::string>{"v=spf1 -all"});
  CHECK(stage.answer_to("www.demo.test", Type::Txt).texts.size() == 1);
  CHECK(stage.answer_to("demo.test", Type::Mx).status == Status::NoData);
  CHECK(stage.answer_to("a.b.demo.test").status == Status::NoName);
  CHECK(server.queries().empty());
  CHECK(stage.answer_to("out.demo.test").addresses.size() == 1);
  CHECK(server.count("a.example.org") > 0);
  for (const DnsQuery& query : server.queries()) CHECK(query.name == "a.example.org");
  settings.local_data.emplace_back("demo.test");
  net::EventLoop loop;
  const auto refused = net::Resolver::make(loop, settings);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason.starts_with("line 4: "));
}

TEST_CASE("resolver: names of no DNS are never asked for") {
  DnsServer server(
      [](const DnsQuery& query) -> std::optional<std::string> { return addresses(query); });
  Stage stage(asking(server));
  stage.answer_to("localhost");
  stage.answer_to("a.localhost");
  CHECK(stage.answer_to("a.invalid").status == Status::NoName);
  CHECK(stage.answer_to("a.onion").status == Status::NoName);
  CHECK(server.queries().empty());
}

TEST_CASE("resolver: recursion starts without a packet, and validates") {
  net::ResolverSettings settings;
  settings.local_data = {"demo.test. A 192.0.2.1"};
  Stage stage(settings);
  CHECK(stage.answer_to("demo.test") == [] {
    Answer answer = Answer::of(Status::Records);
    answer.addresses = {*base::IpAddress::parse("192.0.2.1")};
    return answer;
  }());
  // The library's own zones: nobody has signed them.
  CHECK(stage.answer_to("a.invalid") == Answer::of(Status::NoName, Security::Insecure));
  settings.dnssec = false;
  CHECK(Stage(settings).answer_to("a.invalid") == Answer::of(Status::NoName));
}

TEST_CASE("resolver: a server that was away for long is asked again") {
  std::atomic<bool> silent{true};
  DnsServer server([&](const DnsQuery& query) -> std::optional<std::string> {
    if (silent) return std::nullopt;
    return addresses(query);
  });
  net::ResolverSettings settings = asking(server);
  settings.timeout = milliseconds(200);
  Stage stage(settings);
  for (int i = 0; i < 50; ++i) stage.ask({"n" + std::to_string(i) + ".example.org", Type::A});
  for (const Answer& answer : stage.answers(50)) CHECK(answer.failed());
  stage.turn(milliseconds(3000));
  silent = false;
  Answer answer = Answer::of(Status::Failure);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; answer.failed() && std::chrono::steady_clock::now() - begin < kPatience; ++i)
    answer = stage.answer_to("m" + std::to_string(i) + ".example.org");
  CHECK_FALSE(answer.failed());
}

TEST_CASE("resolver: too many questions fail at once") {
  DnsServer server([](const DnsQuery&) { return std::nullopt; });
  Stage stage(asking(server));
  const auto name = [](std::size_t i) { return "n" + std::to_string(i) + ".example.org"; };
  for (std::size_t i = 0; i < net::Resolver::kMaxAsked; ++i) stage.ask({name(i), Type::A});
  const Answer too_many = Answer::of(Status::Failure, Security::Unknown, "too many questions");
  stage.ask({name(net::Resolver::kMaxAsked), Type::A});
  CHECK(stage.answers(1).front() == too_many);
  // One that is being asked may have more who wait for it, but not without end.
  for (std::size_t i = net::Resolver::kMaxAsked; i < net::Resolver::kMaxWaiting; ++i)
    stage.ask({name(0), Type::A});
  stage.ask({name(0), Type::A});
  CHECK(stage.answers(1).front() == too_many);
}

TEST_CASE("resolver: where few descriptors may be open, fewer questions are asked at once") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit low{1024, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  DnsServer server([](const DnsQuery&) { return std::nullopt; });
  Stage stage(asking(server));
  constexpr std::size_t kAskable = (1024 - 256) / 2;
  for (std::size_t i = 0; i < kAskable + 1; ++i)
    stage.ask({"n" + std::to_string(i) + ".example.org", Type::A});
  CHECK(stage.answers(1).front().reason == "too many questions");
  // The others are all on their way: none waits for the socket of another.
  std::set<std::string> names;
  const auto begin = std::chrono::steady_clock::now();
  while (names.size() < kAskable && std::chrono::steady_clock::now() - begin < kPatience) {
    stage.turn(milliseconds(20));
    for (const DnsQuery& query : server.queries()) names.insert(query.name);
  }
  CHECK(names.size() == kAskable);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("resolver: one client has a share of the questions, until the library gives them up") {
  std::atomic<bool> silent{true};
  DnsServer server([&](const DnsQuery& query) -> std::optional<std::string> {
    if (silent) return std::nullopt;
    return addresses(query);
  });
  net::ResolverSettings settings = asking(server);
  settings.timeout = milliseconds(200);
  Stage stage(settings);
  const auto name = [](std::size_t i) { return "n" + std::to_string(i) + ".example.org"; };
  const Answer timeout = Answer::of(Status::Failure, Security::Unknown, "no answer in 200 ms");
  constexpr dns::Payer kClient = 7;
  constexpr std::size_t kShare = net::Resolver::kMaxAskedByOne;
  for (std::size_t i = 0; i < kShare; ++i) stage.ask({name(i), Type::A}, kClient);
  stage.ask({name(kShare), Type::A}, kClient);
  CHECK(stage.answers(kShare + 1) == std::vector(kShare + 1, timeout));
  for (const DnsQuery& query : server.queries()) CHECK(query.name != name(kShare));
  // To wait for what is asked already costs nothing, whoever asked it; the others have their own.
  stage.ask({name(0), Type::A}, kClient);
  stage.ask({name(0), Type::A}, kClient + 1);
  for (std::size_t i = 1; i < kShare; ++i) stage.ask({name(kShare + i), Type::A}, kClient + 1);
  for (std::size_t i = 0; i <= kShare; ++i) stage.ask({name(2 * kShare + i), Type::A});
  CHECK(stage.answers(2 * kShare + 2) == std::vector(2 * kShare + 2, timeout));
  // Nobody waits for them any more, but the library asks on.
  silent = false;
  Answer answer = timeout;
  const auto begin = std::chrono::steady_clock::now();
  while (answer.failed() && std::chrono::steady_clock::now() - begin < kPatience) {
    stage.turn(milliseconds(20));
    stage.ask({name(kShare), Type::A}, kClient);
    answer = stage.answers(1).front();
  }
  CHECK_FALSE(answer.failed());
}

TEST_CASE("resolver: what is beyond the share of a client waits for its turn") {
  DnsServer server(addresses);
  Stage stage(asking(server));
  constexpr std::size_t kMany = 3 * net::Resolver::kMaxAskedByOne;
  for (std::size_t i = 0; i < kMany; ++i)
    stage.ask({"n" + std::to_string(i) + ".example.org", Type::A}, 7);
  for (const Answer& answer : stage.answers(kMany)) CHECK_FALSE(answer.failed());
}

TEST_CASE("resolver: nobody waits with another, and no queue is without end") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    if (query.name != "common.example.org") return std::nullopt;
    return addresses(query);
  });
  Stage stage(asking(server));
  const auto name = [](std::size_t i) { return "n" + std::to_string(i) + ".example.org"; };
  constexpr std::size_t kShare = net::Resolver::kMaxAskedByOne;
  for (std::size_t i = 0; i < kShare; ++i) stage.ask({name(i), Type::A}, 7);
  stage.ask({"common.example.org", Type::A}, 7);
  stage.ask({"common.example.org", Type::A}, 8);
  for (const Answer& answer : stage.answers(2)) CHECK_FALSE(answer.failed());
  for (std::size_t i = 1; i < net::Resolver::kMaxQueuedByOne; ++i)
    stage.ask({name(kShare + i), Type::A}, 7);
  stage.ask({name(0), Type::Txt}, 7);
  CHECK(stage.answers(1).front().reason == "too many questions for one client");
}

TEST_CASE("resolver: it may go with questions in flight, from an answer too") {
  DnsServer server([](const DnsQuery& query) -> std::optional<std::string> {
    if (query.name == "slow.example.org") return std::nullopt;
    return addresses(query);
  });
  Stage stage(asking(server));
  int answers = 0;
  const auto done = [&](const Answer&) {
    ++answers;
    stage.resolver().reset();
    stage.loop().stop();
  };
  for (int i = 0; i < 3; ++i)
    stage.resolver()->resolve({"one.example.org", Type::A}, dns::kNoPayer, done);
  stage.resolver()->resolve({"slow.example.org", Type::A}, dns::kNoPayer, done);
  stage.loop().run();
  stage.turn(milliseconds(50));
  CHECK(answers == 1);
}

TEST_CASE("resolver: never before resolve() has returned") {
  net::ResolverSettings settings;
  settings.servers = {{*base::IpAddress::parse("127.0.0.1"), 1}};
  settings.local_data = {"demo.test. A 192.0.2.1"};
  Stage stage(settings);
  int answers = 0;
  for (const char* name : {"demo.test", "", "localhost"})
    stage.resolver()->resolve({name, Type::A}, dns::kNoPayer, [&](const Answer&) { ++answers; });
  CHECK(answers == 0);
  const auto begin = std::chrono::steady_clock::now();
  while (answers < 3 && std::chrono::steady_clock::now() - begin < kPatience)
    stage.turn(milliseconds(10));
  CHECK(answers == 3);
}
