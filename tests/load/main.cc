// SPDX-License-Identifier: Apache-2.0
// postern-load: sends generated mail over many connections and reports what came of it.
#include <openssl/err.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "base/assert.h"
#include "load/options.h"
#include "load/run.h"

namespace {

constexpr int kExitOk = 0;
constexpr int kExitNotAll = 1;   // something was not acknowledged, or failed
constexpr int kExitTrouble = 3;  // on our side; 2 is a wrong command line

struct LoopFree {
  void operator()(event_base* base) const { event_base_free(base); }
};
struct TlsFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

std::unique_ptr<event_base, LoopFree> make_loop() {
  event_config* config = event_config_new();
  POSTERN_ASSERT(config != nullptr);
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  std::unique_ptr<event_base, LoopFree> loop(event_base_new_with_config(config));
  event_config_free(config);
  POSTERN_ASSERT(loop != nullptr);
  return loop;
}

std::unique_ptr<SSL_CTX, TlsFree> make_tls() {
  std::unique_ptr<SSL_CTX, TlsFree> context(SSL_CTX_new(TLS_client_method()));
  POSTERN_ASSERT(context != nullptr);
  // Any certificate will do, as for other senders of mail. Every handshake is a whole one.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

void allow_many_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // too low a limit shows as an error at connect
}

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
  const auto loop = make_loop();
  const auto tls = make_tls();
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
  allow_many_descriptors();
  return run(*options);
}
