// SPDX-License-Identifier: Apache-2.0
#include "load/environment.h"

#include <sys/resource.h>

#include "base/assert.h"

namespace load {

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
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace load
