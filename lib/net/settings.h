// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace net {

enum class TlsVersion { V1_2, V1_3 };

// Contents, not paths: PEM text read by whoever may read files.
struct Certificate {
  std::string chain_pem;
  std::string key_pem;
  std::string chain_name;  // where they came from, for messages
  std::string key_name;
};

struct TlsSettings {
  TlsVersion min_version = TlsVersion::V1_2;
  std::vector<Certificate> certificates;  // the first is the default
};

struct ResolverSettings {
  std::vector<base::Endpoint> servers;  // whom to ask; empty: full recursion from the root
  bool dnssec = true;                   // of recursion: servers are trusted to have validated
  std::chrono::milliseconds timeout{std::chrono::seconds(5)};  // of one question
  std::vector<std::string> local_data;                         // lines for dns::LocalData

  bool operator==(const ResolverSettings&) const = default;
};

}  // namespace net
