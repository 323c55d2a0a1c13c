// SPDX-License-Identifier: Apache-2.0
// The key table, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/keys.h"

namespace config {

// As it stands in the file: "[smtp]", "[[listener]]"; "" for the top.
std::string header_of(const Section& section);

// One sentence: how the value is written, and what is allowed.
std::string describe_value(const Key& key);

// Sentences on when the key takes effect; empty when at once and at each reload.
std::string describe_effect(const Key& key);

// All about one key, in several lines.
std::string describe_key(const Key& key);

// All sections, each key with its default, one line each.
std::string describe_keys();

// `text` in lines that begin with `prefix` and are at most `width` characters long.
std::string wrap(std::string_view text, std::string_view prefix, std::size_t width);

// man/postern.conf.5 (mdoc) and conf/postern.conf, which are committed; a test compares them.
std::string man_page();
std::string sample();

}  // namespace config
