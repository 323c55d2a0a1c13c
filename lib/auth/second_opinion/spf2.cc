// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/spf2.h"

// What libspf2's headers include must not come to stand in extern "C" with them.
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/types.h>
#include <unistd.h>

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_log.h>
}

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <string_view>
#include <vector>

#include "auth/spf_record.h"
#include "auth/verify.h"
#include "base/assert.h"
#include "dns/name.h"

namespace auth::second_opinion {
namespace {

// What one evaluation may see. Where it wants to see more, it gets errors until it ends, and its
// result does not count.
class View {
 public:
  explicit View(const dns::AnswerTable& answers) : answers_(answers) {}

  Refusal refusal() const { return refusal_; }
  std::nullptr_t refuse(Refusal reason) {
    if (refusal_ == nullptr) refusal_ = reason;
    return nullptr;
  }

  // Nothing: it was refused.
  const dns::Answer* find(std::string_view name, dns::Type type) {
    static const dns::Answer kNoName = dns::Answer::of(dns::Status::NoName);
    if (refusal_ != nullptr) return nullptr;
    if (++lookups_ > kMaxLookups) return refuse("it asks the DNS too often");
    // RFC 7208 section 7.3 cuts such a name, libspf2 does not.
    if (name.size() > dns::kMaxName) return refuse("it makes a name that is too long");
    const auto question = dns::Question::about(name, type);
    if (!question) return &kNoName;
    const bool is_clients = std::ranges::count(client_names_, question->name) > 0;
    const dns::Answer* answer = answers_.find(*question);
    // It looks at all names of the client, where we ask only for those that could match.
    if (answer == nullptr && is_clients) return &kNoName;
    if (answer == nullptr) return refuse("it asks for what our verdict did not need");
    if (const Refusal reason = refuse_answer(type, *answer)) return refuse(reason);
    if (answer->failed() && is_clients) return refuse(kClientNameFailed);
    if (type == dns::Type::Ptr) client_names_ = answer->names;
    return answer;
  }

