// SPDX-License-Identifier: Apache-2.0
// One SMTP client session: as many messages as it is given, then QUIT.
//
// The dialogue is the table in session.cc. Threads: that of the event base.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/time.h"
#include "load/message.h"
#include "load/options.h"
#include "load/reply_reader.h"
#include "load/statistics.h"
#include "load/transport.h"

namespace load {

// Where sessions get their work, and what they tell about it.
class Work {
 public:
  // The next message, or nothing: time or messages are over.
  virtual std::optional<Message> next_message() = 0;
  virtual void acknowledged(const Message& message, std::string_view queue_id) = 0;
  virtual void lost() = 0;  // begun, and nobody knows
  // The session is over and may be destroyed, but not before this call returns.
  virtual void ended(std::size_t slot, bool well) = 0;

 protected:
  ~Work() = default;
};

class Session final : private TransportHandler {
 public:
  // All references must outlive the session. `slot` is only passed back.
  Session(const Options& options, const Environment& environment, Statistics& statistics,
          Work& work, std::size_t slot);

  // Connects. Not from the constructor: what fails at once is told to work.ended().
  void start(const std::optional<base::IpAddress>& source);
  void abandon();  // counts what it has not finished as failed

 private:
  // What was sent and is not answered yet, in order.
  enum class Step { Greeting, Hello, StartTls, Mail, Rcpt, Data, Content, Reset, Quit, Count };
  struct Row;
  static const Row& row(Step step);

  void on_connected() override;
  void on_secure() override;
  void on_input(evbuffer& input) override;
  void on_progress() override;
  void on_end(const std::string& reason) override;

  void on_reply(const Reply& reply);
  void after_greeting(const Reply& reply);
  void after_hello(const Reply& reply);
  void after_starttls(const Reply& reply);
  void after_mail(const Reply& reply);
  void after_rcpt(const Reply& reply);
  void after_data(const Reply& reply);
  void after_content(const Reply& reply);
  void after_reset(const Reply& reply);
  void after_quit(const Reply& reply);

  void start_handshake();
  void next_message();
  void send_group();
  std::string mail_command() const;
  std::string rcpt_command(std::size_t index) const;
  void say(Step step, const std::string& line);
  void note_refusal(Step step, const Reply& reply);
  void message_refused();
  void give_up_message();
  void fail(const std::string& reason);  // at what is waited for
  void fail(const std::string& where, const std::string& reason);
  void end(bool well);
  void set_deadline();
  static void deadline_passed(int fd, short what, void* self);

  const Options& options_;
  Statistics& statistics_;
  Work& work_;
  const std::size_t slot_;
  Transport transport_;
  EventHandle deadline_;
  ReplyReader reader_;
  std::deque<Step> expected_;
  const char* phase_ = "connect";  // while no reply is expected
  base::Instant started_;
  base::Instant stage_started_;
  bool secure_ = false;
  bool size_offered_ = false;
  bool over_ = false;
  std::uint64_t messages_begun_ = 0;
  // The message in hand:
  std::optional<Message> message_;
  base::Instant message_started_;
  std::size_t recipients_asked_ = 0;
  std::size_t recipients_accepted_ = 0;
};

}  // namespace load
