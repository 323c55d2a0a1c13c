// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_library.h"

#include <opendkim/dkim.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/ascii.h"

namespace auth {
namespace {

using Outcome = LibraryVerdict::Outcome;

unsigned char* bytes_of(std::string_view text) {
  // The library copies or reads; it has no const.
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

constexpr std::size_t kMaxWhy = 200;  // octets of what the library says, for a reason

std::string text_of(const char* text) {
  return text == nullptr ? "" : base::printable(std::string_view(text).substr(0, kMaxWhy));
}

bool equals(const unsigned char* text, const std::string& expected) {
  return text != nullptr && base::iequals(reinterpret_cast<const char*>(text), expected);
}

struct FreeMessage {
  void operator()(DKIM* message) const { dkim_free(message); }
};

// One message while the library has it.
class Run {
 public:
  Run(DKIM_LIB* library, const std::vector<LibraryField>& fields) : fields_(fields) {
    int status = 0;
    static constexpr unsigned char kId[] = "postern";
    message_.reset(dkim_verify(library, kId, nullptr, &status));
    for (const LibraryField& field : fields)
      if (field.signature != nullptr) signatures_.push_back(&field);
  }

  // Nothing: the body has a CR or LF alone.
  std::optional<std::vector<LibraryVerdict>> verify(BodySource& body) {
    if (!begin()) return all(Outcome::Trouble);
    int status = DKIM_STAT_OK;
    const bool well_formed = read_body(body, [&](std::string_view piece) {
      if (status == DKIM_STAT_OK) status = dkim_body(message_.get(), bytes_of(piece), piece.size());
    });
    if (!well_formed) return {};
    if (status != DKIM_STAT_OK) return all(Outcome::Trouble);
    // It says what it thinks of the message as a whole.
    dkim_eom(message_.get(), nullptr);
    return verdicts();
  }

  // What the library asks for keys; called by it.
  int look_up(DKIM_SIGINFO* signature, unsigned char* record, std::size_t size) const {
    for (std::size_t i = 0; i < signatures_.size(); ++i)
      if (handle(i) == signature) return copy_key(*signatures_[i], record, size);
    return DKIM_CBSTAT_NOTFOUND;
  }

 private:
  bool begin() {
    if (!message_) return false;
    dkim_set_user_context(message_.get(), this);
    for (const LibraryField& field : fields_)
      if (!add(field.text)) return false;
    return dkim_eoh(message_.get()) == DKIM_STAT_OK && load_handles();
  }

  // A signature that it refuses is in its list all the same, with an error.
  bool add(std::string_view field) {
    const int status = dkim_header(message_.get(), bytes_of(field), field.size());
    return status == DKIM_STAT_OK || status == DKIM_STAT_SYNTAX;
  }

  bool load_handles() {
    return dkim_getsiglist(message_.get(), &handles_, &count_) == DKIM_STAT_OK && count_ >= 0 &&
           static_cast<std::size_t>(count_) == signatures_.size();
  }

  DKIM_SIGINFO* handle(std::size_t i) const { return handles_[i]; }

  static int copy_key(const LibraryField& field, unsigned char* record, std::size_t size) {
    if (field.key.size() >= size) return DKIM_CBSTAT_NOTFOUND;
    std::copy(field.key.begin(), field.key.end(), record);
    record[field.key.size()] = '\0';
    return DKIM_CBSTAT_CONTINUE;
  }

  std::vector<LibraryVerdict> all(Outcome outcome) const {
    const std::string why = message_ ? text_of(dkim_geterror(message_.get())) : "";
    return {signatures_.size(), {outcome, why}};
  }

  std::vector<LibraryVerdict> verdicts() const {
    std::vector<LibraryVerdict> verdicts;
    for (std::size_t i = 0; i < signatures_.size(); ++i)
      verdicts.push_back(verdict_of(handle(i), *signatures_[i]->signature));
    return verdicts;
  }

  // The flag for "passed" is about the header alone.
  static LibraryVerdict verdict_of(DKIM_SIGINFO* handle, const DkimSignature& signature) {
    const unsigned flags = dkim_sig_getflags(handle);
    const int error = dkim_sig_geterror(handle);
    const int body = dkim_sig_getbh(handle);
    const bool processed = (flags & DKIM_SIGFLAG_PROCESSED) != 0;
    const bool passed = (flags & DKIM_SIGFLAG_PASSED) != 0;
    if (processed && passed && error == DKIM_SIGERROR_OK && body == DKIM_SIGBH_MATCH)
      return is_about(handle, signature) ? LibraryVerdict{Outcome::Passed}
                                         : LibraryVerdict{Outcome::Trouble, "another signature"};
    if (processed && passed && error == DKIM_SIGERROR_BADSIG && body == DKIM_SIGBH_MISMATCH)
      return {Outcome::BodyAltered};
    if (processed && !passed && error == DKIM_SIGERROR_BADSIG) return {Outcome::Mismatch};
    if (error == DKIM_SIGERROR_UNKNOWN) return {Outcome::Trouble};
    return {Outcome::Refused};
  }

  // Whether the library has verified what we have read.
  static bool is_about(DKIM_SIGINFO* handle, const DkimSignature& signature) {
    dkim_alg_t algorithm = DKIM_SIGN_UNKNOWN;
    if (dkim_sig_getsignalg(handle, &algorithm) != DKIM_STAT_OK) return false;
    const int expected = signature.algorithm == DkimAlgorithm::Ed25519Sha256
                             ? DKIM_SIGN_ED25519SHA256
                             : DKIM_SIGN_RSASHA256;
    return algorithm == expected && equals(dkim_sig_getdomain(handle), signature.domain) &&
           equals(dkim_sig_getselector(handle), signature.selector);
  }

  const std::vector<LibraryField>& fields_;
  std::vector<const LibraryField*> signatures_;  // in the order of the library's list
  std::unique_ptr<DKIM, FreeMessage> message_;
  DKIM_SIGINFO** handles_ = nullptr;
  int count_ = 0;
};

// Temporary failures never get here: with them there is no call of the library.
DKIM_CBSTAT look_up(DKIM* message, DKIM_SIGINFO* signature, unsigned char* record,
                    std::size_t size) {
  return static_cast<const Run*>(dkim_get_user_context(message))->look_up(signature, record, size);
}

bool set_option(DKIM_LIB* library, int option, auto value) {
  return dkim_options(library, DKIM_OP_SETOPT, option, &value, sizeof value) == DKIM_STAT_OK;
}

// The library takes a signature for expired from x= and the skew on, and for one of the future as
// long as now is before t= less the skew, which must not be below zero. So with the earliest t= for
// the skew nothing is of the future, and nothing has expired before the sum of both.
std::uint64_t clock_skew(const std::vector<LibraryField>& fields) {
  std::uint64_t skew = std::numeric_limits<std::uint64_t>::max() / 2;
  for (const LibraryField& field : fields)
    if (field.signature != nullptr && field.signature->time)
      skew = std::min(skew, *field.signature->time);
  return skew;
}

// A message with one field and one line, signed by both algorithms.
constexpr std::string_view kFrom = "From: a@a.test";
constexpr std::string_view kBody = "b\r\n";
constexpr std::string_view kRsaSignature =
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.test;\r\n i=@a.test; q=dns/txt; s=s;"
    " t=1000000000; h=from;\r\n bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b=Y5RjmG7XjO0uHg0UD8GYQXmMsOhjtLJAtqoKifG/aGo+tCE2n6doQ2XAxGXb8DsNctIvd\r\n"
    " ob7raZOP9b0QWsQepgNeTO2J7+wYMhT849GW1xGAYL/XRAwXdN+xrqmaKQjmjD/jtQFlj26\r\n"
    " zJFNntWESBI7mUQjkd/E9DVT2Hhodwg=";
constexpr const char* kRsaKey =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDLc5JFyuPJHlWB51WKQVFAE0NRP/YE1Ed7thy"
    "icotXzlzrWQfR8Hn4HZO8n0G9RRtBnmKY8YzLmnjlDKIMKKabHGeLo+jXwOcXhQji+hbVL3RM3e/umgqKMAaFdMBBBqBi"
    "SeRIjxM0SQg26FhcFNVeBg5B8VDSH9pXT1nRdI9m9QIDAQAB";
constexpr std::string_view kEd25519Signature =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=a.test;\r\n i=@a.test; q=dns/txt;"
    " s=s; t=1000000000; h=from;\r\n bh=Z54nP3j8j4uhFNsjwtzoDMd8kQg5OYJcqDAVLy8IDQg=;\r\n"
    " b=Orx+qcT8tj3hrAbLMXlqi4grtCXYLfL2eNIFKcpJqfnRzmV/f1ZyKM+I6EWW75lF1nEy3\r\n"
    " K557TWDquwzp1/xCQ==";
constexpr const char* kEd25519Key =
    "v=DKIM1; k=ed25519; p=fQJRscMhiNj6wR/NpzvJ34Z35ylf9of3rGi7Kmw3Qk8=";

bool passes(DkimLibrary& library, std::string_view field, const char* key) {
  const std::string_view value = field.substr(field.find(':') + 1);
  const auto read = read_dkim_signature(value, base::WallTime(std::chrono::seconds(1'000'000'000)));
  if (read.finding) return false;
  TextBody body(kBody);
  const auto verdicts =
      library.verify({{std::string(field), &read.signature, key}, {std::string(kFrom)}}, body);
  return verdicts && verdicts->size() == 1 && verdicts->front().outcome == Outcome::Passed;
}

}  // namespace

void DkimLibrary::Close::operator()(void* library) const {
  dkim_close(static_cast<DKIM_LIB*>(library));
}

base::Result<DkimLibrary> DkimLibrary::create() {
  DKIM_LIB* const handle = dkim_init(nullptr, nullptr);
  if (handle == nullptr) return base::Error::permanent("libopendkim does not start");
  DkimLibrary library(handle);
  // Signatures are processed at the end of the body; those that it finds malformed stay in its
  // list, and a From field that it cannot read does not matter.
  const unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
  if (!set_option(handle, DKIM_OPTS_FLAGS, flags) ||
      dkim_set_key_lookup(handle, look_up) != DKIM_STAT_OK) {
    return base::Error::permanent("libopendkim does not take its options");
  }
  if (!passes(library, kRsaSignature, kRsaKey))
    return base::Error::permanent("libopendkim does not verify rsa-sha256");
  if (!passes(library, kEd25519Signature, kEd25519Key))
    return base::Error::permanent("libopendkim does not verify ed25519-sha256");
  return library;
}

std::optional<std::vector<LibraryVerdict>> DkimLibrary::verify(
    const std::vector<LibraryField>& fields, BodySource& body) {
  auto* const library = static_cast<DKIM_LIB*>(library_.get());
  set_option(library, DKIM_OPTS_CLOCKDRIFT, clock_skew(fields));
  return Run(library, fields).verify(body);
}

}  // namespace auth
