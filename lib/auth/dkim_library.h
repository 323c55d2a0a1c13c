// SPDX-License-Identifier: Apache-2.0
// libopendkim, kept to where it is right. What it must never see, and why:
//
// * A signature or key record that our grammar does not know. One malformed signature can take all
//   others with it, a long i= is read past its end, and keys are taken laxly.
// * A signature of which DkimSignature says that it is not for the library, or one that signs white
//   space which the library takes for other (is_for_library() in dkim.cc).
// * An h= that names every field there is, and one more: it writes past the end of an array. The
//   signature itself is a field that no h= reaches.
// * A question to the DNS: keys come from the caller, and no other way is ever installed.
// * The clock: it compares t= and x= itself, which were judged already. It is told that clocks may
//   be wrong by so much that it agrees. Where that cannot be, it refuses: x= of now or before, and
//   a t= near 1970; or both of them before 1998 (half of the time since 1970: later in later
//   years).
//
// Its flag for "passed" is true of a body that does not match; our verdict is not.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_body.h"
#include "auth/dkim_signature.h"
#include "base/result.h"

namespace auth {

// A header field as it is in the message, without the CRLF at its end. With a name, and no NUL; no
// tab before its colon.
struct LibraryField {
  std::string text;
  const DkimSignature* signature = nullptr;  // of a DKIM-Signature, and then it is to be judged
  std::string key = {};                      // then: its record (dkim_key.h)
};

struct LibraryVerdict {
  enum class Outcome { Passed, Mismatch, BodyAltered, Refused, Trouble };
  Outcome outcome = Outcome::Trouble;
  std::string why = {};  // of Trouble: in the words of the library, printable ASCII
};

// One at a time; any thread, if always the same. No network, no files once it is made.
class DkimLibrary {
 public:
  // Opens files: of OpenSSL, and of the C library's resolver, which is never used. Verifies one
  // signature of each algorithm, so that nothing is opened later. Permanent error: it cannot.
  static base::Result<DkimLibrary> create();

  // One verdict for each signature, in their order. The body is read once. Fields of a name are in
  // the order of the header. Nothing: the body has a CR or LF alone.
  std::optional<std::vector<LibraryVerdict>> verify(const std::vector<LibraryField>& fields,
                                                    BodySource& body);

 private:
  struct Close {
    void operator()(void* library) const;
  };
  explicit DkimLibrary(void* library) : library_(library) {}

  std::unique_ptr<void, Close> library_;
};

}  // namespace auth
