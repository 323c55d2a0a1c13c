// SPDX-License-Identifier: Apache-2.0
// The inside of a Session. session.cc: the loop, the questions, the end; session_commands.cc: what
// each command does; session_body.cc: the message, by DATA or BDAT; session_clock.cc: time-outs.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <memory>
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
  void on_tls(std::string_view early, base::Instant now);
  void on_eof(base::Instant now);
  void on_time(base::Instant now);
  void on_resumed(base::Duration paused_for, base::Instant now);
  void shut_down(base::Instant now);
  void give_way(const Reply& last, base::Instant now);
  void answer(Ticket ticket, const Reply& reply, base::Instant now);
  void delay_greeting(base::Duration delay) { greeting_delay_ = delay; }
  void end_after_transaction(const Reply& last) { last_word_ = last; }
  void refuse_message(const Reply& reply);
  std::optional<Event> next_event();
  void output_sent(std::size_t bytes);
  bool wants_input() const;
  std::optional<base::Instant> deadline() const;
  std::optional<Standstill> standstill() const;
  std::string command_counts() const;
  std::size_t memory() const;

  const std::string& output() const { return output_; }
  const std::string& helo() const { return helo_; }
  bool esmtp() const { return esmtp_; }
  bool tls() const { return tls_; }
  bool in_transaction() const { return is_transaction(state_) && !is_dropped(); }
  std::string_view stage() const { return stage_name(skip_ ? State::Chunk : state_); }
  const SessionCounters& counters() const { return counters_; }

 private:
  struct Transaction {
    std::size_t accepted = 0;  // recipients
    std::size_t refused = 0;
    std::size_t rcpt_commands = 0;
    bool sender_refused = false;  // it never began
    bool smtputf8 = false;
  };
  // Octets of a chunk that was refused: they are read past, then comes the reply.
  struct Skip {
    std::uint64_t left = 0;
    Reply reply;
  };

  // The loop. step() does one thing and says whether there may be another.
  bool step();
  bool step_greeting();
  bool step_command();
  bool awaits_more_of_signature() const;

  // The message.
  void begin_body(BodyReader::Framing framing);
  void begin_chunk();
  void begin_skip(const Reply& reply);
  bool step_body();
  bool step_skip();
  void end_chunk();
  void finish_body();
  void end_refused_body();
  void drop_message();
  bool is_dropped() const { return body_ && body_->refusal(); }  // the data may still come
  bool is_receiving() const { return is_body(state_) || skip_; }

  // Commands.
  void run_line(const LineReader::Line& line);
  void run(const CommandLine& command);
  std::optional<Reply> check(const CommandLine& command) const;
  std::optional<Reply> check_place(const CommandRule& rule) const;
  bool is_out_of_turn(const CommandRule* rule) const;
  void execute(const CommandRule& rule, std::string_view argument);
  void say_hello(const CommandRule& rule, std::string_view argument);
  void start_tls();
  void begin_transaction(std::string_view argument);
  void add_recipient(std::string_view argument);
  void run_chunk(const CommandLine& command);
  void count_idle();

  // Questions.
  template <class Question>
  void ask(Question question) {
    question.ticket = open_.emplace(new_ticket());
    question_since_ = now_;
    events_.emplace_back(std::move(question));
  }
  static Ticket new_ticket();
  bool awaits_reply(State asked) const;
  void stop_out_of_turn(State asked);
  void answer_connect(const Reply& reply);
  void greet(const Reply& reply);
  void end_greeting();
  void stop_early_talker(std::string_view said);
  void answer_chunks(const Reply& reply);
  void note_progress(State asked, bool positive);
  void apply_answer(State asked, bool positive);

  // Replies and ends.
  void move(Input input);
  void reply(const Reply& reply);
  void refuse(std::string_view verb, const Reply& reply);
  void count_refusal(std::string_view verb, const Reply& reply);
  void stop(std::string_view verb, const Reply& reply);  // refuse, then close for its reason
  void stop_at_chunk(const Reply& reply);
  void end_after_errors();
  void end_if_told();
  void end_transaction();
  void end(const Reply& reply);  // 421, then close; the reply's reason is the reason
  void close(std::string_view reason);

  // Time.
  bool has_recipients() const { return is_transaction(state_) && transaction_.accepted > 0; }
  base::Instant command_phase_end() const;
  bool session_is_over() const { return now_ >= command_phase_end(); }
  base::Instant command_deadline() const;
  base::Instant data_deadline() const;
  base::Instant signature_deadline() const;
  void start_data_clock();
  void resume_data_clock();
  void add_pause(base::Duration pause);
  void on_data_deadline();

  const Settings& settings_;
  const PeerFacts peer_;
  State state_ = State::AskConnect;
  bool tls_ = false;
  bool esmtp_ = false;
  bool eof_ = false;
  bool shutting_down_ = false;
  std::string helo_;
  std::optional<Reply> greeting_;   // waits for the handshake of implicit TLS, or for its time
  std::optional<Reply> last_word_;  // once there is no transaction with recipients

  InputBuffer input_;
  LineReader lines_{max_mail_line()};
  bool first_line_ = true;                   // nothing was read yet, or nothing in TLS
  std::optional<base::Instant> held_since_;  // its beginning, which a PROXY signature may be
  bool was_held_ = false;
  std::unique_ptr<BodyReader> body_;  // while a message comes
  bool header_told_ = false;
  Chunk chunk_;  // announced by BDAT
  std::optional<Skip> skip_;
  std::optional<Reply> failed_chunk_;  // those behind it are refused alike
  std::size_t skipped_ = 0;            // octets, since the last message that was taken
  std::string output_;
  std::list<Event> events_;
  std::optional<Ticket> open_;

  Transaction transaction_;
  std::size_t transactions_ = 0;  // begun in this session
  std::size_t idle_commands_ = 0;
  SessionCounters counters_;
  static constexpr std::size_t kVerbs = static_cast<std::size_t>(Verb::Turn) + 1;
  std::array<unsigned, kVerbs + 1> command_counts_{};  // the last one: unknown

  base::Instant now_;
  const base::Instant session_end_;
  base::Instant question_since_;
  base::Instant progress_since_;     // as Standstill says, but for the octets of messages
  base::Instant transaction_since_;  // MAIL, and later by what our answers took
  base::Duration greeting_delay_{0};
  base::Instant waiting_since_;  // for the command, for the handshake, or for the greeting's time
  base::Instant data_since_;     // the last byte of a body
  base::Instant window_start_;   // of the minute over which the data rate is averaged
  std::size_t window_bytes_ = 0;
  base::Instant chunk_since_;     // the end of the last chunk
  base::Duration paused_for_{0};  // in this message: what the data rate forgave
};

}  // namespace smtp
