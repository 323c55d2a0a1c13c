// SPDX-License-Identifier: Apache-2.0
// Input that was received and not yet read. Reading moves a mark; the bytes go when new ones come,
// so that a long pipelined group is not moved once per command.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace smtp {

class InputBuffer {
 public:
  void append(std::string_view bytes) {
    bytes_.erase(0, read_);
    read_ = 0;
    bytes_ += bytes;
  }
  void consume(std::size_t count) {
    read_ += count;
    if (read_ == bytes_.size()) clear();
  }
  // Gives the memory back: most sessions are idle most of the time.
  void clear() {
    std::string().swap(bytes_);
    read_ = 0;
  }

  std::string_view view() const { return std::string_view(bytes_).substr(read_); }
  std::size_t size() const { return bytes_.size() - read_; }
  std::size_t capacity() const { return bytes_.capacity(); }
  bool empty() const { return size() == 0; }

 private:
  std::string bytes_;
  std::size_t read_ = 0;
};

}  // namespace smtp
