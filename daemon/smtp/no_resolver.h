// SPDX-License-Identifier: Apache-2.0
// Stands where the client of the resolve role will: nobody is asked, so every answer is a failure.
#pragma once

#include <utility>

#include "dns/resolver.h"
#include "net/event_loop.h"

namespace smtp_role {

class NoResolver final : public dns::Resolver {
 public:
  explicit NoResolver(net::EventLoop& loop) : loop_(loop) {}

  void resolve(const dns::Question&, Done done) override {
    loop_.post([done = std::move(done)] {
      done(dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, "nobody to ask"));
    });
  }

 private:
  net::EventLoop& loop_;
};

}  // namespace smtp_role
