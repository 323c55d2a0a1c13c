// SPDX-License-Identifier: Apache-2.0
#include "ipc/wire.h"

#include "base/assert.h"

namespace ipc {

namespace {
constexpr std::size_t kCountWidth = 4;
}

void Packer::put_number(std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes_ += static_cast<char>(value >> (8 * i));
}

void Packer::put_count(std::size_t count) {
  POSTERN_ASSERT(count <= UINT32_MAX);
  put_number(count, kCountWidth);
}

std::uint64_t Unpacker::get_number(std::size_t width) {
  ok_ = ok_ && rest_.size() >= width;
  if (!ok_) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value |= std::uint64_t{static_cast<std::uint8_t>(rest_[i])} << (8 * i);
  rest_.remove_prefix(width);
  return value;
}

std::size_t Unpacker::get_count() {
  const std::uint64_t count = get_number(kCountWidth);
  ok_ = ok_ && count <= rest_.size();
  return ok_ ? static_cast<std::size_t>(count) : 0;
}

void Unpacker::get(std::string& value) {
  const std::size_t size = get_count();
  value = rest_.substr(0, size);
  rest_.remove_prefix(size);
}

void Unpacker::get(base::IpAddress& value) {
  std::string text;
  get(text);
  const auto address = base::IpAddress::parse(text);
  ok_ = ok_ && address && address->to_string() == text;  // the one way to write it
  if (ok_) value = *address;
}

void Unpacker::get(base::Network& value) {
  std::string text;
  get(text);
  const auto network = base::Network::parse(text);
  ok_ = ok_ && network && network->to_string() == text;
  if (ok_) value = *network;
}

}  // namespace ipc
