// SPDX-License-Identifier: Apache-2.0
#include "net/unbound.h"

#include <unbound-event.h>
#include <unbound.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/spare_descriptors.h"
#include "net/root_files.h"

namespace net {
namespace {

// A question may have several servers asked at once, where each has a socket. What is beyond waits
// in a queue, which would be a way to keep others from their answers.
constexpr std::size_t kSocketsOfQuestion = 2;
constexpr std::size_t kOtherDescriptors = 256;  // TCP, channels, the log

constexpr int kTypeA = 1;
constexpr int kClassInternet = 1;

struct Option {
  const char* name;
  const char* value;
};

// What differs from the library's defaults, and why.
constexpr Option kOptions[] = {
    {"outgoing-num-tcp:", "64"},
    {"num-queries-per-thread:", "4096"},
    {"msg-cache-size:", "16m"},
    {"rrset-cache-size:", "32m"},
    {"key-cache-size:", "8m"},
    // A server that did not answer for a while is asked again soon, not after a quarter of an hour:
    // meanwhile every question fails at once. One in so many seconds finds out whether it is back.
    {"infra-host-ttl:", "10"},
    {"infra-keep-probing:", "yes"},
    // Nobody waits for long, so a server that is silent must not keep questions in hand for
    // minutes.
    {"infra-cache-max-rtt:", "5000"},  // ms
    {"outbound-msg-retry:", "4"},
};

// Servers that are named may well be on this machine, and know the names of its network.
constexpr Option kForwarding[] = {
    {"do-not-query-localhost:", "no"},
    {"unblock-lan-zones:", "yes"},
};

// Of the zones that the library answers itself these are left then: their names are in no DNS.
// (localhost, invalid and onion stay.)
constexpr const char* kUnblocked[] = {
    "127.in-addr.arpa.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
    "home.arpa.",
    "test.",
};

base::Status check(int result, const std::string& what) {
  if (result == 0) return base::ok();
  return base::Error::permanent("libunbound: " + what + ": " + ub_strerror(result));
}

template <std::size_t count>
base::Status set(ub_ctx* context, const Option (&options)[count]) {
  for (const Option& option : options)
    if (auto done = check(ub_ctx_set_option(context, option.name, option.value), option.name);
        !done)
      return done;
  return base::ok();
}

base::Status use_root(ub_ctx* context, const ResolverSettings& settings) {
  // The library itself would only say that it failed.
  if (auto files = check_root_files(settings); !files) return files;
  if (auto done = check(ub_ctx_set_option(context, "root-hints:", kRootHints), kRootHints); !done)
    return done;
  if (!settings.dnssec) return base::ok();
  return check(ub_ctx_add_ta_file(context, kRootKey), kRootKey);
}

base::Status use_servers(ub_ctx* context, const std::vector<base::Endpoint>& servers) {
  if (auto done = set(context, kForwarding); !done) return done;
  for (const base::Endpoint& server : servers) {
    const std::string address = server.address.to_string() + '@' + std::to_string(server.port);
    if (auto done = check(ub_ctx_set_fwd(context, address.c_str()), address); !done) return done;
  }
  return base::ok();
}

void warmed_up(void* called, int, void*, int, int, char*, int) {
  *static_cast<bool*>(called) = true;
}

// The first question makes the library read its files and make its tables; this one has its answer
// in the program.
base::Status warm_up(ub_ctx* context) {
  bool called = false;
  int id = 0;
  if (auto done = check(
          ub_resolve_event(context, "localhost.", kTypeA, kClassInternet, &called, &warmed_up, &id),
          "start");
      !done)
    return done;
  if (!called) return base::Error::permanent("libunbound: no answer to the first question");
  return base::ok();
}

base::Status unblock(ub_ctx* context) {
  for (const char* zone : kUnblocked)
    if (auto done = check(ub_ctx_zone_remove(context, zone), zone); !done) return done;
  return base::ok();
}

}  // namespace

void UnboundDeleter::operator()(ub_ctx* context) const { ub_ctx_delete(context); }

std::size_t askable_questions(std::size_t wanted) {
  const std::size_t sockets =
      std::max<std::uint64_t>(base::descriptor_limit(), 2 * kOtherDescriptors) - kOtherDescriptors;
  return std::min(wanted, sockets / kSocketsOfQuestion);
}

base::Result<Unbound> make_unbound(EventLoop& loop, const ResolverSettings& settings,
                                   std::size_t questions) {
  Unbound context(ub_ctx_create_event(loop.native()));
  if (context == nullptr) return base::Error::system("libunbound", ENOMEM);
  // Its log is none of ours: everything that matters is in an answer or in a result.
  ub_ctx_debugout(context.get(), nullptr);
  if (auto done = set(context.get(), kOptions); !done) return done.error();
  const std::string sockets = std::to_string(questions * kSocketsOfQuestion);
  if (auto done = check(ub_ctx_set_option(context.get(), "outgoing-range:", sockets.c_str()),
                        "outgoing-range");
      !done)
    return done.error();
  const bool recursion = settings.servers.empty();
  const auto prepared =
      recursion ? use_root(context.get(), settings) : use_servers(context.get(), settings.servers);
  if (!prepared) return prepared.error();
  if (auto warm = warm_up(context.get()); !warm) return warm.error();
  if (!recursion)
    if (auto done = unblock(context.get()); !done) return done.error();
  return context;
}

}  // namespace net
