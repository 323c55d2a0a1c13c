// SPDX-License-Identifier: Apache-2.0
// postern-verify: judges messages, from a later step on. Started by posternd only.
#include "daemon/common/idle_role.h"

int main() { return common::run_idle_role(ipc::Role::Verify); }
