// SPDX-License-Identifier: Apache-2.0
#include "config/paths.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <vector>

namespace config {
namespace {

// "/a/./b/" and "/a//b" alike.
std::vector<std::string> names_in(const std::string& path) {
  const auto normal = (std::filesystem::path(path) / "").lexically_normal();
  return {normal.begin(), std::prev(normal.end())};
}

}  // namespace

bool lies_in(const std::string& path, const std::string& directory) {
  const std::vector<std::string> inner = names_in(path);
  const std::vector<std::string> outer = names_in(directory);
  return inner.size() >= outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

}  // namespace config
