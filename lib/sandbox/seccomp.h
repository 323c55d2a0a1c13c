// SPDX-License-Identifier: Apache-2.0
// Which system calls the process may make, as data, and the one verb that makes the kernel hold to
// it.
//
// Whatever is not allowed fails with EPERM, so that a rare path of a C library does not take the
// service down; calls that nobody makes by accident end the process (SIGSYS).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sandbox {

// One look at one argument, as the 64 bits of its register. The kernel itself reads only the lower
// half where the argument is an int: tests of ints must mask, or the upper half is a way around.
struct ArgumentTest {
  enum class Kind { Masked, Differs };  // (argument & mask) == value; argument != value

  Kind kind = Kind::Masked;
  unsigned index = 0;  // 0 to 5
  std::uint64_t mask = 0;
  std::uint64_t value = 0;

  bool operator==(const ArgumentTest&) const = default;
};

// A system call by its name, when all tests hold. At most one test of each argument.
struct Rule {
  std::string call;
  std::vector<ArgumentTest> tests;
};

struct Filter {
  std::vector<Rule> allowed;  // several rules for one call are alternatives
  // Each even where a rule above allows it:
  std::vector<Rule> refused;      // EPERM
  std::vector<Rule> unsupported;  // EOPNOTSUPP, after which a library goes another way
  std::vector<Rule> fatal;        // the process ends
};

// For all threads of the process, those that run already too, and for good; no_new_privs is set.
// Calls of another ABI of the machine (32 bits) end the process. After an error nothing is promised
// but that the process may do no more than before: it should end.
base::Status install(const Filter& filter);

}  // namespace sandbox
