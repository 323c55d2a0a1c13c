// SPDX-License-Identifier: Apache-2.0
// All that depends on the processor: which instruction makes a system call, and which registers it
// takes. Another processor needs another registers_NAME.cc, and nothing else.
#pragma once

#include <sys/user.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace attack {

using Registers = user_regs_struct;
using Address = std::uint64_t;  // in the process that is attacked

struct Call {
  std::uint64_t number;
  std::array<std::uint64_t, 6> arguments;
};

std::string_view call_instruction();
// That of 32-bit programs, which a 64-bit process can execute too; "" where there is none.
std::string_view old_call_instruction();

// The thread's next instruction is the one at `instruction`, and makes this call.
void prepare(Registers& registers, const Call& call, Address instruction);
void prepare_old(Registers& registers, const Call& call, Address instruction);
// Once the call is done: what it gave, or -errno.
long result_of(const Registers& registers);
// Nothing that the thread still needs lies below it.
Address free_stack(const Registers& registers);

}  // namespace attack
