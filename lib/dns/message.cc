// SPDX-License-Identifier: Apache-2.0
#include "dns/message.h"

#include <netinet/in.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "dns/name.h"

namespace dns {
namespace {

constexpr std::size_t kHeader = 12;  // octets; RFC 1035 section 4.1.1
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kInternet = 1;
constexpr std::uint16_t kCname = 5;
constexpr unsigned kNoError = 0;
constexpr unsigned kNxDomain = 3;
constexpr std::uint8_t kPointer = 0xc0;
constexpr std::size_t kMaxWireName = 255;  // RFC 1035 section 2.3.4
constexpr int kMaxPointers = 128;          // in a name: one before each of its labels

// Reads on from a place in the message; once something is missing, all that follows is zero.
class Reader {
 public:
  Reader(std::string_view message, std::size_t at) : message_(message), at_(at) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::string_view message() const { return message_; }

  std::uint8_t byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  std::uint16_t number() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::string_view bytes(std::size_t count) {
    ok_ = ok_ && count <= message_.size() - at_;
    if (!ok_) return {};
    at_ += count;
    return message_.substr(at_ - count, count);
  }
  void fail() { ok_ = false; }

 private:
  std::string_view message_;
  std::size_t at_;
  bool ok_ = true;
};

// A name as it stands, compressed or not (RFC 1035 section 4.1.4).
struct Name {
  std::string text;      // normalized; empty for the root
  bool writable = true;  // false: a label holds a dot, and `text` would be another name
};

// A pointer must go back, each further than the last, and there may be no more than a name has
// labels: else each record could cost as much as the message is long. Where the name is cut short
// by the end of the message, or too long, the reader fails.
Name read_name(Reader& reader) {
  Name name;
  std::size_t wire_size = 1;
  std::size_t bound = reader.at();
  int pointers = 0;
  std::optional<Reader> elsewhere;  // behind the first pointer
  Reader* from = &reader;
  for (;;) {
    const std::uint8_t size = from->byte();
    if (size == 0 || !from->ok()) break;
    if (size >= kPointer) {
      const std::size_t target = std::size_t{size & 0x3fu} << 8 | from->byte();
      if (!from->ok() || target >= bound || ++pointers > kMaxPointers) return reader.fail(), name;
      bound = target;
      elsewhere.emplace(reader.message(), target);
      from = &*elsewhere;
      continue;
    }
    const std::string_view label = from->bytes(size);
    wire_size += size + 1u;
    if (size > kMaxLabel || wire_size > kMaxWireName) return reader.fail(), name;
    name.writable = name.writable && label.find('.') == std::string_view::npos;
    name.text.append(label).append(1, '.');
  }
  if (!from->ok()) reader.fail();
  if (name.text.empty()) return name;
  name.text = normalized_name(name.text).value_or(std::string());
  name.writable = name.writable && !name.text.empty();
  return name;
}

// A record of the answer section: its data lie in the message from `data` on.
struct Record {
  Name owner;
  std::uint16_t type = 0;
  std::size_t data = 0;
  std::size_t size = 0;
};

std::optional<Record> read_record(Reader& reader) {
  Record record;
  record.owner = read_name(reader);
  record.type = reader.number();
  const std::uint16_t record_class = reader.number();
  reader.bytes(4);  // TTL: the resolver has seen to it
  record.size = reader.number();
  record.data = reader.at();
  reader.bytes(record.size);
  // What is not of the Internet answers nothing that we ask.
  if (record_class != kInternet) record.type = 0;
  if (!reader.ok()) return {};
  return record;
}

std::optional<std::vector<Record>> read_records(std::string_view message) {
  Reader header(message, 4);
  const std::uint16_t questions = header.number();
  const std::uint16_t answers = header.number();
  Reader reader(message, kHeader);
  for (unsigned i = 0; i < questions && reader.ok(); ++i) {
    read_name(reader);
    reader.bytes(4);
  }
  std::vector<Record> records;
  for (unsigned i = 0; i < answers; ++i) {
    auto record = read_record(reader);
    if (!record) return {};
    records.push_back(std::move(*record));
  }
  return records;
}

// Each takes the data of one record into the answer; false: they are not what the type says.

bool take_address(Answer& answer, std::string_view data) {
  if (data.size() == sizeof(in_addr)) {
    in_addr address{};
    std::memcpy(&address, data.data(), sizeof address);
    answer.addresses.push_back(base::IpAddress::from_v4(address));
    return true;
  }
  in6_addr address{};
  std::memcpy(&address, data.data(), sizeof address);
  answer.addresses.push_back(base::IpAddress::from_v6(address));
  return true;
}

// RFC 1035 section 3.3.14; RFC 7208 section 3.3 joins the strings without blanks.
bool take_text(Answer& answer, std::string_view data) {
  std::string text;
  do {
    const std::size_t size = data.empty() ? 0 : static_cast<std::uint8_t>(data.front());
    if (data.size() < size + 1) return false;
    text += data.substr(1, size);
    data.remove_prefix(size + 1);
  } while (!data.empty());
  answer.texts.push_back(std::move(text));
  return true;
}

bool take_exchange(Answer& answer, Reader reader, std::size_t end) {
  MailExchange exchange;
  exchange.preference = reader.number();
  Name host = read_name(reader);
  if (!reader.ok() || reader.at() != end) return false;
  exchange.host = std::move(host.text);
  if (host.writable) answer.exchanges.push_back(std::move(exchange));
  return true;
}

bool take_name(Answer& answer, Reader reader, std::size_t end) {
  Name name = read_name(reader);
  if (!reader.ok() || reader.at() != end) return false;
  if (name.writable && !name.text.empty()) answer.names.push_back(std::move(name.text));
  return true;
}

bool take_record(Answer& answer, Type type, std::string_view message, const Record& record) {
  const std::string_view data = message.substr(record.data, record.size);
  const Reader reader(message, record.data);
  const std::size_t end = record.data + record.size;
  switch (type) {
    case Type::A:
      return data.size() == sizeof(in_addr) && take_address(answer, data);
    case Type::Aaaa:
      return data.size() == sizeof(in6_addr) && take_address(answer, data);
    case Type::Mx:
      return take_exchange(answer, reader, end);
    case Type::Txt:
      return take_text(answer, data);
    case Type::Ptr:
      break;
  }
  return take_name(answer, reader, end);
}

bool is_empty(const Answer& answer) {
  return answer.addresses.empty() && answer.texts.empty() && answer.exchanges.empty() &&
         answer.names.empty();
}

Answer failure(std::string reason) {
  return Answer::of(Status::Failure, Security::Unknown, std::move(reason));
}

// The CNAME of a name; nothing when it has none.
const Record* alias_of(const std::vector<Record>& records, const std::string& name) {
  for (const Record& record : records)
    if (record.type == kCname && record.owner.writable && record.owner.text == name) return &record;
  return nullptr;
}

Answer collect(std::string_view message, const std::vector<Record>& records, std::string name,
               Type type) {
  for (int aliases = 0; const Record* alias = alias_of(records, name); ++aliases) {
    if (aliases == kMaxAliases) return failure("a chain of CNAMEs without end");
    Reader reader(message, alias->data);
    Name target = read_name(reader);
    if (!reader.ok() || reader.at() != alias->data + alias->size) return failure("damaged CNAME");
    if (!target.writable || target.text.empty()) return Answer::of(Status::NoName);
    name = std::move(target.text);
  }
  Answer answer = Answer::of(Status::Records);
  for (const Record& record : records) {
    if (record.type != code_of(type) || !record.owner.writable || record.owner.text != name)
      continue;
    if (!take_record(answer, type, message, record))
      return failure(std::string("damaged ") + name_of(type) + " record");
  }
  if (is_empty(answer)) answer.status = Status::NoData;
  return answer;
}

}  // namespace

std::string name_of_code(unsigned rcode) {
  // RFC 1035 section 4.1.1.
  constexpr std::array kNames = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return rcode < kNames.size() ? kNames.at(rcode) : "RCODE " + std::to_string(rcode);
}

Answer read_answer(std::string_view message, const Question& question) {
  if (message.size() < kHeader || message.size() > kMaxMessage) return failure("damaged answer");
  Reader header(message, 2);
  const std::uint16_t flags = header.number();
  const unsigned rcode = flags & 0xfu;
  if (rcode != kNoError && rcode != kNxDomain) return failure(name_of_code(rcode));
  if ((flags & kTruncated) != 0) return failure("truncated answer");
  const auto records = read_records(message);
  if (!records) return failure("damaged answer");
  // Of the name at the end of the CNAMEs (RFC 6604 section 3).
  if (rcode == kNxDomain) return Answer::of(Status::NoName);
  return collect(message, *records, question.name, question.type);
}

}  // namespace dns
