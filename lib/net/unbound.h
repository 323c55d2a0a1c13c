// SPDX-License-Identifier: Apache-2.0
// A context of libunbound on an event loop, set up as our settings say. For resolver.cc; nobody
// else speaks to the library.
#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/settings.h"

struct ub_ctx;

namespace net {

struct UnboundDeleter {
  void operator()(ub_ctx* context) const;
};
// Its end calls back for questions that have no answer yet. It must not outlive the loop.
using Unbound = std::unique_ptr<ub_ctx, UnboundDeleter>;

// How many questions the library has sockets for, at one time: `wanted`, or fewer where the limit
// of descriptors of the process is low.
std::size_t askable_questions(std::size_t wanted);

// Ready to ask `questions` at one time: all files have been read. An error names what is wrong with
// the settings or missing on this machine.
base::Result<Unbound> make_unbound(EventLoop& loop, const ResolverSettings& settings,
                                   std::size_t questions);

}  // namespace net
