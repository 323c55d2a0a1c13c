// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace obs {

enum class Level { Debug, Info, Warning, Error };
enum class Format { Logfmt, Json };

struct Settings {
  Level level = Level::Info;
  Format format = Format::Logfmt;
};

}  // namespace obs
