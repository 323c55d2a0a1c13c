// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_bodies.h"

#include "auth/dkim_canonical.h"
#include "auth/dkim_crypto.h"

namespace auth {
namespace {

class HashedBody {
 public:
  explicit HashedBody(DkimCanonicalization form)
      : canonical_(form, [this](std::string_view piece) { hash_.add(piece); }) {}
  HashedBody(const HashedBody&) = delete;
  HashedBody& operator=(const HashedBody&) = delete;

  void feed(std::string_view piece) { canonical_.feed(piece); }
  DkimBodies::Facts finish() {
    canonical_.finish();
    return {canonical_.size(), hash_.finish()};
  }

 private:
  Sha256 hash_;
  CanonicalBody canonical_;
};

}  // namespace

bool DkimBodies::read(BodySource& body, bool simple, bool relaxed) {
  std::optional<HashedBody> new_simple, new_relaxed;
  if (simple && !simple_) new_simple.emplace(DkimCanonicalization::Simple);
  if (relaxed && !relaxed_) new_relaxed.emplace(DkimCanonicalization::Relaxed);
  if (!new_simple && !new_relaxed) return true;
  const bool well_formed = read_body(body, [&](std::string_view piece) {
    if (new_simple) new_simple->feed(piece);
    if (new_relaxed) new_relaxed->feed(piece);
  });
  if (!well_formed) return false;
  if (new_simple) simple_ = new_simple->finish();
  if (new_relaxed) relaxed_ = new_relaxed->finish();
  return true;
}

}  // namespace auth
