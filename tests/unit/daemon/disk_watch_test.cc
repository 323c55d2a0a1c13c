// SPDX-License-Identifier: Apache-2.0
#include "daemon/deliver/disk_watch.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support/log_lines.h"

namespace {

using namespace std::chrono_literals;

// A watch, its clock, and the log.
class Stage {
 public:
  void failed(const std::string& reason) { watch_.failed(reason, now); }
  // `longest` is how long the oldest work is at it.
  void look(base::Duration longest, std::size_t waiting = 0, const std::string& error = {}) {
    watch_.look({longest, waiting, error}, now);
  }
  std::vector<std::string> logged() const { return log_.take(); }

  base::Instant now{1h};

 private:
  support::LogLines log_;
  deliver_role::DiskWatch watch_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("disk watch: failures are told once a minute") {
  Stage stage;
  stage.failed("first");
  stage.failed("second");
  stage.now += 59s;
  stage.failed("third");
  CHECK(stage.logged() == Lines{"trouble area=spool reason=\"first\""});
  stage.now += 1s;
  stage.failed("fourth");
  CHECK(stage.logged() == Lines{"trouble area=spool reason=\"fourth\""});
}

TEST_CASE("disk watch: room that cannot be measured is a failure") {
  Stage stage;
  stage.look(0s);
  CHECK(stage.logged().empty());
  stage.look(0s, 0, "no");
  stage.look(0s, 0, "no");
  CHECK(stage.logged() == Lines{"trouble area=spool reason=\"no\""});
}

TEST_CASE("disk watch: work that does not end is told once, and when it has ended") {
  Stage stage;
  stage.look(9s);
  CHECK(stage.logged().empty());
  stage.now += 1s;
  stage.look(10s, 3);
  CHECK(stage.logged() == Lines{"disk_stalled state=begins seconds=10 waiting=3"});
  stage.now += 20s;
  stage.look(30s, 4);
  CHECK(stage.logged().empty());
  stage.now += 5s;
  SECTION("and the disk works") {
    stage.look(1s, 1);
    CHECK(stage.logged() == Lines{"disk_stalled state=over seconds=35 waiting=1"});
  }
  SECTION("and other work does not") {
    for (int i = 0; i < 60; ++i) {
      stage.look(i % 2 == 0 ? 12s : 10s, 1);
      stage.now += 1s;
    }
    CHECK(stage.logged().empty());
    stage.look(9s);
    CHECK(stage.logged() == Lines{"disk_stalled state=over seconds=95 waiting=0"});
  }
}
