// SPDX-License-Identifier: Apache-2.0
// verify_cases DIRECTORY: judges the message of a case (README.md), decides, and compares. Nothing
// may depend on when the parts of the message come, nor on the order in which the DNS answers. A
// DNS that fails, altogether or at one question, may leave a check open, and nothing else: no other
// result comes of it than the one that is due, and no refusal for good.
//
// verify_cases --show DIRECTORY: prints what is found, in the form of `expected`.
// verify_cases --field DIRECTORY...: prints the Authentication-Results field of each, as a word.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "policy/auth_results.h"
#include "support/auth_results_reader.h"
#include "support/verify_case.h"
#include "support/words.h"

namespace {

using support::VerifyCase;
using Answers = std::function<dns::Answer(const dns::Question&)>;

// When the parts of a message come.
enum class Arrival {
  AtOnce,  // all is there when it begins
  Asked,   // when nothing can be asked any more without them
  Early    // one with every round
};

enum class Order {
  Together,  // all answers of a round
  LastFirst  // one at a time, and that to the last question
};

struct Way {
  Arrival arrival;
  Order order;
  const char* name;
};

constexpr Way kWays[] = {
    {Arrival::Asked, Order::Together, "with the header first and the body later"},
    {Arrival::Early, Order::Together, "with parts that come early"},
    {Arrival::AtOnce, Order::LastFirst, "with answers in another order"},
    {Arrival::Asked, Order::LastFirst, "with answers in another order, and parts that come later"},
};
constexpr Way kPlain = {Arrival::AtOnce, Order::Together, "with the whole message at once"};

// One message on its way to its verdicts.
class Run {
 public:
  Run(const VerifyCase& one, const Way& way, Answers answers)
      : one_(one),
        way_(way),
        answer_(std::move(answers)),
        header_(mail::HeaderFields(one.message)),
        body_(std::string_view(one.message).substr(header_.size_with_empty_line())) {}

  auth::Verdicts judge(auth::Libraries& libraries) {
    int parts = way_.arrival == Arrival::AtOnce ? 2 : 0;
    for (;; ++rounds_) {
      const auth::MessageParts message = {parts > 0 ? &header_ : nullptr,
                                          parts > 1 ? &body_ : nullptr};
      auto outcome = auth::verify(one_.facts, message, answers_, asked_, libraries);
      if (auto* verdicts = std::get_if<auth::Verdicts>(&outcome)) return std::move(*verdicts);
      const auto& need = std::get<auth::Need>(outcome);
      ask(need);
      if (need.questions.empty() || way_.arrival == Arrival::Early) parts = std::min(parts + 1, 2);
    }
  }

  const dns::AnswerTable& answers() const { return answers_; }
  unsigned rounds() const { return rounds_; }

 private:
  void ask(const auth::Need& need) {
    for (std::size_t i = 0; i < need.questions.size(); ++i) {
      const bool of_message = i >= need.of_sender && i - need.of_sender < need.of_message;
      if (asked_.open.insert(need.questions[i]).second && of_message) ++asked_.of_message;
    }
    const std::size_t first =
        way_.order == Order::Together || need.questions.empty() ? 0 : need.questions.size() - 1;
    for (std::size_t i = first; i < need.questions.size(); ++i) {
      answers_.add(need.questions[i], answer_(need.questions[i]));
      asked_.open.erase(need.questions[i]);
    }
  }

  const VerifyCase& one_;
  const Way way_;
  const Answers answer_;
  const mail::HeaderFields header_;
  auth::TextBody body_;
  dns::AnswerTable answers_;
  auth::Asked asked_;
  unsigned rounds_ = 0;
};

class Report {
 public:
  void require(bool holds, const std::string& what) {
    if (!holds) complain(what);
  }
  void complain(const std::string& what) {
    std::printf("%s\n", what.c_str());
    ++complaints_;
  }
  // Prints what only one of them has.
  void compare(const std::vector<std::string>& due, const std::vector<std::string>& found,
               const std::string& how) {
    if (due == found) return;
    complain("not as it should be, " + how + ':');
    print_missing('-', due, found);
    print_missing('+', found, due);
    if (due.size() == found.size() && std::is_permutation(due.begin(), due.end(), found.begin()))
      std::printf("  in another order\n");
  }
  bool good() const { return complaints_ == 0; }

 private:
  static void print_missing(char sign, const std::vector<std::string>& lines,
                            const std::vector<std::string>& from) {
    for (const std::string& line : lines) {
      if (std::find(from.begin(), from.end(), line) == from.end())
        std::printf("  %c %s\n", sign, line.c_str());
    }
  }

