// SPDX-License-Identifier: Apache-2.0
#include "mail/folded.h"

#include <cstddef>

namespace mail {
namespace {

constexpr std::size_t kFoldColumn = 78;

}  // namespace

std::string folded(const std::vector<std::string>& tokens, char indent) {
  std::string text;
  std::size_t column = 0;
  for (const std::string& token : tokens) {
    if (column == 0) {
      column = token.size();
    } else if (column + 1 + token.size() <= kFoldColumn) {
      text += ' ';
      column += 1 + token.size();
    } else {
      text += "\r\n";
      text += indent;
      column = 1 + token.size();
    }
    text += token;
  }
  return text + "\r\n";
}

}  // namespace mail
