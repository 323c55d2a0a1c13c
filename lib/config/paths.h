// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace config {

// Whether `path` is `directory` or lies beneath it, both from the root. By the texts: links are not
// followed, and nothing need be there.
bool lies_in(const std::string& path, const std::string& directory);

}  // namespace config
