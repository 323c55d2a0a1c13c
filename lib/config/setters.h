// SPDX-License-Identifier: Apache-2.0
// How the rows of keys.cc put a value where it belongs. No other file includes this.
#pragma once

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "config/keys.h"

namespace config::setters {

// A number becomes whatever integer, enum or bool the field is; the row's range or its allowed
// values keep it inside.
template <class Field>
void assign(Field& field, const Parsed& value) {
  if constexpr (std::is_integral_v<Field> || std::is_enum_v<Field>)
    field = static_cast<Field>(std::get<std::int64_t>(value));
  else
    field = std::get<Field>(value);
}

template <auto Group, auto Field>
void put(Config& config, const Parsed& value) {
  assign((config.*Group).*Field, value);
}

template <auto List, auto Field>
void put_last(Config& config, const Parsed& value) {
  assign((config.*List).back().*Field, value);
}

template <auto List>
void append(Config& config) {
  (config.*List).emplace_back();
}

inline void append_certificate(Config& config) { config.tls.certificates.emplace_back(); }

inline void set_hostname(Config& config, const Parsed& value) {
  config.hostname = std::get<std::string>(value);
  config.smtp.hostname = config.hostname;
  config.spool.hostname = config.hostname;
  // The default, whichever of the two is read first.
  if (config.auth_policy.authserv_id.empty()) config.auth_policy.authserv_id = config.hostname;
}

inline void set_listener_address(Config& config, const Parsed& value) {
  const auto& address = std::get<ListenAddress>(value);
  Listener& listener = config.listeners.back();
  listener.address = address.text;
  listener.endpoint = address.endpoint;
  listener.systemd_name = address.systemd_name;
}

inline bool is_systemd_listener(const Parsed& value) {
  return !std::get<ListenAddress>(value).systemd_name.empty();
}

template <auto Field>
void set_access(Config& config, const Parsed& value) {
  assign(config.listeners.back().access.*Field, value);
}

template <auto Field>
void set_listener_limit(Config& config, const Parsed& value) {
  assign(config.listeners.back().limits.*Field, value);
}

// Of the narrow or the wide networks.
template <auto Which, auto Field>
void set_prefix(Config& config, const Parsed& value) {
  assign(config.limits.*Which.*Field, value);
}

inline void set_chain(Config& config, const Parsed& value) {
  const auto& file = std::get<PemFile>(value);
  config.tls.certificates.back().chain_name = file.path;
  config.tls.certificates.back().chain_pem = file.bytes;
}

inline void set_key(Config& config, const Parsed& value) {
  const auto& file = std::get<PemFile>(value);
  config.tls.certificates.back().key_name = file.path;
  config.tls.certificates.back().key_pem = file.bytes;
}

inline void set_aliases(Config& config, const Parsed& value) {
  for (const Alias& alias : std::get<std::vector<Alias>>(value))
    config.domains.back().aliases[alias.from] = alias.to;
}

inline void set_catch_all(Config& config, const Parsed& value) {
  config.domains.back().catch_all = std::get<std::string>(value);
}

template <auto Field>
void set_dkim(Config& config, const Parsed& value) {
  assign(config.auth.dkim.*Field, value);
}

inline void append_exception(Config& config) { config.auth_policy.dmarc_exceptions.emplace_back(); }

template <auto Field>
void set_exception(Config& config, const Parsed& value) {
  assign(config.auth_policy.dmarc_exceptions.back().*Field, value);
}

inline void set_exception_network(Config& config, const Parsed& value) {
  config.auth_policy.dmarc_exceptions.back().network =
      std::get<std::vector<base::Network>>(value).front();
}

// Already checked; only version 1 exists.
inline void accept_version(Config&, const Parsed&) {}

}  // namespace config::setters
