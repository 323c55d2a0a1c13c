// SPDX-License-Identifier: Apache-2.0
// The inside of a Session. session.cc: the loop, the questions, the end; session_commands.cc: what
// each command does; session_clock.cc: time-outs.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "smtp/body_reader.h"
#include "smtp/commands.h"
#include "smtp/grammar.h"
#include "smtp/input_buffer.h"
#include "smtp/limits.h"
#include "smtp/line_reader.h"
#include "smtp/session.h"
#include "smtp/state.h"

namespace smtp {

class Session::Impl {
 public:
  Impl(const Settings& settings, const PeerFacts& peer, base::Instant now);

  void on_bytes(std::string_view bytes, base::Instant now);
  void on_tls(base::Instant now);
  void on_eof(base::Instant now);
  void on_time(base::Instant now);
  void on_resumed(base::Duration paused_for, base::Instant now);
  void shut_down(base::Instant now);
  void answer(Ticket ticket, const Reply& reply, base::Instant now);
  void refuse_message(const Reply& reply);
  std::optional<Event> next_event();
  void output_sent(std::size_t bytes) { output_.erase(0, bytes); }
  bool wants_input() const;
  std::optional<base::Instant> deadline() const;
  std::string command_counts() const;

  const std::string& output() const { return output_; }
  const std::string& helo() const { return helo_; }
  bool esmtp() const { return esmtp_; }
  bool tls() const { return tls_; }
  bool in_transaction() const { return is_transaction(state_) && !is_dropped(); }
  State state() const { return state_; }
  const SessionCounters& counters() const { return counters_; }

 private:
  struct Transaction {
    std::size_t accepted = 0;  // recipients
    std::size_t refused = 0;
    std::size_t rcpt_commands = 0;
  };

  // The loop. step() does one thing and says whether there may be another.
  bool step();
  bool step_command();
  bool step_body();
  void finish_body();
  void drop_message();
  bool is_dropped() const { return body_ && body_->refusal(); }  // the data may still come

  // Commands.
  void run_line(const LineReader::Line& line);
  void run(const CommandLine& command);
  std::optional<Reply> check(const CommandLine& command) const;
  std::optional<Reply> check_place(const CommandRule& rule) const;
  void execute(const CommandRule& rule, std::string_view argument);
  void say_hello(const CommandRule& rule, std::string_view argument);
  void start_tls();
  void begin_transaction(std::string_view argument);
  void add_recipient(std::string_view argument);

  // Questions.
  template <class Question>
  void ask(Question question) {
    question.ticket = open_.emplace(new_ticket());
    events_.emplace_back(std::move(question));
  }
  static Ticket new_ticket();
  void answer_connect(const Reply& reply);
  void apply_answer(State asked, bool positive);
  void begin_body();

  // Replies and ends.
  void move(Input input);
  void reply(const Reply& reply);
  void refuse(std::string_view verb, const Reply& reply);
  void end_transaction();
  void end(const Reply& reply);  // 421, then close; the reply's reason is the reason
  void close(std::string_view reason);

  // Time.
  bool has_recipients() const { return is_transaction(state_) && transaction_.accepted > 0; }
  bool session_is_over() const { return now_ >= session_end_ && !has_recipients(); }
  base::Instant command_deadline() const;
  base::Instant data_deadline() const;
  void on_data_deadline();

  const Settings& settings_;
  const PeerFacts peer_;
  State state_ = State::AskConnect;
  bool tls_ = false;
  bool esmtp_ = false;
  bool eof_ = false;
  bool shutting_down_ = false;
  std::string helo_;
  std::optional<Reply> greeting_;  // waits for the handshake of implicit TLS

  InputBuffer input_;
  LineReader lines_{kMaxCommandLine + kMaxMailParameters};
  std::optional<BodyReader> body_;
  std::string output_;
  std::deque<Event> events_;
  std::optional<Ticket> open_;

  Transaction transaction_;
  std::size_t transactions_ = 0;  // begun in this session
  std::size_t idle_commands_ = 0;
  SessionCounters counters_;
  static constexpr std::size_t kVerbs = static_cast<std::size_t>(Verb::Turn) + 1;
  std::array<unsigned, kVerbs + 1> command_counts_{};  // the last one: unknown

  base::Instant now_;
  const base::Instant session_end_;
  base::Instant waiting_since_;  // for the command, or for the handshake
  base::Instant data_since_;     // the last byte of a body
  base::Instant window_start_;   // of the minute over which the data rate is averaged
  std::size_t window_bytes_ = 0;
};

}  // namespace smtp
