// SPDX-License-Identifier: Apache-2.0
#pragma once

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

}  // namespace net