  unsigned complaints_ = 0;
};

Answers of_zone(const VerifyCase& one) {
  return [&one](const dns::Question& question) {
    const dns::Answer* answer = one.zone.find(question);
    return answer != nullptr ? *answer : dns::Answer::of(dns::Status::NoName);
  };
}

dns::Answer failure() {
  return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, "no answer");
}

policy::Disposition disposition_of(const VerifyCase& one, const auth::Verdicts& verdicts) {
  return policy::decide(one.facts.session, verdicts, one.settings);
}

// As `expected` has them.
std::vector<std::string> lines_of(const VerifyCase& one, const auth::Verdicts& verdicts) {
  auto lines = support::lines_of(verdicts);
  for (std::string& line : support::lines_of(disposition_of(one, verdicts)))
    lines.push_back(std::move(line));
  return lines;
}

// What is refused for good when the DNS fails is refused without that too; and what should not be
// delivered is not, if the configuration says so. A null MX that nobody can ask for is none.
void require_patience(const VerifyCase& one, const auth::Verdicts& found, const auth::Verdicts& due,
                      const std::string& how, Report& report) {
  using policy::Action;
  const auto then = disposition_of(one, found);
  const auto normal = disposition_of(one, due);
  report.require(then.action != Action::Reject || normal.action == Action::Reject,
                 "refused for good " + how);
  report.require(!then.refusal || then.refusal->temporary() == (then.action == Action::Defer),
                 "another class of reply " + how);
  const bool defers = one.settings.on_temporary_error == policy::OnTemporaryError::Defer;
  if (defers && normal.action != Action::Deliver && normal.check != policy::Check::NullMx)
    report.require(then.action != Action::Deliver, "delivered " + how);
}

// Only the results, for reasons may differ.
void require_due_or_open(const auth::Verdicts& found, const auth::Verdicts& due,
                         const std::string& how, Report& report) {
  const auto require = [&](auto result, auto wanted, auto open, const char* what) {
    report.require(result == wanted || result == open, what + (" comes out otherwise " + how));
  };
  require(found.spf.mailfrom.result, due.spf.mailfrom.result, auth::SpfResult::TempError,
          "mailfrom");
  require(found.spf.helo.result, due.spf.helo.result, auth::SpfResult::TempError, "helo");
  require(found.iprev.result, due.iprev.result, auth::IprevResult::TempError, "iprev");
  require(found.null_mx, due.null_mx, auth::NullMx::Unknown, "null_mx");
  require(found.dmarc.result, due.dmarc.result, auth::DmarcResult::TempError, "dmarc");
  if (found.dmarc.result == auth::DmarcResult::Fail)
    report.require(found.dmarc.policy() == due.dmarc.policy(), "the policy is another " + how);
  for (std::size_t i = 0; i < due.dkim.signatures.size(); ++i)
    require(found.dkim.signatures.at(i).result, due.dkim.signatures[i].result,
            auth::DkimResult::TempError, "dkim");
}

// RFC 7208 section 5.5: where the DNS fails, the mechanism "ptr" does not match; so a failure may
// lead to any other result.
bool has_ptr(const VerifyCase& one) {
  for (const dns::Entry& entry : one.zone.entries()) {
    for (const std::string& text : entry.answer.texts) {
      if (text.starts_with("v=spf1") && text.find(" ptr") != std::string::npos) return true;
    }
  }
  return false;
}

void check_failures(const VerifyCase& one, const auth::Verdicts& due, const dns::AnswerTable& asked,
                    auth::Libraries& libraries, Report& report) {
  const auto judge = [&](const Answers& answers) {
    return Run(one, kPlain, answers).judge(libraries);
  };
  const auto all = judge([](const dns::Question&) { return failure(); });
  require_due_or_open(all, due, "when the whole DNS fails", report);
  require_patience(one, all, due, "when the whole DNS fails", report);
  if (has_ptr(one)) return;
  for (const dns::Entry& entry : asked.entries()) {
    const auto without = judge([&](const dns::Question& question) {
      return question == entry.question ? failure() : of_zone(one)(question);
    });
    const std::string how = "when " + entry.question.to_string() + " fails";
    require_due_or_open(without, due, how, report);
    require_patience(one, without, due, how, report);
  }
}

std::string field_of(const VerifyCase& one, const auth::Verdicts& verdicts, bool smtputf8) {
  return policy::authentication_results(one.settings.authserv_id, one.facts.session, verdicts,
                                        disposition_of(one, verdicts), smtputf8);
}

