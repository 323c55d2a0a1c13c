// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/opendmarc.h"

#include <opendmarc/dmarc.h>

#include <memory>

#include "base/assert.h"

namespace auth::second_opinion {
namespace {

struct Shutdown {
  void operator()(DMARC_POLICY_T* context) const { opendmarc_policy_connect_shutdown(context); }
};
using Context = std::unique_ptr<DMARC_POLICY_T, Shutdown>;

// It takes what it only reads as if it wrote to it.
u_char* text_of(const std::string& text) {
  return reinterpret_cast<u_char*>(const_cast<char*>(text.c_str()));
}

Context make_context(const std::string& author) {
  static const std::string kAnyClient = "192.0.2.1";  // it is not looked at
  Context context(opendmarc_policy_connect_init(text_of(kAnyClient), DMARC_POLICY_IP_TYPE_IPV4));
  POSTERN_ASSERT(context != nullptr);
  const int stored = opendmarc_policy_store_from_domain(context.get(), text_of(author));
  POSTERN_ASSERT(stored == DMARC_PARSE_OKAY);
  return context;
}

// With a name of an organization it applies sp, so that only comes with the record of one.
bool store_record(DMARC_POLICY_T* context, const DmarcQuestion& question) {
  u_char* organization = question.organization.empty() ? nullptr : text_of(question.organization);
  return opendmarc_policy_store_dmarc(context, text_of(*question.record), text_of(question.author),
                                      organization) == DMARC_PARSE_OKAY;
}

// Behind the record: it chooses among signatures by the alignment mode. Only such as have passed:
// a failed one behind a good one would make it forget that.
void store_identifiers(DMARC_POLICY_T* context, const DmarcQuestion& question) {
  static const std::string kAnySelector = "s";  // for reports
  for (const std::string& domain : question.dkim) {
    const int stored = opendmarc_policy_store_dkim(context, text_of(domain), text_of(kAnySelector),
                                                   DMARC_POLICY_DKIM_OUTCOME_PASS, nullptr);
    POSTERN_ASSERT(stored == DMARC_PARSE_OKAY);
  }
  if (!question.spf) return;
  const int stored =
      opendmarc_policy_store_spf(context, text_of(*question.spf), DMARC_POLICY_SPF_OUTCOME_PASS,
                                 DMARC_POLICY_SPF_ORIGIN_MAILFROM, nullptr);
  POSTERN_ASSERT(stored == DMARC_PARSE_OKAY);
}

std::optional<DmarcPolicy> policy_of(int letter) {
  switch (letter) {
    case DMARC_RECORD_P_NONE:
      return DmarcPolicy::None;
    case DMARC_RECORD_P_QUARANTINE:
      return DmarcPolicy::Quarantine;
    case DMARC_RECORD_P_REJECT:
      return DmarcPolicy::Reject;
    default:
      return {};
  }
}

// Of a message that passes, it does not say by itself what would have been asked for.
std::optional<DmarcPolicy> published(DMARC_POLICY_T* context) {
  int letter = DMARC_RECORD_P_UNSPECIFIED;
  if (opendmarc_get_policy_token_used(context) == DMARC_USED_POLICY_IS_SP)
    opendmarc_policy_fetch_sp(context, &letter);
  else
    opendmarc_policy_fetch_p(context, &letter);
  return policy_of(letter);
}

DmarcJudgement judge(DMARC_POLICY_T* context) {
  switch (opendmarc_get_policy_to_enforce(context)) {
    case DMARC_POLICY_ABSENT:
      return {DmarcResult::None, {}};
    case DMARC_POLICY_PASS:
      return {DmarcResult::Pass, published(context)};
    case DMARC_POLICY_REJECT:
      return {DmarcResult::Fail, DmarcPolicy::Reject};
    case DMARC_POLICY_QUARANTINE:
      return {DmarcResult::Fail, DmarcPolicy::Quarantine};
    case DMARC_POLICY_NONE:
      return {DmarcResult::Fail, DmarcPolicy::None};
    default:
      return {DmarcResult::PermError, {}};
  }
}

}  // namespace

DmarcJudgement ask_opendmarc(const DmarcQuestion& question) {
  const Context context = make_context(question.author);
  // Of a record that it gives up, what it has read so far would stay in force.
  if (question.record && !store_record(context.get(), question))
    return {DmarcResult::PermError, {}};
  store_identifiers(context.get(), question);
  return judge(context.get());
}

}  // namespace auth::second_opinion
