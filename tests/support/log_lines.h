// SPDX-License-Identifier: Apache-2.0
// What is logged while it lives, as the journal would get it. One at a time, and no writer running.
#pragma once

#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "obs/log.h"

namespace support {

class LogLines {
 public:
  LogLines() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error("socketpair");
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    obs::use_journal(ours_.get());
  }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { obs::use_journal(-1); }

  // The texts of the lines since the last call, without "event=".
  std::vector<std::string> take() const {
    constexpr std::string_view kBegin = "MESSAGE=event=";
    std::vector<std::string> texts;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 0;
         (size = ::recv(theirs_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;) {
      const std::string entry(buffer.data(), static_cast<std::size_t>(size));
      const auto begin = entry.find(kBegin) + kBegin.size();
      texts.push_back(entry.substr(begin, entry.find('\n', begin) - begin));
    }
    return texts;
  }

 private:
  base::UniqueFd ours_;
  base::UniqueFd theirs_;
};

}  // namespace support