// The verdicts as a reader of the field should find them: "dkim=pass".
std::vector<std::string> results_in(const std::vector<std::string>& expected) {
  std::vector<std::string> results;
  std::vector<std::string> others;  // signatures that did not pass come last
  bool has_dkim = false;
  for (const std::string& line : expected) {
    const std::string name = line.substr(0, line.find(' '));
    const std::string value = line.substr(name.size() + 1);
    const std::string result = value.substr(0, value.find_first_of(" :"));
    has_dkim = has_dkim || name == "dkim" || name == "unlisted";
    if (name == "mailfrom" || name == "helo") results.push_back("spf=" + result);
    if (name == "iprev") results.push_back("iprev=" + result);
    if (name == "dmarc") results.insert(results.begin() + 3, "dmarc=" + result);
    if (name == "dkim") (result == "pass" ? results : others).push_back("dkim=" + result);
  }
  results.insert(results.end(), others.begin(), others.end());
  if (!has_dkim) results.emplace_back("dkim=none");
  return results;
}

// What the field tells only as a number is taken from `due`.
void leave_out_untold(const std::string& reason, std::uint64_t unlisted,
                      std::vector<std::string>& due, Report& report) {
  const std::uint64_t untold = std::strtoull(reason.c_str(), nullptr, 10);
  report.require(reason == std::to_string(untold) + " more, not told here" && untold >= unlisted &&
                     untold - unlisted <= due.size(),
                 "the field ends in \"" + reason + '"');
  if (report.good()) due.resize(due.size() - (untold - unlisted));
}

void check_field(const VerifyCase& one, const auth::Verdicts& verdicts, bool smtputf8,
                 Report& report) {
  const std::string field = field_of(one, verdicts, smtputf8);
  report.require(field.size() <= mail::kMaxAuthResults, "the field is too long");
  const auto read = support::AuthResultsReader::read(field, smtputf8);
  if (!read) return report.complain("the field cannot be read:\n" + field);
  report.require(read->authserv_id == one.settings.authserv_id, "the field is of another server");
  std::vector<std::string> found;
  for (const mail::AuthResult& result : read->results)
    found.push_back(result.method + '=' + result.result);
  auto due = results_in(one.expected);
  const bool is_cut = found.size() <= due.size() && found != due;
  if (is_cut || verdicts.dkim.unlisted > 0) {
    leave_out_untold(read->results.back().reason, verdicts.dkim.unlisted, due, report);
    due.emplace_back("dkim=neutral");
  }
  report.compare(due, found, "in the field");
}

void play(const VerifyCase& one, auth::Libraries& libraries, Report& report) {
  Run run(one, kPlain, of_zone(one));
  const auth::Verdicts verdicts = run.judge(libraries);
  const auto lines = lines_of(one, verdicts);
  report.compare(one.expected, lines, kPlain.name);
  for (const bool smtputf8 : {false, true}) check_field(one, verdicts, smtputf8, report);
  report.require(run.rounds() <= auth::kMaxRounds, "it takes too many rounds");
  for (const Way& way : kWays) {
    const auth::Verdicts other = Run(one, way, of_zone(one)).judge(libraries);
    report.compare(lines, lines_of(one, other), way.name);
    report.require(other == verdicts, std::string("the verdicts are others, ") + way.name);
  }
  check_failures(one, verdicts, run.answers(), libraries, report);
}

auth::Libraries make_libraries() {
  auto dkim = auth::DkimLibrary::create();
  if (!dkim) {
    std::fprintf(stderr, "%s\n", dkim.error().reason.c_str());
    std::exit(EXIT_FAILURE);
  }
  return {*std::move(dkim), {}};
}

void show(const VerifyCase& one, auth::Libraries& libraries) {
  const auto verdicts = Run(one, kPlain, of_zone(one)).judge(libraries);
  for (const std::string& line : lines_of(one, verdicts)) std::printf("%s\n", line.c_str());
}

void show_field(const VerifyCase& one, auth::Libraries& libraries) {
  const auto verdicts = Run(one, kPlain, of_zone(one)).judge(libraries);
  std::printf("%s\n", support::encode(field_of(one, verdicts, false)).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  const std::string_view option = first.starts_with("--") ? first : "";
  const int begin = option.empty() ? 1 : 2;
  const bool is_known = option.empty() || option == "--show" || option == "--field";
  if (!is_known || begin >= argc || (option != "--field" && argc - begin > 1)) return EXIT_FAILURE;
  Report report;
  auth::Libraries libraries = make_libraries();
  for (int i = begin; i < argc; ++i) {
    const VerifyCase one = support::read_verify_case(argv[i]);
    for (const std::string& complaint : one.complaints) report.complain(complaint);
    if (option == "--show") {
      show(one, libraries);
    } else if (option == "--field") {
      show_field(one, libraries);
    } else if (report.good()) {
      play(one, libraries, report);
    }
  }
  return report.good() ? EXIT_SUCCESS : EXIT_FAILURE;
}
