// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/sd_notify.h"

#include <catch2/catch.hpp>

// A role that somebody has taken over may answer a reload with any bytes.
TEST_CASE("the status for systemctl is one line without control characters") {
  CHECK(common::status_line("2 sessions") == "STATUS=2 sessions");
  CHECK(common::status_line("failed:\nREADY=1\x1b[2J\x9b") == "STATUS=failed: READY=1?[2J?");
}

TEST_CASE("a long status is cut: the manager would not hear of the watchdog either") {
  const std::string most(common::kMaxStatus, 'x');
  CHECK(common::status_line(most) == "STATUS=" + most);
  CHECK(common::status_line(most + "\n") == "STATUS=" + most + "...");
}
