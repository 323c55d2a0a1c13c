// SPDX-License-Identifier: Apache-2.0
// Beginnings of sessions that plans have in common.
#pragma once

#include <string>
#include <vector>

#include "load/flood/plan.h"

namespace flood {

std::vector<Step> up_to_starttls();
std::vector<Step> up_to_secure_hello();
std::vector<Step> up_to_mail(const std::string& sender = "flood@example.net");
std::vector<Step> up_to_data(const std::string& mailbox,
                             const std::string& sender = "flood@example.net");

// QUIT, and the end.
void quit(std::vector<Step>& steps);

}  // namespace flood
