// SPDX-License-Identifier: Apache-2.0
// A DNS server for tests: UDP and TCP on one port of 127.0.0.1, in a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/ip_address.h"
#include "base/unique_fd.h"

namespace support {

struct DnsQuery {
  std::string name;  // in lower case
  unsigned type = 0;
  bool tcp = false;
  std::uint16_t id = 0;
  std::string question;  // the section as it came
};

class DnsServer {
 public:
  // What to send back, for one query at a time; nothing: no answer, ever.
  using Script = std::function<std::optional<std::string>(const DnsQuery& query)>;

  explicit DnsServer(Script script);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  base::Endpoint endpoint() const { return endpoint_; }
  void replace(Script script);
  std::vector<DnsQuery> queries() const;
  std::size_t count(const std::string& name) const;

 private:
  void serve();
  void serve_datagram();
  void serve_connection();
  std::optional<std::string> answer(const std::string& message, bool tcp);

  base::UniqueFd udp_;
  base::UniqueFd tcp_;
  base::Endpoint endpoint_;
  mutable std::mutex mutex_;
  Script script_;
  std::vector<DnsQuery> queries_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace support
