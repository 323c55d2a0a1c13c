// SPDX-License-Identifier: Apache-2.0
// What a program that plays many clients needs of the system, once.
#pragma once

#include <event2/event.h>
#include <openssl/ssl.h>

#include <memory>

namespace load {

struct LoopFree {
  void operator()(event_base* base) const { event_base_free(base); }
};
struct TlsFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// The loop and the TLS settings that all connections of a run share.
struct Environment {
  event_base* loop;
  SSL_CTX* tls;
};

// For one thread, with timers of microseconds.
std::unique_ptr<event_base, LoopFree> make_loop();

// For clients that take any certificate and resume nothing.
std::unique_ptr<SSL_CTX, TlsFree> make_tls();

// As many as the hard limit allows; too low a limit shows as an error at connect.
void allow_many_descriptors();

}  // namespace load
