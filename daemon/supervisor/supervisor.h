// SPDX-License-Identifier: Apache-2.0
// The supervisor: starts the roles, gives each what it needs, replaces those that die or hang,
// passes on reload and stop. Single-threaded; reads nothing that a stranger sent.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/account.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "config/config.h"
#include "daemon/common/environment.h"
#include "daemon/common/poll_loop.h"
#include "daemon/common/role_process.h"
#include "ipc/messages.h"

namespace supervisor {

// What was opened before anything was started.
struct Resources {
  std::vector<common::BoundListener> listeners;
  base::UniqueFd spool_root;
  base::UniqueFd state_root;  // none: nothing survives a restart but mail
  std::map<ipc::Role, base::UniqueFd> programs;
  std::optional<base::Account> user;  // whom the roles become; deliver too
};

struct RoleStatus {
  ipc::RoleId id;
  pid_t pid = 0;  // 0: not running
  bool serving = false;
  std::chrono::milliseconds uptime{0};
  unsigned restarts = 0;
};

class Supervisor {
 public:
  // `loop` must outlive this.
  Supervisor(common::PollLoop& loop, config::Config config, Resources resources);
  ~Supervisor();

  // Calls back once, when every role serves. If one dies before that, the loop stops and
  // exit_code() says why.
  void start(std::function<void()> ready);
  int exit_code() const { return exit_code_; }

  // All or nothing; `done` gets an empty text when the new configuration is in force. Only while
  // neither reloading() nor stopping(). Keys that need a restart are the caller's business.
  void reload(config::Config config, std::function<void(std::string error)> done);

  // Orderly end: listeners closed, smtp drained within the grace time, then the loop stops. Called
  // again: without further grace.
  void stop(const char* reason);
  bool stopping() const { return stopping_; }
  bool reloading() const { return reload_.has_value(); }

  // Asks smtp. `done` is called once, with an error when it is away or dies meanwhile. The number
  // of the question is filled in.
  template <class Answer>
  using Done = std::function<void(const base::Result<Answer>&)>;
  template <class Question, class Answer>
  void ask(Question question, Done<Answer> done);

  const config::Config& config() const { return config_; }
  std::uint64_t generation() const { return generation_; }
  const ipc::Pong& smtp_figures() const { return smtp_figures_; }
  std::vector<RoleStatus> roles() const;
  // Whether every role that mail waits for answered its last ping or is being replaced; for the
  // service manager.
  bool healthy() const;

  // Call when children may have ended (SIGCHLD).
  void reap();

 private:
  struct Slot {
    ipc::RoleId id;
    std::optional<common::RoleProcess> process;
    bool confined = false;
    bool serving = false;
    unsigned starts = 0;
    unsigned failures_in_a_row = 0;  // deaths before it was confined
    // For how long its ping is without an answer, in turns of ping_all(): where the whole machine
    // stood still we may be the first to go on, and that time is held against no role.
    std::optional<base::Duration> unanswered;
    std::string end_reason;  // why we ended it, if we did
    // Of its channel to smtp, if it has one.
    base::Instant connected{};
    bool reconnecting = false;
  };
  struct PendingReload {
    config::Config config;
    std::function<void(std::string)> done;
    std::size_t taken = 0;  // slots that have taken it, in their order; the next one is asked
    std::uint64_t attempt = 0;
    pid_t replaced = 0;  // the process of the one asked that makes room for another; 0: it stays
  };

  Slot* find(const ipc::RoleId& id);
  Slot& smtp() { return *find({ipc::Role::Smtp}); }
  void spawn(Slot& slot);
  void spawn_failed(Slot& slot, const std::string& reason);
  void on_readable(Slot& slot);
  void handle(Slot& slot, ipc::Message& message);
  void on_hello(Slot& slot, const ipc::Hello& hello);
  void on_confined(Slot& slot, const ipc::Confined& confined);
  void on_pong(Slot& slot, const ipc::Pong& pong);
  void on_reloaded(Slot& slot, const ipc::Reloaded& reloaded);
  void send_parts(Slot& slot);
  base::Result<base::UniqueFd> settings_for(ipc::Role role, const config::Config& config) const;
  void connect_new(Slot& new_one);
  void connect_to_smtp(Slot& peer);
  Slot* peer_named(Slot& by, const ipc::RoleId& id, bool may_say);
  void reconnect_to_smtp(Slot& peer);
  void replace_stuck(Slot& slot);
  static bool starts_too_slowly(const Slot& slot);
  void serve_if_all_confined();
  void violate(Slot& slot, const std::string& reason);
  void end(Slot& slot, std::string reason);
  void end_unless(Slot& slot, const base::Status& sent);
  void on_death(Slot& slot, int status);
  void schedule_restart(Slot& slot);
  void fail_start(int exit_code);
  void ping_all();
  void ask_next_reload();
  void take_next_reload();
  bool is_replaced_for_reload(const Slot& slot);
  void take_back_reload(const PendingReload& reload);
  void finish_reload(const std::string& error);
  void finish_stop();
  bool is_answerable();
  template <class Answer>
  void on_answer(Slot& slot, const Answer& answer);
  void fail_questions();
  template <class Message>
  void send(Slot& slot, const Message& message, std::optional<base::UniqueFd> fd = {});

  common::PollLoop& loop_;
  config::Config config_;
  Resources resources_;
  std::vector<Slot> slots_;  // in the order of kRoles; none comes or goes
  std::function<void()> ready_;
  bool all_served_once_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
  std::uint64_t generation_ = 1;
  std::uint64_t last_ping_ = 0;
  ipc::Pong smtp_figures_;
  std::optional<PendingReload> reload_;
  std::uint64_t last_attempt_ = 0;
  using OpenQuestion =
      std::variant<Done<ipc::Sessions>, Done<ipc::Bans>, Done<ipc::Limits>, Done<ipc::Busiest>>;
  std::map<std::uint64_t, OpenQuestion> questions_;
  std::uint64_t last_question_ = 0;
};

template <class Question, class Answer>
void Supervisor::ask(Question question, Done<Answer> done) {
  if (!is_answerable()) return done(base::Error::temporary("postern-smtp is not running"));
  question.request = ++last_question_;
  questions_[question.request] = std::move(done);
  send(smtp(), question);
}

template <class Message>
void Supervisor::send(Slot& slot, const Message& message, std::optional<base::UniqueFd> fd) {
  if (!slot.process) return;
  end_unless(slot,
             slot.process->channel().send(message, fd ? base::share(std::move(*fd)) : nullptr));
}

}  // namespace supervisor
