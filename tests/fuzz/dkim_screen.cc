// SPDX-License-Identifier: Apache-2.0
// All of DKIM over a hostile message and hostile key records. First byte: how the body is cut;
// second: how many signatures are judged. Then a line, which is the record at every name that has
// a key, and the message.
#include <string>

#include "auth/dkim.h"
#include "auth/dkim_key.h"
#include "auth/dkim_screen.h"
#include "base/ascii.h"
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

  auth::DkimVerdicts verdicts() const {
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
    auto verdicts = auth::verify_dkim(header, body, settings, kNow, lookups, library());
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
  check_alone(job);
  return 0;
}
