// SPDX-License-Identifier: Apache-2.0
// postern-flood: many connections that are up to no good, and what became of them as JSON.
#include <csignal>
#include <cstdio>

#include "load/flood/flood.h"

int main(int argc, char** argv) {
  int exit_code = 0;
  auto options = flood::parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
  std::signal(SIGPIPE, SIG_IGN);
  load::allow_many_descriptors();
  const auto loop = load::make_loop();
  const auto tls = load::make_tls();
  const load::Environment environment{loop.get(), tls.get()};
  flood::Flood flood(*std::move(options), environment);
  flood.execute();
  std::fputs(flood.tally().json(flood.elapsed()).c_str(), stdout);
  return 0;
}
