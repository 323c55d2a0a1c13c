// SPDX-License-Identifier: Apache-2.0
// What a driver sees of a Session. What a client sees is in tests/dialogs/.
#include "smtp/session.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "smtp/limits.h"
#include "smtp/replies.h"

namespace {

using namespace std::chrono_literals;
namespace replies = smtp::replies;

// A session and a driver that answers what it is told to, and keeps the questions open otherwise.
struct Driver {
  explicit Driver(bool implicit_tls = false)
      : session(settings, {{*base::IpAddress::parse("192.0.2.7"), 4000}, implicit_tls}, now) {}

  template <class T>
  T expect() {
    auto event = session.next_event();
    REQUIRE(event);
    REQUIRE(std::holds_alternative<T>(*event));
    return std::get<T>(*event);
  }
  void expect_nothing() { REQUIRE_FALSE(session.next_event()); }
  template <class T>
  void answer(const smtp::Reply& reply) {
    session.answer(expect<T>().ticket, reply, now);
  }
  void send(const std::string& bytes) { session.on_bytes(bytes, now); }
  std::string output() {
    std::string text(session.output());
    session.output_sent(text.size());
    return text;
  }
  void start_tls() {
    send("STARTTLS\r\n");
    answer<smtp::AskTls>(replies::ready_for_tls());
    expect<smtp::StartTls>();
  }
  // Up to the state after EHLO inside TLS.
  void secure() {
    answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
    start_tls();
    session.on_tls({}, now);
    send("EHLO client.example.net\r\n");
    expect_nothing();
    output();
  }
  void to_body() {
    send("MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\nDATA\r\n");
    answer<smtp::AskSender>(replies::sender_ok());
    answer<smtp::AskRecipient>(replies::recipient_ok());
    answer<smtp::AskData>(replies::data_go_ahead());
    output();
  }