 private:
  const dns::AnswerTable& answers_;
  Refusal refusal_ = nullptr;
  std::size_t lookups_ = 0;
  std::vector<std::string> client_names_;
};

View& view_of(const SPF_dns_server_t* layer) { return *static_cast<View*>(layer->hook); }

// In the order of dns::Status.
constexpr std::array kErrors = {NETDB_SUCCESS, NO_DATA, HOST_NOT_FOUND, TRY_AGAIN};

struct TypeRow {
  ns_type theirs;
  dns::Type ours;
};

// SPF records and explanations take other ways.
constexpr std::array kTypes = {
    TypeRow{ns_t_a, dns::Type::A},
    TypeRow{ns_t_aaaa, dns::Type::Aaaa},
    TypeRow{ns_t_mx, dns::Type::Mx},
    TypeRow{ns_t_ptr, dns::Type::Ptr},
};

void add_datum(SPF_dns_rr_t& to, const void* data, std::size_t size) {
  const auto failed = SPF_dns_rr_buf_realloc(&to, to.num_rr, size);
  POSTERN_ASSERT(failed == SPF_E_SUCCESS);
  std::memcpy(to.rr[to.num_rr++], data, size);
}

// An IPv6 address, as which base::IpAddress does not know ::ffff:192.0.2.1.
in6_addr mapped(const base::IpAddress& address) {
  in6_addr result{};
  auto* bytes = static_cast<std::uint8_t*>(result.s6_addr);
  if (!address.is_v4()) {
    std::copy_n(address.bytes().begin(), sizeof result, bytes);
  } else {
    bytes[10] = bytes[11] = 0xff;
    std::copy_n(address.bytes().begin(), sizeof(in_addr), bytes + 12);
  }
  return result;
}

void add_addresses(SPF_dns_rr_t& to, const std::vector<base::IpAddress>& addresses) {
  for (const base::IpAddress& address : addresses) {
    if (to.rr_type == ns_t_aaaa) {
      const in6_addr datum = mapped(address);
      add_datum(to, &datum, sizeof datum);
    } else if (address.is_v4()) {
      add_datum(to, address.bytes().data(), sizeof(in_addr));
    }
  }
}

void add_name(SPF_dns_rr_t& to, const std::string& name) {
  add_datum(to, name.c_str(), name.size() + 1);
}

// Its list of the type asked; an answer that came from elsewhere may have others.
void add_data(SPF_dns_rr_t& to, const dns::Answer& answer) {
  if (to.rr_type == ns_t_ptr) {
    for (const std::string& name : answer.names) add_name(to, name);
  } else if (to.rr_type == ns_t_mx) {
    // In the order in which we try them: the DNS has none.
    auto exchanges = answer.exchanges;
    std::sort(exchanges.begin(), exchanges.end());
    for (const auto& exchange : exchanges) add_name(to, exchange.host);
  } else {
    add_addresses(to, answer.addresses);
  }
}

SPF_dns_rr_t* look_up(SPF_dns_server_t* layer, const char* name, ns_type type, int) noexcept {
  View& view = view_of(layer);
  const auto* row = std::ranges::find(kTypes, type, &TypeRow::theirs);
  const dns::Answer* answer = row != kTypes.end()
                                  ? view.find(name, row->ours)
                                  : view.refuse("it asks for a type that SPF does not need");
  const int error = answer == nullptr ? TRY_AGAIN : kErrors.at(std::size_t(answer->status));
  SPF_dns_rr_t* result = SPF_dns_rr_new_init(layer, name, type, 0, error);
  POSTERN_ASSERT(result != nullptr);
  if (error == NETDB_SUCCESS) add_data(*result, *answer);
  // It takes success without a record for what cannot be.
  if (error == NETDB_SUCCESS && result->num_rr == 0) result->herrno = NO_DATA;
  return result;
}

SPF_errcode_t finish(SPF_response_t& response, SPF_result_t result, SPF_errcode_t error) {
  response.result = result;
  response.reason = SPF_REASON_FAILURE;
  return response.err = error;
}

// What it makes of a record that the guard let through. Its memory for one is small, and it drops
// without a word what has no room.
SPF_errcode_t compile(SPF_server_t* server, SPF_response_t& response, SPF_record_t** record,
                      View& view, const std::string& text) {
  if (const Refusal reason = refuse_record(text)) {
    view.refuse(reason);
    return finish(response, SPF_RESULT_TEMPERROR, SPF_E_DNS_ERROR);
  }
  const auto error = SPF_record_compile(server, &response, record, text.c_str());
  if (error != SPF_E_SUCCESS) return finish(response, SPF_RESULT_PERMERROR, error);
  const auto parsed = std::get<SpfRecord>(parse_spf_record(text));
  // A redirect is a mechanism to it.
  if ((*record)->num_mech != parsed.directives.size() + (parsed.redirect ? 1 : 0))
    view.refuse("it has no room for all of a long record");
  return SPF_E_SUCCESS;
}

// RFC 7208 section 4.5. Its own way would ask for the type SPF too, and needs a blank behind the
// version.
SPF_errcode_t get_record(SPF_server_t* server, SPF_request_t* request, SPF_response_t* response,
                         SPF_record_t** record) noexcept {
  *record = nullptr;
  View& view = view_of(server->resolver);
  const dns::Answer* answer = view.find(request->cur_dom, dns::Type::Txt);
  if (answer == nullptr || answer->failed())
    return finish(*response, SPF_RESULT_TEMPERROR, SPF_E_DNS_ERROR);
  const auto& texts = answer->texts;
  const auto count = std::count_if(texts.begin(), texts.end(), is_spf_record);
  if (count == 0) return finish(*response, SPF_RESULT_NONE, SPF_E_NOT_SPF);
  if (count > 1) return finish(*response, SPF_RESULT_PERMERROR, SPF_E_MULTIPLE_RECORDS);
  return compile(server, *response, record, view,
                 *std::find_if(texts.begin(), texts.end(), is_spf_record));
}

// Texts of strangers for people are what it is worst at, and nobody wants one.
SPF_errcode_t get_explanation(SPF_server_t*, const char*, char** text, std::size_t* size) noexcept {
  POSTERN_ASSERT(*text != nullptr && *size > 0);
  **text = '\0';
  return SPF_E_SUCCESS;
}

SPF_dns_server_t layer() {
  SPF_dns_server_t layer{};
  layer.lookup = look_up;
  layer.get_spf = get_record;
  layer.get_exp = get_explanation;
  layer.name = "answers";
  return layer;
}

// It ends the process where the name of the host does not fit into its memory.
bool has_usable_host_name() {
  std::array<char, HOST_NAME_MAX> name;
  return ::gethostname(name.data(), name.size()) == 0;
}

SpfResult result_of(const SPF_response_t& response) {
  switch (response.result) {
    case SPF_RESULT_NONE:
      return SpfResult::None;
    case SPF_RESULT_NEUTRAL:
      return SpfResult::Neutral;
    case SPF_RESULT_PASS:
      return SpfResult::Pass;
    case SPF_RESULT_FAIL:
      return SpfResult::Fail;
    case SPF_RESULT_SOFTFAIL:
      return SpfResult::SoftFail;
    case SPF_RESULT_TEMPERROR:
      return SpfResult::TempError;
    default:
      return SpfResult::PermError;
  }
}

void set_client(SPF_request_t& request, const base::IpAddress& client) {
  if (client.is_v4()) {
    in_addr address{};
    std::memcpy(&address, client.bytes().data(), sizeof address);
    SPF_request_set_ipv4(&request, address);
  } else {
    in6_addr address{};
    std::memcpy(&address, client.bytes().data(), sizeof address);
    SPF_request_set_ipv6(&request, address);
  }
}

template <auto kFree>
struct Free {
  void operator()(auto* pointer) const { kFree(pointer); }
};
using Server = std::unique_ptr<SPF_server_t, Free<SPF_server_free>>;
using Request = std::unique_ptr<SPF_request_t, Free<SPF_request_free>>;
using Response = std::unique_ptr<SPF_response_t, Free<SPF_response_free>>;

Request make_request(SPF_server_t* server, const SpfQuery& query) {
  Request request(SPF_request_new(server));
  POSTERN_ASSERT(request != nullptr);
  set_client(*request, query.client);
  const std::string local_part = query.local_part.empty() ? "postmaster" : query.local_part;
  // In this order: helo would otherwise become the sender.
  SPF_request_set_env_from(request.get(), (local_part + '@' + query.sender_domain).c_str());
  SPF_request_set_helo_dom(request.get(), query.helo.c_str());
  return request;
}

}  // namespace

struct Spf2::Library {
  SPF_dns_server_t resolver = layer();
  Server server{SPF_server_new_dns(&resolver, 0)};
};

Spf2::Spf2() {
  if (!has_usable_host_name()) return;
  // Its messages would go to standard output and error.
  SPF_warning_handler = SPF_info_handler = SPF_debug_handler = nullptr;
  library_ = std::make_unique<Library>();
  POSTERN_ASSERT(library_->server != nullptr);
}

Spf2::~Spf2() = default;

std::variant<SpfResult, Refusal> Spf2::ask(const SpfQuery& query, const dns::AnswerTable& answers) {
  if (library_ == nullptr) return "the name of this host is too long for it";
  View view(answers);
  library_->resolver.hook = &view;
  const Request request = make_request(library_->server.get(), query);
  SPF_response_t* made = nullptr;
  SPF_request_query_mailfrom(request.get(), &made);
  const Response response(made);
  library_->resolver.hook = nullptr;
  POSTERN_ASSERT(response != nullptr);
  if (view.refusal() != nullptr) return view.refusal();
  return result_of(*response);
}

}  // namespace auth::second_opinion
