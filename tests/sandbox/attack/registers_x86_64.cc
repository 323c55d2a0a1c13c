// SPDX-License-Identifier: Apache-2.0
#include "sandbox/attack/registers.h"

namespace attack {
namespace {

using namespace std::string_view_literals;

constexpr Address kRedZone = 128;  // below the stack pointer; System V ABI, AMD64, section 3.2.2
constexpr auto kNoCall = ~0ULL;    // the kernel has no call of before to repeat

}  // namespace

std::string_view call_instruction() { return "\x0f\x05"sv; }
std::string_view old_call_instruction() { return "\xcd\x80"sv; }

void prepare(Registers& registers, const Call& call, Address instruction) {
  registers.orig_rax = kNoCall;
  registers.rip = instruction;
  registers.rax = call.number;
  registers.rdi = call.arguments[0];
  registers.rsi = call.arguments[1];
  registers.rdx = call.arguments[2];
  registers.r10 = call.arguments[3];
  registers.r8 = call.arguments[4];
  registers.r9 = call.arguments[5];
}

void prepare_old(Registers& registers, const Call& call, Address instruction) {
  registers.orig_rax = kNoCall;
  registers.rip = instruction;
  registers.rax = call.number;
  registers.rbx = call.arguments[0];
  registers.rcx = call.arguments[1];
  registers.rdx = call.arguments[2];
  registers.rsi = call.arguments[3];
  registers.rdi = call.arguments[4];
  registers.rbp = call.arguments[5];
}

long result_of(const Registers& registers) { return static_cast<long>(registers.rax); }

Address free_stack(const Registers& registers) { return (registers.rsp - kRedZone) & ~15ULL; }

}  // namespace attack
