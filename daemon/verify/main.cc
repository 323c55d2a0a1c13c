// SPDX-License-Identifier: Apache-2.0
// postern-verify: judges messages, and reaches nothing. Started by posternd only.
#include "daemon/verify/program.h"

int main() { return verify_role::run_program(ipc::Role::Verify, verify_role::make_judge); }
