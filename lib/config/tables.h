// SPDX-License-Identifier: Apache-2.0
// The file's sections with their checked values, for the checks that look at several at once.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "config/keys.h"
#include "config/value.h"

namespace config {

struct Setting {
  const Key* key = nullptr;
  Place place;                  // of the value; line 0: the default
  std::optional<Parsed> value;  // nothing: it was bad, and that is reported already

  bool in_file() const { return place.line != 0; }
};

struct Table {
  const Section* section = nullptr;
  Place place;
  std::vector<Setting> settings;

  // Null: neither in the file nor with a default.
  const Setting* find(std::string_view name) const {
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&](const Setting& s) { return name_of(*s.key) == name; });
    return found == settings.end() ? nullptr : &*found;
  }

  // Null: not there, or bad.
  template <class T>
  const T* get(std::string_view name) const {
    const Setting* setting = find(name);
    return setting != nullptr && setting->value ? &std::get<T>(*setting->value) : nullptr;
  }
};

}  // namespace config
