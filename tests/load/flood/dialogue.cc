// SPDX-License-Identifier: Apache-2.0
#include "load/flood/dialogue.h"

namespace flood {

using Act = Step::Act;

std::vector<Step> up_to_starttls() {
  return {{Act::Say, "EHLO flood.example.net"}, {Act::Say, "STARTTLS"}};
}

std::vector<Step> up_to_secure_hello() {
  auto steps = up_to_starttls();
  steps.push_back({Act::Handshake});
  steps.push_back({Act::Say, "EHLO flood.example.net"});
  return steps;
}

std::vector<Step> up_to_mail(const std::string& sender) {
  auto steps = up_to_secure_hello();
  steps.push_back({Act::Say, "MAIL FROM:<" + sender + '>'});
  return steps;
}

std::vector<Step> up_to_data(const std::string& mailbox, const std::string& sender) {
  auto steps = up_to_mail(sender);
  steps.push_back({Act::Say, "RCPT TO:<" + mailbox + '>'});
  steps.push_back({Act::Say, "DATA"});
  return steps;
}

void quit(std::vector<Step>& steps) {
  steps.push_back({Act::Say, "QUIT"});
  steps.push_back({Act::Leave});
}

}  // namespace flood
