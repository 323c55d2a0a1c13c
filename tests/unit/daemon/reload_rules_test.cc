// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/reload_rules.h"

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "config/keys.h"

using supervisor::fixed_keys_changed;

TEST_CASE("what a reload may change is not named") {
  config::Config before, after;
  after.hostname = "other.test";
  after.smtp.max_recipients = 7;
  after.spool.writers = 9;
  after.spool.min_free = 1;
  after.log.level = obs::Level::Debug;
  after.limits.connections = 1;
  CHECK(fixed_keys_changed(before, after).empty());
}

TEST_CASE("what needs a restart is named, all of it") {
  config::Config before, after;
  after.listeners.emplace_back();
  after.spool.directory = "/elsewhere";
  after.state.directory = "/elsewhere";
  after.control.socket = "/elsewhere";
  after.workers = {9, 9, "other", std::chrono::seconds(99)};
  CHECK(fixed_keys_changed(before, after) ==
        "listener, spool.directory, state.directory, control.socket, workers.smtp_threads, "
        "workers.verifiers, workers.user, workers.ping_timeout");
}

TEST_CASE("of a listener everything needs a restart") {
  const auto network = *base::Network::parse("192.0.2.0/24");
  const std::vector<std::function<void(config::Listener&)>> changes = {
      [](auto& listener) { listener.address = "0.0.0.0:26"; },
      [](auto& listener) { listener.tls = config::ListenerTls::Implicit; },
      [&](auto& listener) { listener.access.allow = {network}; },
      [&](auto& listener) { listener.access.deny = {network}; },
      [&](auto& listener) { listener.proxy_protocol_from = {network}; },
      [](auto& listener) { listener.limits.connections = 1; },
      [](auto& listener) { listener.limits.handshakes = 1; },
  };
  for (const auto& change : changes) {
    config::Config before, after;
    before.listeners.emplace_back();
    after.listeners.emplace_back();
    CHECK(fixed_keys_changed(before, after).empty());
    change(after.listeners.front());
    CHECK(fixed_keys_changed(before, after) == "listener");
  }
}

TEST_CASE("every key that the table calls fixed, and that has an effect, is compared") {
  config::Config before, after;
  after.listeners.emplace_back();
  after.spool.directory = after.state.directory = after.control.socket = "/elsewhere";
  after.workers = {9, 9, "other", std::chrono::seconds(99)};
  const std::string named = fixed_keys_changed(before, after);
  for (const config::Key& key : config::keys()) {
    if (key.reloadable || key.set == nullptr) continue;
    const std::string path(key.path);
    INFO(path);
    const bool of_listener = path.rfind("listener", 0) == 0;
    CHECK(named.find(of_listener ? "listener" : path) != std::string::npos);
  }
}

TEST_CASE("another process takes over what a confined one cannot") {
  using supervisor::needs_new_process;
  constexpr ipc::Role kAll[] = {ipc::Role::Smtp, ipc::Role::Deliver, ipc::Role::Verify,
                                ipc::Role::Resolve};
  config::Config before, after;
  after.hostname = "other.example.org";
  after.spool.writers = 9;
  for (const ipc::Role role : kAll) CHECK_FALSE(needs_new_process(role, before, after));
  const std::function<void(net::ResolverSettings&)> changes[] = {
      [](auto& dns) { dns.servers = {*base::Endpoint::parse("127.0.0.1:53")}; },
      [](auto& dns) { dns.dnssec = false; },
      [](auto& dns) { dns.timeout = std::chrono::seconds(1); },
      [](auto& dns) { dns.local_data = {"a.test A 192.0.2.1"}; },
  };
  for (const auto& change : changes) {
    after = before;
    change(after.dns);
    for (const ipc::Role role : kAll)
      CHECK(needs_new_process(role, before, after) == (role == ipc::Role::Resolve));
  }
}
