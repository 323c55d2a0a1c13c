// SPDX-License-Identifier: Apache-2.0
// postern-load: sends generated mail over many connections and reports what came of it.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "load/environment.h"
#include "load/options.h"
#include "load/run.h"

namespace {

constexpr int kExitOk = 0;
constexpr int kExitNotAll = 1;   // something was not acknowledged, or failed
constexpr int kExitTrouble = 3;  // on our side; 2 is a wrong command line

int trouble(const std::string& reason) {
  std::fprintf(stderr, "postern-load: %s\n", reason.c_str());
  return kExitTrouble;
}

std::optional<load::Composer> make_composer(const load::Options& options) {
  if (!options.file)
    return load::Composer(options.from, options.recipients.front(), options.size_bytes);
  std::ifstream file(*options.file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file || text.size() > load::kMaxMessageSize) return std::nullopt;
  return load::Composer(text);
}

int run(const load::Options& options) {
  auto composer = make_composer(options);
  if (!composer) return trouble(*options.file + " cannot be read or is too large");
  std::optional<load::Journal> journal;
  if (options.journal) {
    auto opened = load::Journal::open(*options.journal);
    if (!opened) return trouble(opened.error().reason);
    journal = std::move(opened).value();
  }
  const auto loop = load::make_loop();
  const auto tls = load::make_tls();
  const load::Environment environment{loop.get(), tls.get()};
  load::Run run(options, environment, *composer, journal ? &*journal : nullptr);
  const base::Status status = run.execute();
  const load::Statistics& statistics = run.statistics();
  const std::string report =
      options.json ? statistics.json(run.elapsed()) : statistics.text(run.elapsed());
  std::fputs(report.c_str(), stdout);
  if (!status) return trouble(status.error().reason);
  return run.succeeded() ? kExitOk : kExitNotAll;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_code = kExitOk;
  const auto options = load::parse_options(argc, argv, exit_code);
  if (!options) return exit_code;
  std::signal(SIGPIPE, SIG_IGN);
  load::allow_many_descriptors();
  return run(*options);
}
