// SPDX-License-Identifier: Apache-2.0
// One connection of a flood, on its plan. Threads: that of the event base.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/time.h"
#include "load/flood/plan.h"
#include "load/flood/tally.h"
#include "load/reply_reader.h"
#include "load/transport.h"

namespace flood {

class Attacker final : private load::TransportHandler {
 public:
  // `environment` and `tally` must outlive it. `on_over` is called once, when it is over; it may
  // only be destroyed after that call has returned.
  Attacker(const load::Environment& environment, KindTally& tally, Plan plan, base::Instant until,
           std::function<void()> on_over);

  void start(const base::Endpoint& server, const base::IpAddress& source);
  void second_passed();  // call once a second; sends its byte, and ends it when its time is up

 private:
  void on_connected() override;
  void on_secure() override;
  void on_input(evbuffer& input) override;
  void on_progress() override;
  void on_end(const std::string& reason) override { over(reason); }

  void on_reply(const load::Reply& reply);
  void next_step();
  void over(const std::string& reason);

  KindTally& tally_;
  const Plan plan_;
  const base::Instant until_;
  const std::function<void()> on_over_;
  load::Transport transport_;
  load::ReplyReader reader_;
  std::size_t next_ = 0;           // of plan_.steps
  std::size_t trickled_ = 0;       // bytes
  const Step* trickle_ = nullptr;  // when it does so
  bool throwing_ = false;          // and goes on when all has left
  bool silent_ = false;            // only waits for its end
  bool over_ = false;
};

}  // namespace flood
