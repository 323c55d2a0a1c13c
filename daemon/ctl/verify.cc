// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/common/environment.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/role_process.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/ctl/tables.h"
#include "daemon/ctl/verify_input.h"
#include "daemon/ctl/verify_judge.h"
#include "daemon/ctl/verify_record.h"
#include "daemon/ctl/verify_report.h"
#include "net/root_files.h"
#include "policy/auth_results.h"
#include "sandbox/privileges.h"
#include "smtp/replies.h"

namespace ctl {
namespace {

using common::Failure;

constexpr int kExitRefused = 1;
// In the reply to a message that is taken: this one is not stored, so it gets no id.
constexpr char kNoQueueId[] = "QUEUE-ID";

Failure unreadable(const base::Error& error) {
  if (error.system_error == EFBIG) return {common::kExitData, error.reason};
  const bool denied = error.system_error == EACCES || error.system_error == EPERM;
  return {denied ? common::kExitNoPermission : common::kExitNoInput, error.reason};
}

// All that is needed before anything is started.
struct Case {
  std::optional<Record> recorded;
  config::Config config;
  std::string message;  // as it came
  std::optional<mail::StoredTrace> trace;
  MessageFacts facts;
  Envelope envelope;
  Judges judges;
};

std::optional<Failure> read_recorded(const std::string& path, Case& it) {
  const auto text = read_input(path, kMaxRecord);
  if (!text) return unreadable(text.error());
  auto record = parse_record(*text);
  if (!record) return Failure{common::kExitData, path + ": " + record.error().reason};
  it.recorded = std::move(*record);
  return std::nullopt;
}

std::optional<Failure> read_configuration(const std::string& path, Case& it) {
  config::DiskFiles files;
  config::Loaded loaded = config::load(path, files);
  if (!loaded.ok()) {
    std::fputs(config::render(loaded.diagnostics).c_str(), stderr);
    return Failure{common::load_failure_code(loaded), ""};
  }
  it.config = std::move(loaded.config);
  return std::nullopt;
}

std::optional<Failure> read_message(const VerifyOptions& options, Case& it) {
  auto bytes = read_input(options.message, kMaxMessage);
  if (!bytes) return unreadable(bytes.error());
  it.message = with_crlf(std::exchange(*bytes, {}));
  const std::string& authserv_id = it.config.auth_policy.authserv_id;
  if (!options.as_received)
    it.trace = take_stored_trace(it.message, it.config.hostname, authserv_id);
  auto facts = examine_message(it.message, authserv_id);
  if (!facts)
    return Failure{common::kExitData, "the header of " + options.message + " is larger than 1 MiB"};
  static_assert(kMaxHeader == 1u << 20);
  it.facts = std::move(*facts);
  if (it.trace) it.facts.taken_off = it.trace->fields;
  return std::nullopt;
}

std::optional<Failure> find_envelope(const VerifyOptions& options, Case& it) {
  EnvelopeSources sources{it.trace ? &*it.trace : nullptr, {}, base::wall_now()};
  if (it.recorded) sources.recorded = it.recorded->time;
  auto envelope = make_envelope(options.envelope, sources);
  if (!envelope) return Failure{common::kExitUsage, envelope.error().reason};
  it.envelope = std::move(*envelope);
  return std::nullopt;
}

std::optional<Failure> find_judges(Case& it) {
  auto user = sandbox::account_to_become(it.config.workers.user);
  if (!user) return Failure{common::kExitConfig, user.error().reason};
  it.judges.user = std::move(*user);
  auto verify = common::open_program(ipc::Role::Verify);
  if (!verify) return Failure{common::kExitOsError, verify.error().reason};
  it.judges.verify = std::move(*verify);
  if (it.recorded) return std::nullopt;
  if (const auto files = net::check_root_files(it.config.dns); !files)
    return Failure{common::kExitConfig, files.error().reason};
  auto resolve = common::open_program(ipc::Role::Resolve);
  if (!resolve) return Failure{common::kExitOsError, resolve.error().reason};
  it.judges.resolve = std::move(*resolve);
  return std::nullopt;
}

VerifyReport report_on(const VerifyOptions& options, const Case& it,
                       const auth::SessionFacts& facts, Judgement judgement) {
  const policy::AuthSettings& settings = it.config.auth_policy;
  VerifyReport report;
  report.file = options.message;
  report.replayed = it.recorded.has_value();
  report.message = it.facts;
  report.session = facts;
  report.origins = it.envelope.origins;
  report.lookups = std::move(judgement.lookups);
  report.took = judgement.took;
  report.verdicts = std::move(judgement.verdicts);
  report.disposition = policy::decide(facts, report.verdicts, settings);
  report.reply = report.disposition.refusal.value_or(smtp::replies::message_ok(kNoQueueId));
  report.authentication_results = policy::authentication_results(
      settings.authserv_id, facts, report.verdicts, report.disposition, it.envelope.smtputf8);
  report.warnings = std::move(judgement.warnings);
  if (options.second_opinion)
    report.second_opinions =
        second_opinions(it.judges.user, judgement.facts, report.verdicts, judgement.answers);
  return report;
}

base::Status write_record(const std::string& path, const VerifyReport& report) {
  const std::string text = record_of(report.session, report.lookups);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"),
                                                             std::fclose);
  if (file == nullptr || std::fputs(text.c_str(), file.get()) < 0 || std::fflush(file.get()) != 0)
    return base::Error::system("cannot write " + path, errno);
  return base::ok();
}

std::optional<Failure> publish(const VerifyOptions& options, const VerifyReport& report) {
  for (const std::string& warning : report.warnings)
    std::fprintf(stderr, "postern: warning: %s\n", for_terminal(warning).c_str());
  std::fputs((options.json ? as_json(report) : as_text(report)).c_str(), stdout);
  if (options.record.empty()) return std::nullopt;
  const auto written = write_record(options.record, report);
  if (!written) return Failure{common::kExitCannotCreate, written.error().reason};
  return std::nullopt;
}

int fail(const Failure& failure) {
  if (!failure.reason.empty())
    std::fprintf(stderr, "postern: %s\n", for_terminal(failure.reason).c_str());
  return failure.exit_code;
}

}  // namespace

int verify(const VerifyOptions& options) {
  common::open_standard_descriptors();
  Case it;
  if (const auto failure = read_configuration(options.file, it)) return fail(*failure);
  if (!options.replay.empty())
    if (const auto failure = read_recorded(options.replay, it)) return fail(*failure);
  if (const auto failure = read_message(options, it)) return fail(*failure);
  if (const auto failure = find_envelope(options, it)) return fail(*failure);
  if (const auto failure = find_judges(it)) return fail(*failure);
  const Envelope& envelope = it.envelope;
  const auth::SessionFacts facts{envelope.client, envelope.helo, auth::judged_sender(envelope.from),
                                 it.config.hostname, envelope.time};
  const auto text = std::string_view(it.message);
  const MessageText message{text.substr(0, it.facts.header_bytes),
                            text.substr(it.facts.header_bytes)};
  auto judgement =
      judge(it.judges, it.config, facts, message, it.recorded ? &it.recorded->answers : nullptr);
  if (!judgement) return fail({common::kExitUnavailable, judgement.error().reason});
  const VerifyReport report = report_on(options, it, facts, std::move(*judgement));
  if (const auto failure = publish(options, report)) return fail(*failure);
  return report.disposition.refusal ? kExitRefused : common::kExitOk;
}

}  // namespace ctl
