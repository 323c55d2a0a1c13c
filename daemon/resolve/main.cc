// SPDX-License-Identifier: Apache-2.0
// postern-resolve: asks the DNS, from a later step on. Started by posternd only.
#include "daemon/common/idle_role.h"

int main() { return common::run_idle_role(ipc::Role::Resolve); }