  smtp::Settings settings = [] {
    smtp::Settings some;
    some.hostname = "mx.ours.test";
    return some;
  }();
  base::Instant now{1h};
  smtp::Session session;
};

TEST_CASE("a transaction, event by event") {
  Driver d;
  d.secure();
  d.send("MAIL FROM:<a@example.net> SIZE=100 BODY=8BITMIME\r\n");
  const auto sender = d.expect<smtp::AskSender>();
  CHECK(sender.sender.path.to_string() == "<a@example.net>");
  CHECK(sender.sender.declared_size == 100);
  CHECK(sender.sender.body == smtp::BodyType::EightBitMime);
  CHECK_FALSE(d.session.in_transaction());
  CHECK(d.session.stage() == "mail");
  d.session.answer(sender.ticket, replies::sender_ok(), d.now);
  CHECK(d.session.in_transaction());
  d.send("RCPT TO:<info@ours.test>\r\n");
  const auto recipient = d.expect<smtp::AskRecipient>();
  CHECK(recipient.path.to_string() == "<info@ours.test>");
  CHECK(d.session.stage() == "rcpt");
  d.session.answer(recipient.ticket, replies::recipient_ok(), d.now);
  d.send("DATA\r\n");
  d.answer<smtp::AskData>(replies::data_go_ahead());
  CHECK(d.session.stage() == "data");
  d.send("..one\r\n.\r\n");
  CHECK(d.expect<smtp::Body>().bytes == ".one\r\n");
  d.expect<smtp::HeaderComplete>();
  const auto message = d.expect<smtp::AskMessage>();
  CHECK(message.size == 6);
  d.session.answer(message.ticket, replies::message_ok("Q1"), d.now);
  d.expect_nothing();
  CHECK(d.output() ==
        "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"
        "250 2.0.0 Ok: queued as Q1\r\n");
  CHECK_FALSE(d.session.in_transaction());
  CHECK(d.session.counters().messages == 1);
  CHECK(d.session.counters().refusals == 0);
  CHECK(d.session.command_counts() == "ehlo=1 starttls=1 mail=1 rcpt=1 data=1");
}

TEST_CASE("a ticket counts once, and only in its own session") {
  Driver d;
  Driver other;
  const auto connect = d.expect<smtp::AskConnect>();
  other.session.answer(connect.ticket, replies::access_denied(), other.now);
  CHECK(other.session.output().empty());
  CHECK(other.session.stage() == "connect");
  d.session.answer(connect.ticket, replies::greeting("mx.ours.test"), d.now);
  d.session.answer(connect.ticket, replies::access_denied(), d.now);
  d.expect_nothing();
  CHECK(d.output() == "220 mx.ours.test ESMTP\r\n");
}

TEST_CASE("an answer that comes after the end harms nobody") {
  Driver d;
  d.secure();
  d.to_body();
  d.send(".\r\n");
  d.expect<smtp::HeaderComplete>();
  const auto message = d.expect<smtp::AskMessage>();
  d.session.answer(message.ticket, replies::local_trouble(), d.now);
  d.send("QUIT\r\n");
  CHECK(d.expect<smtp::Close>().reason == "quit");
  d.output();
  d.session.answer(message.ticket, replies::message_ok("Q1"), d.now);
  d.send("NOOP\r\n");
  d.session.on_time(d.now + 24h);
  d.session.on_eof(d.now);
  d.session.shut_down(d.now);
  d.expect_nothing();
  CHECK(d.output().empty());
  CHECK_FALSE(d.session.wants_input());
  CHECK_FALSE(d.session.deadline());
}

TEST_CASE("implicit TLS: StartTls without a word, the greeting behind the handshake") {
  Driver d(true);
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  d.expect<smtp::StartTls>();
  CHECK(d.output().empty());
  CHECK_FALSE(d.session.wants_input());
  d.session.on_tls({}, d.now);
  d.expect_nothing();
  CHECK(d.output() == "220 mx.ours.test ESMTP\r\n");
  CHECK(d.session.tls());
}

TEST_CASE("nothing from before TLS survives it") {
  Driver d;
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  d.send("EHLO in.clear.example\r\n");
  d.expect_nothing();
  d.start_tls();
  CHECK(d.session.helo() == "in.clear.example");
  d.output();
  d.send("EHLO injected.example\r\nMAIL FR");
  d.expect_nothing();
  CHECK_FALSE(d.session.wants_input());
  d.session.on_tls({}, d.now);
  CHECK(d.session.helo().empty());
  CHECK_FALSE(d.session.esmtp());
  d.expect_nothing();
  CHECK(d.output().empty());
  d.send("NOOP\r\n");
  d.expect_nothing();
  CHECK(d.output() == "250 2.0.0 Ok\r\n");
}

TEST_CASE("a transaction that does not come to its end is reset") {
  const std::vector<std::string> endings = {"RSET\r\n", "EHLO again\r\n", "HELO again\r\n",
                                            "QUIT\r\n"};
  for (const std::string& ending : endings) {
    INFO(ending);
    Driver d;
    d.secure();
    d.send("MAIL FROM:<a@example.net>\r\n" + ending);
    d.answer<smtp::AskSender>(replies::sender_ok());
    d.expect<smtp::TransactionReset>();
    if (ending == "QUIT\r\n") d.expect<smtp::Close>();
    d.expect_nothing();
    CHECK_FALSE(d.session.in_transaction());
  }
  Driver d;
  d.secure();
  d.to_body();
  d.session.on_eof(d.now);
  d.expect<smtp::TransactionReset>();
  CHECK(d.expect<smtp::Close>().reason == "eof");
}

TEST_CASE("RSET without a transaction is no news") {
  Driver d;
  d.secure();
  d.send("RSET\r\n");
  d.expect_nothing();
}

TEST_CASE("a message that the session refuses is dropped, not asked about") {
  Driver d;
  d.secure();
  d.to_body();
  d.send("a:\r\n");
  CHECK(d.expect<smtp::Body>().bytes == "a:\r\n");
  d.send(std::string("b\0c", 3));
  CHECK(d.expect<smtp::MessageDropped>().reply == replies::nul_in_message());
  CHECK_FALSE(d.session.in_transaction());
  d.send("more\r\n");
  d.expect_nothing();
  CHECK(d.output().empty());
  d.send(".\r\n");
  d.expect_nothing();
  CHECK(d.output() == replies::nul_in_message().render());
  CHECK_FALSE(d.session.in_transaction());
  CHECK(d.session.counters().refusals == 1);
  CHECK(d.session.counters().errors == 0);
}

TEST_CASE("refuse_message() is heard up to the last Body event") {
  Driver d;
  d.secure();
  d.to_body();
  d.send("all of it\r\n.\r\n");
  d.expect<smtp::Body>();
  d.session.refuse_message(replies::insufficient_storage());
  d.session.refuse_message(replies::local_trouble());
  CHECK(d.expect<smtp::MessageDropped>().reply == replies::insufficient_storage());
  d.expect_nothing();
  CHECK(d.output() == replies::insufficient_storage().render());
  d.to_body();
  d.send(".\r\n");
  d.expect<smtp::HeaderComplete>();
  const auto message = d.expect<smtp::AskMessage>();
  d.session.refuse_message(replies::insufficient_storage());
  d.session.answer(message.ticket, replies::message_ok("Q1"), d.now);
  d.expect_nothing();
  CHECK(d.output() == replies::message_ok("Q1").render());
}

TEST_CASE("the end of the header is news, and may be answered") {
  Driver d;
  d.secure();
  d.to_body();
  d.send("Delivered-To: info@ours.test\r\n\r\nbody\r\n.\r\n");
  CHECK(d.expect<smtp::Body>().bytes == "Delivered-To: info@ours.test\r\n\r\n");
  d.expect<smtp::HeaderComplete>();
  d.session.refuse_message(replies::delivered_before());
  CHECK(d.expect<smtp::MessageDropped>().reply == replies::delivered_before());
  d.expect_nothing();
  CHECK(d.output() == replies::delivered_before().render());
}

TEST_CASE("a message in chunks, event by event") {
  Driver d;
  d.secure();
  d.send("MAIL FROM:<a@example.net> SMTPUTF8 REQUIRETLS\r\nRCPT TO:<info@ours.test>\r\n");
  const auto sender = d.expect<smtp::AskSender>();
  CHECK(sender.sender.smtputf8);
  CHECK(sender.sender.require_tls);
  d.session.answer(sender.ticket, replies::sender_ok(), d.now);
  d.answer<smtp::AskRecipient>(replies::recipient_ok());
  d.send("BDAT 6\r\na: b\r\nBDAT 5 LAST\r\n\r\ncd");
  d.answer<smtp::AskData>(replies::data_go_ahead());
  CHECK(d.expect<smtp::Body>().bytes == "a: b\r\n");
  CHECK(d.expect<smtp::Body>().bytes == "\r\n");
  d.expect<smtp::HeaderComplete>();
  CHECK(d.session.stage() == "data");
  CHECK(d.expect<smtp::Body>().bytes == "cd");
  d.expect_nothing();
  d.send("e");
  CHECK(d.expect<smtp::Body>().bytes == "e\r\n");
  const auto message = d.expect<smtp::AskMessage>();
  CHECK(message.size == 13);
  d.output();
  d.session.answer(message.ticket, replies::message_ok("Q1"), d.now);
  CHECK(d.output() == "250 2.0.0 Ok: queued as Q1\r\n");
}

TEST_CASE("a message that is given up on between two chunks fails with the next one") {
  Driver d;
  d.secure();
  d.send("MAIL FROM:<a@example.net>\r\nRCPT TO:<info@ours.test>\r\nBDAT 3\r\nabc");
  d.answer<smtp::AskSender>(replies::sender_ok());
  d.answer<smtp::AskRecipient>(replies::recipient_ok());
  d.answer<smtp::AskData>(replies::data_go_ahead());
  d.expect<smtp::Body>();
  d.expect_nothing();
  d.output();
  d.session.refuse_message(replies::insufficient_storage());
  d.expect<smtp::MessageDropped>();
  d.send("BDAT 1 LAST\r\nx");
  d.expect_nothing();
  CHECK(d.output() == replies::insufficient_storage().render());
  CHECK(d.session.stage() == "mail");
}

TEST_CASE("who speaks before the greeting is not greeted") {
  Driver d;
  const auto connect = d.expect<smtp::AskConnect>();
  d.send("EHLO a\r\n");
  d.expect_nothing();
  d.session.answer(connect.ticket, replies::greeting("mx.ours.test"), d.now);
  CHECK(d.expect<smtp::Refused>().reply == replies::input_before_greeting());
  CHECK(d.expect<smtp::Close>().reason == "early_talker");
  CHECK(d.output() == replies::input_before_greeting().render());

  Driver implicit(true);
  CHECK_FALSE(implicit.session.wants_input());  // it would be the handshake's
}

TEST_CASE("a delayed greeting: the first line at once, the second by its own clock") {
  Driver d;
  d.session.delay_greeting(6s);
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  CHECK(d.output() == "220-mx.ours.test ESMTP\r\n");
  CHECK(d.session.stage() == "connect");
  CHECK(d.session.wants_input());
  CHECK(d.session.deadline() == d.now + 6s);
  d.session.on_time(d.now + 6s - 1ms);
  d.expect_nothing();
  CHECK(d.output().empty());
  d.now += 6s;
  d.session.on_time(d.now);
  CHECK(d.output() == "220 mx.ours.test ESMTP\r\n");
  CHECK(d.session.stage() == "helo");
  CHECK(d.session.deadline() == d.now + d.settings.command_timeout);
  d.start_tls();
  d.output();
  d.session.on_tls({}, d.now);
  d.expect_nothing();
  CHECK(d.output().empty());
}

TEST_CASE("who speaks between the lines of a greeting was never served") {
  Driver d;
  d.session.delay_greeting(6s);
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  d.output();
  d.send("EHLO a\r\n");
  CHECK(d.expect<smtp::Refused>().reply == replies::input_before_greeting());
  const auto close = d.expect<smtp::Close>();
  CHECK(close.reason == "early_talker");
  CHECK(close.unserved);
  CHECK_FALSE(d.session.deadline());
}

TEST_CASE("implicit TLS: what came right behind the handshake came before the greeting") {
  for (const auto delay : {0s, 6s}) {
    Driver d(true);
    d.session.delay_greeting(delay);
    d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
    d.expect<smtp::StartTls>();
    CHECK(d.output().empty());
    d.session.on_tls("EHLO a\r\n", d.now);
    CHECK(d.expect<smtp::Refused>().reply == replies::input_before_greeting());
    CHECK(d.expect<smtp::Close>().reason == "early_talker");
    CHECK(d.output() == replies::input_before_greeting().render());
  }
}

TEST_CASE("a handshake is asked for, and a refusal of it is idle, not an error") {
  Driver d;
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  d.output();
  d.send("STARTTLS\r\n");
  const auto ask = d.expect<smtp::AskTls>();
  CHECK(d.session.stage() == "tls");
  CHECK_FALSE(d.session.deadline());
  CHECK(d.output().empty());
  d.session.answer(ask.ticket, replies::tls_unavailable(), d.now);
  d.expect_nothing();
  CHECK(d.output() == replies::tls_unavailable().render());
  CHECK(d.session.counters().errors == 0);
  CHECK(d.session.counters().refusals == 1);
  CHECK(d.session.stage() == "helo");
  d.start_tls();
}

TEST_CASE("recipients that are refused for now are refusals, and neither errors nor idle") {
  Driver d;
  d.settings.errors_per_session = 1;
  d.secure();
  d.send("MAIL FROM:<a@example.net>\r\n");
  d.answer<smtp::AskSender>(replies::sender_ok());
  for (std::size_t i = 0; i < smtp::kMaxIdleCommands + 10; ++i) {
    d.send("RCPT TO:<nobody@ours.test>\r\n");
    d.answer<smtp::AskRecipient>(replies::too_many_recipients());
  }
  d.expect_nothing();
  CHECK(d.session.counters().errors == 0);
  CHECK(d.session.counters().refusals == smtp::kMaxIdleCommands + 10);
  CHECK(d.session.in_transaction());
}

TEST_CASE("the end behind a transaction may be told at any time, and waits for nobody twice") {
  Driver d;
  d.secure();
  d.to_body();
  d.session.end_after_transaction(replies::too_many_unknown_recipients());
  d.expect_nothing();
  d.send("a: b\r\n.\r\nNOOP\r\n");
  d.expect<smtp::Body>();
  d.expect<smtp::HeaderComplete>();
  d.answer<smtp::AskMessage>(replies::message_ok("Q1"));
  CHECK(d.expect<smtp::Close>().reason == "unknown_recipients");
  d.expect_nothing();
  CHECK(d.output() ==
        replies::message_ok("Q1").render() + replies::too_many_unknown_recipients().render());
  CHECK(d.session.counters().messages == 1);
}

TEST_CASE("the rest of a dropped message is news no more") {
  Driver d;
  d.settings.max_message_size = 100;
  d.secure();
  d.to_body();
  d.send(std::string(101, 'x'));
  CHECK(d.expect<smtp::MessageDropped>().reply == replies::message_too_big());
  d.send(std::string(98, 'x'));
  d.expect_nothing();
  CHECK(d.output().empty());
  d.send("x");
  CHECK(d.expect<smtp::Close>().reason == "too_much_data");
  d.expect_nothing();
  CHECK(d.output() == replies::too_much_data().render());
}

TEST_CASE("RCPT commands of a transaction are bounded, refused ones too") {
  Driver d;
  d.settings.max_recipients = 1;
  d.secure();
  const std::size_t most = smtp::max_recipient_commands(1);
  for (int transaction = 0; transaction < 2; ++transaction) {
    d.send("RSET\r\nMAIL FROM:<a@example.net>\r\n");
    if (transaction == 1) d.expect<smtp::TransactionReset>();
    d.answer<smtp::AskSender>(replies::sender_ok());
    for (std::size_t i = 0; i < most; ++i) {
      d.send("RCPT TO:<nobody@ours.test>\r\n");
      d.answer<smtp::AskRecipient>(replies::no_such_user());
    }
    d.expect_nothing();
    d.output();
  }
  d.send("RCPT TO:<nobody@ours.test>\r\n");
  d.expect<smtp::TransactionReset>();
  CHECK(d.expect<smtp::Close>().reason == "rcpt_flood");
  CHECK(d.output() == replies::too_many_rcpt_commands().render());
}

TEST_CASE("refused commands are news with their verb") {
  Driver d;
  d.secure();
  d.send("FOO\r\nVRFY x\r\n");
  const auto unknown = d.expect<smtp::Refused>();
  CHECK(unknown.verb.empty());
  CHECK(unknown.reply == replies::unknown_command());
  CHECK(d.expect<smtp::Refused>().verb == "VRFY");
  d.send("DATA\r\n");
  const auto data = d.expect<smtp::Refused>();
  CHECK(data.verb == "DATA");
  CHECK(data.reply == replies::bad_sequence());
  d.expect_nothing();
  CHECK(d.session.counters().errors == 3);
  CHECK(d.session.command_counts() == "ehlo=1 starttls=1 data=1 vrfy=1 unknown=1");
}

TEST_CASE("buffered input is bounded while a question is open") {
  Driver d;
  d.secure();
  d.send("MAIL FROM:<a@example.net>\r\n");
  const auto sender = d.expect<smtp::AskSender>();
  const std::string resets = "RSET\r\nRSET\r\n";
  std::size_t sent = 0;
  while (d.session.wants_input()) {
    d.send(resets);
    sent += resets.size();
    REQUIRE(sent < 2 * smtp::kMaxBufferedInput);
  }
  CHECK(sent >= smtp::kMaxBufferedInput);
  d.expect_nothing();
  d.session.answer(sender.ticket, replies::sender_ok(), d.now);
  d.expect<smtp::TransactionReset>();
  CHECK(d.expect<smtp::Close>().reason == "errors");
}

TEST_CASE("a client that does not read its replies is not read either") {
  Driver d;
  d.settings.max_recipients = 10000;
  d.secure();
  d.send("MAIL FROM:<a@example.net>\r\n");
  d.answer<smtp::AskSender>(replies::sender_ok());
  std::string group;
  for (int i = 0; i < 2000; ++i) group += "RCPT TO:<info@ours.test>\r\n";
  d.send(group);
  unsigned asked = 0;
  while (auto event = d.session.next_event()) {
    d.session.answer(std::get<smtp::AskRecipient>(*event).ticket, replies::recipient_ok(), d.now);
    ++asked;
  }
  CHECK(asked < 2000);
  CHECK(d.session.output().size() < smtp::kMaxBufferedOutput + smtp::kMaxReplyLine);
  CHECK_FALSE(d.session.wants_input());
  while (asked < 2000) {
    REQUIRE_FALSE(d.output().empty());
    while (auto event = d.session.next_event()) {
      d.session.answer(std::get<smtp::AskRecipient>(*event).ticket, replies::recipient_ok(), d.now);
      ++asked;
    }
  }
  CHECK(d.session.wants_input());
}

TEST_CASE("deadlines") {
  Driver d;
  const auto connect = d.expect<smtp::AskConnect>();
  CHECK_FALSE(d.session.deadline());
  const auto start = d.now;
  d.now += 10s;
  d.session.answer(connect.ticket, replies::greeting("mx.ours.test"), d.now);
  CHECK(d.session.deadline() == d.now + d.settings.command_timeout);
  d.settings.session_deadline = 20s;  // has no effect on a session that runs
  CHECK(d.session.deadline() == d.now + d.settings.command_timeout);
  d.now = start + 28min;
  d.send("NOOP\r\n");
  d.expect_nothing();
  CHECK(d.session.deadline() == start + 30min);
  d.session.on_time(start + 30min - 1ms);
  d.expect_nothing();
  d.session.on_time(start + 30min);
  CHECK(d.expect<smtp::Close>().reason == "session_deadline");
}

TEST_CASE("the time that the driver did not read is not the client's") {
  Driver d;
  d.secure();
  d.now += 10min;
  d.session.on_resumed(9min, d.now);
  CHECK(d.session.deadline() == d.now - 1min + d.settings.command_timeout);
  d.session.on_resumed(2min, d.now);
  CHECK(d.session.deadline() == d.now + d.settings.command_timeout);
  d.to_body();
  d.now += 4min;
  d.session.on_resumed(4min - 1s, d.now);
  d.session.on_time(d.now);
  d.expect_nothing();
  CHECK(d.session.deadline() == d.now + 59s);  // of the data rate's minute
  d.send("x");
  d.expect<smtp::Body>();
  d.session.on_time(d.now + 59s);
  d.expect<smtp::TransactionReset>();
  CHECK(d.expect<smtp::Close>().reason == "slow_data");
}

TEST_CASE("a session stands still at a stage, and as long as nothing that counts goes on") {
  using At = smtp::Standstill::At;
  Driver d;
  const auto stands = [&](At at, std::chrono::seconds time) {
    const auto standstill = d.session.standstill();
    return standstill && standstill->at == at && d.now - standstill->since == time;
  };
  CHECK_FALSE(d.session.standstill());  // it has not said anything yet
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  d.now += 3s;
  d.send("EHLO client.example.net\r\n");
  d.expect_nothing();
  d.send("no command\r\n");
  d.expect<smtp::Refused>();
  d.expect_nothing();
  CHECK(stands(At::Beginning, 3s));
  d.start_tls();
  d.now += 1s;
  CHECK(stands(At::Handshake, 1s));
  d.session.on_tls({}, d.now);
  d.now += 1s;
  CHECK(stands(At::Beginning, 1s));
  d.send("EHLO client.example.net\r\n");
  d.expect_nothing();
  d.send("RSET\r\nNOOP\r\n");
  d.expect_nothing();
  CHECK(stands(At::Idle, 1s));
  d.send("MAIL FROM:<a@example.net>\r\n");
  const auto sender = d.expect<smtp::AskSender>();
  CHECK_FALSE(d.session.standstill());  // the session does
  d.now += 8s;
  d.session.answer(sender.ticket, replies::sender_ok(), d.now);
  CHECK(stands(At::Idle, 1s));
  d.send("RCPT TO:<nobody@ours.test>\r\n");
  d.answer<smtp::AskRecipient>(replies::no_such_user());
  CHECK(stands(At::Idle, 1s));
  d.send("RCPT TO:<info@ours.test>\r\n");
  d.answer<smtp::AskRecipient>(replies::recipient_ok());
  CHECK(stands(At::Transaction, 0s));
  d.now += 1s;
  d.send("NOOP\r\n");
  d.expect_nothing();
  d.send("DATA\r\n");
  d.answer<smtp::AskData>(replies::data_go_ahead());
  d.now += 1s;
  CHECK(stands(At::Transaction, 1s));
  d.send("x");
  d.expect<smtp::Body>();
  CHECK(stands(At::Transaction, 0s));
  d.now += 1s;
  d.session.on_resumed(1s, d.now);
  CHECK(stands(At::Transaction, 0s));
  d.send("\r\n.\r\n");
  d.expect<smtp::Body>();
  d.expect<smtp::HeaderComplete>();
  const auto message = d.expect<smtp::AskMessage>();
  d.now += 40s;
  d.session.answer(message.ticket, replies::local_trouble(), d.now);
  CHECK(stands(At::Idle, 0s));
  d.send("QUIT\r\n");
  d.expect<smtp::Close>();
  CHECK_FALSE(d.session.standstill());
}

TEST_CASE("a greeting in two lines is no standstill of the client") {
  Driver d;
  d.session.delay_greeting(6s);
  d.answer<smtp::AskConnect>(replies::greeting("mx.ours.test"));
  CHECK_FALSE(d.session.standstill());
  d.now += 6s;
  d.session.on_time(d.now);
  CHECK(d.session.standstill()->since == d.now);
}

TEST_CASE("the time of a message that is refused and read past is no standstill") {
  Driver d;
  d.secure();
  d.now += 60s;
  d.send("BDAT 3 LAST\r\nab");
  d.expect_nothing();
  CHECK(d.session.standstill()->at == smtp::Standstill::At::Transaction);
  CHECK(d.session.standstill()->since == d.now);
  d.send("c");
  d.expect<smtp::Refused>();
  CHECK(d.session.standstill()->at == smtp::Standstill::At::Idle);
  CHECK(d.session.standstill()->since == d.now);
}

TEST_CASE("a session that does not stand still gives no way") {
  Driver d;
  const auto connect = d.expect<smtp::AskConnect>();
  d.session.give_way(replies::crowded(), d.now);
  d.expect_nothing();
  d.session.answer(connect.ticket, replies::greeting("mx.ours.test"), d.now);
  d.start_tls();
  d.output();
  d.session.give_way(replies::crowded(), d.now);
  CHECK(d.expect<smtp::Close>().reason == "crowded");
  CHECK(d.output().empty());
  d.session.give_way(replies::crowded(), d.now);
  d.expect_nothing();
}

TEST_CASE("a transaction without a recipient does not keep a session from its end") {
  Driver d;
  d.secure();
  d.send("MAIL FROM:<a@example.net>\r\n");
  d.now += d.settings.session_deadline - 1s;
  d.answer<smtp::AskSender>(replies::sender_ok());
  d.send("RCPT TO:<nobody@ours.test>\r\n");
  d.answer<smtp::AskRecipient>(replies::no_such_user());
  CHECK(d.session.deadline() == d.now + 1s);
  d.session.on_time(d.now + 1s);
  d.expect<smtp::TransactionReset>();
  CHECK(d.expect<smtp::Close>().reason == "session_deadline");
}

TEST_CASE("a session that is over does not begin another transaction") {
  Driver d;
  d.secure();
  d.now += d.settings.session_deadline;
  d.send("MAIL FROM:<a@example.net>\r\n");
  CHECK(d.expect<smtp::Close>().reason == "session_deadline");
}

}  // namespace
