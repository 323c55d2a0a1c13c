// SPDX-License-Identifier: Apache-2.0
#include "fuzz/ipc_messages.h"

#include <utility>

#include "fuzz/fuzz.h"

namespace fuzz {
namespace {

template <class T>
bool is_one(std::string_view body) {
  auto message = ipc::unpack<T>(body);
  if (!message) return false;
  const T value = std::move(*message);
  require(ipc::pack(value) == body, "a message is written in one way");
  return true;
}

}  // namespace

bool is_message(ipc::Type type, std::string_view body) {
  switch (type) {
#define POSTERN_MESSAGE(name, number, fds, max_bytes) \
  case ipc::Type::name:                               \
    return is_one<ipc::name>(body);
#include "ipc/messages.def"
#undef POSTERN_MESSAGE
  }
  return false;
}

}  // namespace fuzz
