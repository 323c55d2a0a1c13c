// SPDX-License-Identifier: Apache-2.0
// libopendkim, kept where it is right. What it is given was read by us first; what it must never
// see, and why:
//   - a field, signature or record that our grammar does not know: one malformed signature takes
//   all
//     others with it; long i= are read past their end;
//   - header fields of which h= names each and one more: it writes past the end of an array. One
//     field that nobody can name is always there, below;
//   - questions to the DNS: keys come from the caller only, no other way is ever installed;
//   - the clock: it looks at t= and x= itself. They are judged by us, and what it takes for the
//   skew
//     of clocks is chosen so that it agrees. For dates before 1998 that cannot be; it refuses then.
// Its word for "passed" is true of a body that does not match; ours is not.
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
// tab before its colon, where the library takes blanks only.
struct LibraryField {
  std::string text;
  bool is_signature = false;              // a DKIM-Signature field
  const DkimSignature* judged = nullptr;  // then: of one that is to be judged
  std::string key = {};                   // then: its record (dkim_key.h)
};

struct LibraryVerdict {
  enum class Outcome { Passed, Mismatch, BodyAltered, Refused, Trouble };
  Outcome outcome = Outcome::Trouble;
  std::string why = {};  // of Refused and Trouble: in the words of the library, printable ASCII
};

// One at a time; any thread, if always the same. No network, no files once it is made.
class DkimLibrary {
 public:
  // Opens files: of OpenSSL, and of the C library's resolver, which is never used. Verifies one
  // signature of each algorithm, so that nothing is opened later. Permanent error: it cannot.
  static base::Result<DkimLibrary> create();

  // One verdict for each field with a signature, in their order. The body is read once. Fields are
  // in the order of the header; `name_of_no_field` of no field is in an h=. Nothing: the body has a
  // CR or LF alone.
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
