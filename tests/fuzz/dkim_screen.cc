// SPDX-License-Identifier: Apache-2.0
// All of DKIM over a hostile message and hostile key records. First byte: how the body is cut;
// second: how many signatures are judged. Then a line, which is the record at every name that has
// a key, and the message.
//
// Then the first signature that could pass is made to, with a key of ours over what our own code
// hashes: libopendkim has to agree.
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string>

#include "auth/dkim.h"
#include "auth/dkim_bodies.h"
#include "auth/dkim_canonical.h"
#include "auth/dkim_crypto.h"
#include "auth/dkim_fields.h"
#include "auth/dkim_key.h"
#include "auth/dkim_screen.h"
#include "auth/dkim_tags.h"
#include "base/ascii.h"
#include "base/base64.h"
#include "fuzz/fuzz.h"

namespace {

using fuzz::require;

const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};
constexpr std::uint32_t kMostSignatures = 12;
constexpr std::size_t kMostPiece = 64;

class PieceBody : public auth::BodySource {
 public:
  PieceBody(std::string_view text, std::size_t most) : text_(text), most_(most) {}
  std::string_view at(std::size_t offset) override { return text_.substr(offset, most_); }

 private:
  std::string_view text_;
  std::size_t most_;
};

auth::DkimLibrary& library() {
  static auto created = auth::DkimLibrary::create();
  require(created.ok(), "the library starts");
  return *created;
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), base::is_printable);
}

void check_verdict(const auth::DkimVerdict& verdict) {
  for (const std::string& text :
       {verdict.domain, verdict.selector, verdict.identity, verdict.algorithm, verdict.signature,
        verdict.reason, verdict.section})
    require(is_printable(text) && text.size() < 700, "what is said is printable and short");
  require(!verdict.reason.empty() && !verdict.section.empty(), "a verdict has a reason");
  const bool passed = verdict.result == auth::DkimResult::Pass;
  require(!passed || !(verdict.domain.empty() || verdict.signature.empty()),
          "what passes says whose it is");
}

// A record that is a key says the same when it is written anew.
void check_record(const std::string& record) {
  const auto parsed = auth::parse_dkim_key(record);
  const auto* key = std::get_if<auth::DkimKey>(&parsed);
  if (key == nullptr) return;
  const std::string written = auth::library_record(*key);
  require(key->bits > auth::kMaxRsaBits || written.size() <= auth::kMaxLibraryRecord,
          "a key fits into what the library has for it");
  const auto again = auth::parse_dkim_key(written);
  const auto* same = std::get_if<auth::DkimKey>(&again);
  require(same != nullptr && same->data == key->data && same->bits == key->bits &&
              same->type == key->type,
          "a key is written as it was read");
}

dns::AnswerTable answers_to(const std::vector<dns::Question>& questions,
                            const std::string& record) {
  dns::AnswerTable answers;
  for (const dns::Question& question : questions) {
    auto answer = dns::Answer::of(dns::Status::Records);
    answer.texts = {record};
    answers.add(question, answer);
  }
  return answers;
}

struct Job {
  std::string message;
  std::string record;
  std::size_t piece;
  auth::DkimSettings settings;

  auth::DkimVerdicts verdicts(bool without_library = false) const {
    const mail::HeaderFields header(message);
    const dns::AnswerTable none;
    dns::Lookups asked(none);
    auth::ask_dkim(header, settings, kNow, asked);
    require(asked.missing().size() <= settings.max_signatures, "keys are few");
    const dns::AnswerTable answers = answers_to(asked.missing(), record);
    std::string_view text = std::string_view(message).substr(header.section().size());
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    PieceBody body(text, piece);
    dns::Lookups lookups(answers);
    auto verdicts = without_library
                        ? auth::verify_dkim_without_library(header, body, settings, kNow, lookups)
                        : auth::verify_dkim(header, body, settings, kNow, lookups, library());
    require(lookups.complete(), "all is asked before the body comes");
    return verdicts;
  }
};

// One signature alone, with the same verdict: none spoils another.
void check_alone(Job job) {
  // So that whatever comes first when others are gone begins no header.
  job.message.insert(0, "X-Top: x\r\n");
  const auth::DkimVerdicts together = job.verdicts();
  const mail::HeaderFields header(job.message);
  const auto screen = auth::screen_dkim(header, job.settings, kNow);
  require(screen.signatures.size() == together.signatures.size(), "all are listed");
  for (std::size_t i = 0; i < screen.signatures.size(); ++i) {
    const auto& screened = screen.signatures[i];
    if (screened.read.finding || screened.read.signature.names("dkim-signature")) continue;
    mail::HeaderFields alone = header;
    alone.remove_if([&](const mail::HeaderField& field) {
      return base::iequals(field.name, "DKIM-Signature") &&
             field.raw.data() != screened.field->raw.data();
    });
    Job other = job;
    other.message.clear();
    for (const std::string_view piece : alone.pieces()) other.message += piece;
    other.message += std::string_view(job.message).substr(header.section().size());
    const auto verdicts = other.verdicts();
    require(verdicts.signatures.size() == 1 && verdicts.signatures[0] == together.signatures[i],
            "a signature has the same verdict alone");
  }
}

