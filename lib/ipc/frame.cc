// SPDX-License-Identifier: Apache-2.0
#include "ipc/frame.h"

#include <algorithm>
#include <utility>

namespace ipc {
namespace {

constexpr TypeInfo kTypes[] = {
#define POSTERN_MESSAGE(name, number, fds, max_bytes) {Type::name, #name, fds, max_bytes},
#include "ipc/messages.def"
#undef POSTERN_MESSAGE
};

std::size_t body_size(std::string_view header) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= std::size_t{static_cast<std::uint8_t>(header[i])} << (8 * i);
  return size;
}

}  // namespace

const char* name_of(Role role) {
  constexpr const char* kNames[] = {"smtp", "resolve", "verify", "deliver", "opinion"};
  return kNames[static_cast<std::size_t>(role)];
}

std::string name_of(const RoleId& id) {
  const char* name = name_of(id.role);
  return id.role == Role::Verify ? name + ('.' + std::to_string(id.index + 1)) : name;
}

const char* name_of(Type type) {
  const TypeInfo* info = find_type(static_cast<std::uint8_t>(type));
  return info != nullptr ? info->name : "unknown";
}

const TypeInfo* find_type(std::uint8_t number) {
  const auto* info = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeInfo& row) {
    return static_cast<std::uint8_t>(row.type) == number;
  });
  return info != std::end(kTypes) ? info : nullptr;
}

std::string encode_frame(Type type, std::string_view body) {
  POSTERN_ASSERT(body.size() <= find_type(static_cast<std::uint8_t>(type))->max_bytes);
  std::string frame;
  frame.reserve(kFrameHeader + body.size());
  for (std::size_t i = 0; i < 4; ++i) frame += static_cast<char>(body.size() >> (8 * i));
  frame += static_cast<char>(type);
  frame.append(3, '\0');
  frame += body;
  return frame;
}

void FrameReader::feed(std::string_view bytes, std::vector<base::UniqueFd> fds) {
  if (broken_) return;
  buffer_.erase(0, std::exchange(read_, 0));
  buffer_ += bytes;
  for (base::UniqueFd& fd : fds) fds_.push_back(std::move(fd));
  if (fds_.size() > kMaxPendingFds) broken_ = base::Error::permanent("too many descriptors");
}

// Gives the memory back where nothing is left: a large message is rare.
void FrameReader::consume(std::size_t count) {
  read_ += count;
  if (read_ < buffer_.size()) return;
  std::string().swap(buffer_);
  read_ = 0;
}

base::Result<const TypeInfo*> FrameReader::check_header() const {
  const std::string_view header = unread();
  const auto number = static_cast<std::uint8_t>(header[4]);
  const TypeInfo* info = find_type(number);
  if (info == nullptr)
    return base::Error::permanent("unknown message type " + std::to_string(number));
  if (header[5] != 0 || header[6] != 0 || header[7] != 0)
    return base::Error::permanent(std::string(info->name) + ": damaged frame header");
  if (body_size(header) > info->max_bytes)
    return base::Error::permanent(std::string(info->name) + ": body of " +
                                  std::to_string(body_size(header)) + " bytes");
  return info;
}

base::Result<std::optional<Message>> FrameReader::next() {
  if (broken_) return *broken_;
  if (unread().size() < kFrameHeader) return std::optional<Message>{};
  const auto info = check_header();
  if (!info) {
    broken_ = info.error();
    return *broken_;
  }
  const std::size_t size = body_size(unread());
  if (unread().size() - kFrameHeader < size) return std::optional<Message>{};
  Message message{(*info)->type, std::string(unread().substr(kFrameHeader, size)), std::nullopt};
  consume(kFrameHeader + size);
  if ((*info)->fds > 0) {
    if (fds_.empty()) {
      broken_ = base::Error::permanent(std::string((*info)->name) + ": descriptor missing");
      return *broken_;
    }
    message.fd = std::move(fds_.front());
    fds_.pop_front();
  }
  // A descriptor that no frame announced would shift all later ones.
  if (unread().empty() && !fds_.empty()) {
    broken_ = base::Error::permanent(std::string((*info)->name) + ": surplus descriptor");
    return *broken_;
  }
  return std::optional<Message>(std::move(message));
}

}  // namespace ipc
