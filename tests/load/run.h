// SPDX-License-Identifier: Apache-2.0
// A whole run: so many sessions at a time, each followed by the next, until messages or time are
// over. Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/journal.h"
#include "load/session.h"

namespace load {

class Run final : private Work {
 public:
  // All that is passed must outlive the run.
  Run(const Options& options, const Environment& environment, Composer& composer, Journal* journal);

  // Returns when all is done, at the latest `seconds` and `timeout` of the options later. An error
  // is trouble on our side: the journal could not be written.
  base::Status execute();

  const Statistics& statistics() const { return statistics_; }
  base::Duration elapsed() const { return elapsed_; }
  // Everything that was begun was acknowledged; with reconnect: something was.
  bool succeeded() const;

 private:
  struct Slot {
    Run* run;
    std::size_t number;
    EventHandle next;  // begins the next session, when no callback of the last one is on the stack
    std::unique_ptr<Session> session;
  };

  std::optional<Message> next_message() override;
  void acknowledged(const Message& message, std::string_view queue_id) override;
  void lost() override;
  void ended(std::size_t slot, bool well) override;

  void make_slots();
  EventHandle make_event(int fd, short what, event_callback_fn callback, void* argument);
  void begin_session(Slot& slot);
  void retire();
  void end_sessions();
  void stop();
  static void slot_due(int fd, short what, void* slot);
  static void time_over(int fd, short what, void* self);
  static void patience_over(int fd, short what, void* self);

  Options options_;
  const Environment& environment_;
  Composer& composer_;
  Journal* journal_;
  Statistics statistics_;
  std::uint64_t remaining_;  // messages not begun
  std::vector<Slot> slots_;
  std::size_t busy_slots_ = 0;
  bool stopping_ = false;
  EventHandle end_;
  EventHandle hard_end_;
  std::vector<EventHandle> signals_;
  base::Status trouble_ = base::ok();
  base::Duration elapsed_{};
};

}  // namespace load