class Signer {
 public:
  Signer() : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, kSeed, sizeof kSeed)) {
    require(key_ != nullptr, "the key is made");
  }
  std::string record() const {
    unsigned char octets[32];
    std::size_t size = sizeof octets;
    EVP_PKEY_get_raw_public_key(key_.get(), octets, &size);
    return "k=ed25519; p=" + base::to_base64({reinterpret_cast<const char*>(octets), size});
  }
  std::string sign(const std::string& hash) const {
    unsigned char octets[64];
    std::size_t size = sizeof octets;
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get());
    EVP_DigestSign(context.get(), octets, &size,
                   reinterpret_cast<const unsigned char*>(hash.data()), hash.size());
    return base::to_base64({reinterpret_cast<const char*>(octets), size});
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  static constexpr unsigned char kSeed[32] = {'p', 'o', 's', 't', 'e', 'r', 'n'};
  std::unique_ptr<EVP_PKEY, Free> key_;
};

// The first signature that nothing is found of; nullptr: there is none.
const auth::ScreenedDkim* first_open(const auth::DkimScreen& screen) {
  const auto found = std::find_if(screen.signatures.begin(), screen.signatures.end(),
                                  [](const auto& one) { return !one.read.finding; });
  return found == screen.signatures.end() ? nullptr : &*found;
}

// Puts another value into a tag of that signature.
void set_tag(std::string& message, const auth::DkimSettings& settings, std::string_view name,
             const auto& value_of) {
  const mail::HeaderFields header(message);
  const auto screen = auth::screen_dkim(header, settings, kNow);
  const auto* const one = first_open(screen);
  if (one == nullptr) return;
  const auto tags = std::get<auth::DkimTagList>(
      auth::DkimTagList::parse(one->field->value, auth::DkimCharset::Utf8));
  const std::string_view old = tags.find(name)->value;
  message.replace(static_cast<std::size_t>(old.data() - message.data()), old.size(),
                  value_of(header, *one));
}

std::string body_hash(const Job& job, const auth::ScreenedDkim& one) {
  const mail::HeaderFields header(job.message);
  auth::TextBody body(std::string_view(job.message).substr(header.size_with_empty_line()));
  auth::DkimBodies bodies;
  const bool simple = one.read.signature.body == auth::DkimCanonicalization::Simple;
  return bodies.read(body, simple, !simple)
             ? base::to_base64(bodies.of(one.read.signature.body).sha256)
             : base::to_base64(std::string(32, 'x'));
}

std::string header_hash(const mail::HeaderFields& header, const auth::ScreenedDkim& one) {
  const auth::DkimSignature& signature = one.read.signature;
  const auth::DkimFields fields(header, {&signature});
  auth::Sha256 hash;
  for (const auto* field : fields.signed_by(signature, *one.field))
    hash.add(auth::canonical_field(*field, signature.header));
  hash.add(auth::canonical_signature(*one.field, signature.header));
  return hash.finish();
}

void check_signed(Job job) {
  static const Signer signer;
  using Header = mail::HeaderFields;
  using Screened = auth::ScreenedDkim;
  job.record = signer.record();
  set_tag(job.message, job.settings, "a",
          [](const Header&, const Screened&) { return "ed25519-sha256"; });
  set_tag(job.message, job.settings, "bh",
          [&](const Header&, const Screened& one) { return body_hash(job, one); });
  set_tag(job.message, job.settings, "b", [](const Header& header, const Screened& one) {
    return signer.sign(header_hash(header, one));
  });
  const mail::HeaderFields header(job.message);
  const auto screen = auth::screen_dkim(header, job.settings, kNow);
  const auto* const one = first_open(screen);
  if (one == nullptr || one->read.signature.length) return;
  const auto verdicts = job.verdicts();
  const auto& verdict =
      verdicts.signatures.at(static_cast<std::size_t>(one - &screen.signatures[0]));
  require(job.verdicts(true) == verdicts, "our own code says what libopendkim says");
  // The name of its key may be too long to be asked for, and a CR or LF stand alone in the body.
  require(verdict.result != auth::DkimResult::Fail, "what was signed passes");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Job job;
  job.piece = input.byte() % kMostPiece + 1;
  job.settings.max_signatures = input.byte() % kMostSignatures + 1;
  const std::string_view rest = input.rest();
  job.record = rest.substr(0, rest.find('\n'));
  job.message = rest.substr(std::min(job.record.size() + 1, rest.size()));
  check_record(job.record);

  const auth::DkimVerdicts verdicts = job.verdicts();
  for (const auth::DkimVerdict& verdict : verdicts.signatures) check_verdict(verdict);
  Job whole = job;
  whole.piece = std::string::npos;
  require(whole.verdicts() == verdicts, "the pieces of the body do not matter");
  require(job.verdicts(true) == verdicts, "our own code says what libopendkim says");
  check_alone(job);
  check_signed(job);
  return 0;
}
