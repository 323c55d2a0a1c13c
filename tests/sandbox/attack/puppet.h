// SPDX-License-Identifier: Apache-2.0
// A thread of a running process, stopped, that makes the system calls it is told to.
//
// The calls are made at an instruction that the process has, with arguments on its own stack: what
// an attacker does who has taken the process over. When it is let go it continues where it was.
// Errors of the tool itself are exceptions, std::runtime_error; main() reports them.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "base/unique_fd.h"
#include "sandbox/attack/registers.h"

namespace attack {

// The process has come to its end in the middle of a call.
struct Died {
  int signal;  // 0: it ended by itself
};

class Puppet {
 public:
  // Needs the right to trace it: root.
  Puppet(pid_t process, pid_t thread);
  ~Puppet();
  Puppet(const Puppet&) = delete;
  Puppet& operator=(const Puppet&) = delete;

  // What it gave, or -errno. Throws Died.
  template <class... Arguments>
  long call(long number, Arguments... arguments) {
    return perform({static_cast<std::uint64_t>(number), {as_register(arguments)...}}, false);
  }
  // The same as a 32-bit program does it.
  template <class... Arguments>
  long old_call(long number, Arguments... arguments) {
    return perform({static_cast<std::uint64_t>(number), {as_register(arguments)...}}, true);
  }
  // Closes what call() gave, if it is a descriptor, and gives it back.
  long closed(long descriptor);

  // Copies into the process; valid until the next clear().
  Address bytes(const void* data, std::size_t size);
  Address text(const std::string& text) { return bytes(text.c_str(), text.size() + 1); }
  template <class T>
  Address object(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return bytes(&value, sizeof value);
  }
  Address room(std::size_t size);
  void clear() { used_ = 0; }

  // Executable memory that belongs to a file.
  Address code() const { return instruction_; }

 private:
  template <class T>
  static std::uint64_t as_register(T value) {
    if constexpr (std::is_pointer_v<T> || std::is_null_pointer_v<T>)
      return 0;  // what is here is not there: only nullptr means something
    else
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }

  long perform(const Call& call, bool old);
  void seize();
  void interrupt();
  void go_to_call();  // to where a call begins or ends
  bool is_killed() const;
  int wait() const;  // the status of its next stop
  void end_child() const;
  Registers registers() const;
  void set(const Registers& registers) const;
  Address find(std::string_view instruction) const;

  pid_t process_;
  pid_t thread_;
  base::UniqueFd memory_;
  Registers before_{};
  Address instruction_ = 0;
  std::size_t used_ = 0;  // octets of the stack
  bool alive_ = true;
};

}  // namespace attack
