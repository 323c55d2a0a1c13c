// SPDX-License-Identifier: Apache-2.0
// Names beneath which strangers register domains: "com", "co.uk", "github.io". RFC 9989 no longer
// asks for such a list; it is a guard (lib/auth/dmarc_discovery.h) for as long as registries do not
// publish psd=y.
//
// Threads: any, after construction.
#pragma once

#include <memory>
#include <string>

struct psl_ctx_st;

namespace auth {

class PublicSuffixes {
 public:
  // Reads the system's list (Debian: package publicsuffix) if it is newer than the one that is
  // built into libpsl, else takes that. A file, because lists grow old: Debian renews that package
  // in a stable release, the library's own list only with the library. It opens files, so a role
  // makes one before it confines itself; afterwards nothing is opened.
  PublicSuffixes();

  // `name` is lower-case A-labels. What no rule knows is one if it has no dot (the rule "*");
  // private rules of the list count too.
  bool contains(const std::string& name) const;

 private:
  struct Free {
    void operator()(psl_ctx_st* list) const;
  };
  std::unique_ptr<psl_ctx_st, Free> list_;
};

}  // namespace auth
