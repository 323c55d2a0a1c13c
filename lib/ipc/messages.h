// SPDX-License-Identifier: Apache-2.0
// The messages between our processes as structs. What each is for stands in messages.def.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "dns/answer.h"
#include "dns/answer_table.h"
#include "dns/question.h"
#include "ipc/wire.h"

namespace ipc {

enum class Type : std::uint8_t {
#define POSTERN_MESSAGE(name, number, fds, max_bytes) name = (number),
#include "ipc/messages.def"
#undef POSTERN_MESSAGE
};

// Of sessions and of bans in one answer: as JSON, for an administrator, each takes a hundred times
// the octets that it takes here.
inline constexpr std::size_t kMaxRows = 10000;
// Of one message; smtp.max_recipients may be as large.
inline constexpr std::size_t kMaxCopies = 10000;

enum class Role : std::uint8_t { Smtp, Resolve, Verify, Deliver, Opinion, Last_ = Opinion };

// "smtp", as in the name of the program postern-smtp.
const char* name_of(Role role);
const char* name_of(Type type);

// One process among those of its role. Only verify has several.
struct RoleId {
  Role role = Role::Smtp;
  std::uint32_t index = 0;
  auto operator<=>(const RoleId&) const = default;
  void visit(auto& v) { v(role, index); }
};

// "smtp", and "verify.1" for the first verifier.
std::string name_of(const RoleId& id);

template <Type type>
struct Empty {
  static constexpr Type kType = type;
  void visit(auto&) {}
};

struct Hello {
  static constexpr Type kType = Type::Hello;
  Role role = Role::Smtp;
  std::string build_id;
  void visit(auto& v) { v(role, build_id); }
};

struct Welcome {
  static constexpr Type kType = Type::Welcome;
  std::string build_id;
  void visit(auto& v) { v(build_id); }
};

struct Configure {
  static constexpr Type kType = Type::Configure;
  std::uint64_t generation = 0;  // counts the configurations that were in force
  void visit(auto& v) { v(generation); }
};

struct Listener {
  static constexpr Type kType = Type::Listener;
  std::uint32_t index = 0;  // of the listener in the settings
  void visit(auto& v) { v(index); }
};

struct Directory {
  static constexpr Type kType = Type::Directory;
  enum class Kind : std::uint8_t { Spool, State, Last_ = State };
  Kind kind = Kind::Spool;
  void visit(auto& v) { v(kind); }
};

struct Peer {
  static constexpr Type kType = Type::Peer;
  RoleId id;  // who is at the other end
  void visit(auto& v) { v(id); }
};

struct PeerLost {
  static constexpr Type kType = Type::PeerLost;
  RoleId id;
  void visit(auto& v) { v(id); }
};

struct PeerCrashed {
  static constexpr Type kType = Type::PeerCrashed;
  RoleId id;
  void visit(auto& v) { v(id); }
};

struct PeerStuck {
  static constexpr Type kType = Type::PeerStuck;
  RoleId id;
  void visit(auto& v) { v(id); }
};

using Confine = Empty<Type::Confine>;

struct Confined {
  static constexpr Type kType = Type::Confined;
  std::vector<std::string> warnings;  // what this kernel lacks
  void visit(auto& v) { v(warnings); }
};

using Serve = Empty<Type::Serve>;

struct Ping {
  static constexpr Type kType = Type::Ping;
  std::uint64_t number = 0;
  void visit(auto& v) { v(number); }
};

struct Pong {
  static constexpr Type kType = Type::Pong;
  std::uint64_t number = 0;
  // Of smtp; zero and nothing elsewhere.
  std::uint64_t sessions = 0;
  std::uint64_t networks = 0;           // that it has accounts of
  std::uint64_t bans = 0;               // in force
  std::string shedding;                 // the limit for which it refuses all; empty: it does not
  std::vector<std::uint64_t> counters;  // in the order of daemon/common/counters.h
  void visit(auto& v) { v(number, sessions, networks, bans, shedding, counters); }
};

struct Reload {
  static constexpr Type kType = Type::Reload;
  std::uint64_t generation = 0;  // of the attempt: the answer repeats it
  void visit(auto& v) { v(generation); }
};

struct Reloaded {
  static constexpr Type kType = Type::Reloaded;
  std::uint64_t generation = 0;
  std::string error;  // empty: the new settings are in force; else the old ones are
  void visit(auto& v) { v(generation, error); }
};

struct Drain {
  static constexpr Type kType = Type::Drain;
  std::uint64_t grace_ms = 0;
  void visit(auto& v) { v(grace_ms); }
};

using Drained = Empty<Type::Drained>;

struct ListSessions {
  static constexpr Type kType = Type::ListSessions;
  std::uint64_t request = 0;
  void visit(auto& v) { v(request); }
};

struct Sessions {
  static constexpr Type kType = Type::Sessions;
  struct Row {
    std::string sid;
    std::string client;
    std::string tls;    // version, or "-"
    std::string stage;  // smtp::Session::stage()
    std::string helo;   // peer text, escaped
    std::uint64_t age_ms = 0;
    std::uint64_t messages = 0;
    void visit(auto& v) { v(sid, client, tls, stage, helo, age_ms, messages); }
  };
  std::uint64_t request = 0;
  std::vector<Row> rows;
  void visit(auto& v) { v(request, at_most(rows, kMaxRows)); }
};

// A policy::Ban.
struct BanRow {
  base::Network network;
  std::string cause;
  std::string reason;
  std::string evidence;
  base::WallTime since;
  base::WallTime until;
  std::uint32_t times = 1;
  void visit(auto& v) { v(network, cause, reason, evidence, since, until, times); }
};

struct ManageBans {
  static constexpr Type kType = Type::ManageBans;
  enum class Action : std::uint8_t { List, Add, Lift, Last_ = Lift };
  std::uint64_t request = 0;
  Action action = Action::List;
  // Of Add and Lift; the last two of Add.
  base::Network network;
  std::chrono::milliseconds duration{0};
  std::string reason;
  void visit(auto& v) { v(request, action, network, duration, reason); }
};

struct Bans {
  static constexpr Type kType = Type::Bans;
  std::uint64_t request = 0;
  std::string error;         // why nothing was done; empty: it was
  std::string note;          // what else there is to know
  std::vector<BanRow> rows;  // those in force, or the one that was added
  void visit(auto& v) { v(request, error, note, at_most(rows, kMaxRows)); }
};

struct ShowLimits {
  static constexpr Type kType = Type::ShowLimits;
  std::uint64_t request = 0;
  base::IpAddress address;
  void visit(auto& v) { v(request, address); }
};

// What is counted of one network.
struct NetworkRow {
  struct Count {
    std::string limit;  // its name, as in the log
    std::string what;   // is counted, in words
    std::uint64_t used = 0;
    std::uint64_t most = 0;
    std::string rate;  // "300/1m"; empty: it does not empty by itself
    void visit(auto& v) { v(limit, what, used, most, rate); }
  };
  base::Network network;
  std::vector<Count> counts;
  void visit(auto& v) { v(network, counts); }
};

struct Limits {
  static constexpr Type kType = Type::Limits;
  // What a new connection to a listener would come to now.
  struct Prospect {
    std::uint32_t listener = 0;  // as in Listener
    std::string limit;           // empty: it would be let in
    std::string reply;           // the line
    std::string detail;
    void visit(auto& v) { v(listener, limit, reply, detail); }
  };
  std::uint64_t request = 0;
  std::optional<base::Network> exempt;  // which of limits.exempt holds the address
  std::optional<BanRow> ban;            // in force; that does not count for an exempt one
  bool has_good_history = false;
  std::vector<NetworkRow> networks;  // the narrow one first
  std::vector<Prospect> prospects;
  void visit(auto& v) { v(request, exempt, ban, has_good_history, networks, prospects); }
};

struct ListBusiest {
  static constexpr Type kType = Type::ListBusiest;
  std::uint64_t request = 0;
  void visit(auto& v) { v(request); }
};

struct Busiest {
  static constexpr Type kType = Type::Busiest;
  std::uint64_t request = 0;
  std::vector<NetworkRow> networks;
  void visit(auto& v) { v(request, networks); }
};

struct Deliver {
  static constexpr Type kType = Type::Deliver;
  struct Copy {
    std::string domain;
    std::string mailbox;
    std::string folder;
    std::string header;
    void visit(auto& v) { v(domain, mailbox, folder, header); }
  };
  std::uint64_t message = 0;         // also names the parts that were appended before, if any
  std::uint64_t appended_bytes = 0;  // all of them together
  std::uint64_t size = 0;            // of the last part, behind the descriptor, bytes
  std::vector<Copy> copies;
  // Above the message in every copy. Once, for it can be long and the copies many.
  std::string trace = {};
  void visit(auto& v) { v(message, appended_bytes, size, at_most(copies, kMaxCopies), trace); }
};

struct Delivered {
  static constexpr Type kType = Type::Delivered;
  enum class Outcome : std::uint8_t { Durable, Failed, Full, Last_ = Full };
  std::uint64_t message = 0;
  Outcome outcome = Outcome::Failed;
  std::string reason;
  std::vector<std::string> possible_duplicates;
  void visit(auto& v) { v(message, outcome, reason, possible_duplicates); }
};

// Parts of one message come in order, one at a time: the next after Appended.
struct Append {
  static constexpr Type kType = Type::Append;
  std::uint64_t message = 0;  // smtp's number for it
  std::uint64_t size = 0;     // of this part, bytes
  void visit(auto& v) { v(message, size); }
};

// Once for each message, before its first Appended. What was appended can be read there, and stays
// as it is.
struct Collecting {
  static constexpr Type kType = Type::Collecting;
  std::uint64_t message = 0;
  void visit(auto& v) { v(message); }
};

struct Appended {
  static constexpr Type kType = Type::Appended;
  std::uint64_t message = 0;
  std::string error;  // empty: done
  bool full = false;  // the error is a full disk
  void visit(auto& v) { v(message, error, full); }
};

struct Discard {
  static constexpr Type kType = Type::Discard;
  std::uint64_t message = 0;
  void visit(auto& v) { v(message); }
};

struct Resolve {
  static constexpr Type kType = Type::Resolve;
  std::uint64_t request = 0;
  std::uint64_t payer = 0;  // a dns::Payer
  dns::Question question;
  void visit(auto& v) { v(request, payer, question); }
};

struct Resolved {
  static constexpr Type kType = Type::Resolved;
  std::uint64_t request = 0;
  dns::Answer answer;
  void visit(auto& v) { v(request, answer); }
};

struct Space {
  static constexpr Type kType = Type::Space;
  std::uint64_t free_bytes = 0;
  void visit(auto& v) { v(free_bytes); }
};

// What smtp decides and deliver keeps. It means nothing to deliver.
enum class StateKind : std::uint8_t { Bans, History, Last_ = History };

// For each kind, at the beginning of the channel, behind the first Space; empty when nothing was
// ever saved.
struct KeptState {
  static constexpr Type kType = Type::KeptState;
  StateKind kind = StateKind::Bans;
  std::uint64_t size = 0;  // behind the descriptor, bytes
  void visit(auto& v) { v(kind, size); }
};

// The next of a kind after StateSaved.
struct SaveState {
  static constexpr Type kType = Type::SaveState;
  StateKind kind = StateKind::Bans;
  std::uint64_t size = 0;
  void visit(auto& v) { v(kind, size); }
};

struct StateSaved {
  static constexpr Type kType = Type::StateSaved;
  StateKind kind = StateKind::Bans;
  std::string error;  // empty: done
  void visit(auto& v) { v(kind, error); }
};

// What has come of the message of the next Judge, in this order: its header, all of it, sealed
// memory of that size; and its body, in pieces, some of which may be files that are never written
// to again. `offset` is where the piece begins behind the descriptor.
inline constexpr std::size_t kMaxBodyPieces = 2;
struct Attach {
  static constexpr Type kType = Type::Attach;
  enum class Part : std::uint8_t { Header, Body, Last_ = Body };
  std::uint64_t job = 0;
  Part part = Part::Header;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  void visit(auto& v) { v(job, part, offset, size); }
};

// A job is sent again, with more answers or more of the message, after each Need. One at a time for
// each verifier.
struct Judge {
  static constexpr Type kType = Type::Judge;
  std::uint64_t job = 0;            // smtp's number for it; the answer repeats it
  std::string facts;                // auth::Facts, packed: this folder may not know them
  std::vector<dns::Entry> answers;  // in any order
  std::vector<dns::Question> open;  // were asked, and are not answered yet
  std::uint32_t lost = 0;           // how many answers were thrown away
  std::uint32_t of_message = 0;     // how many of all questions were asked for the message
  std::string verdicts;             // auth::Verdicts, packed, for opinion; empty for verify
  void visit(auto& v) { v(job, facts, answers, open, lost, of_message, verdicts); }
};

struct Need {
  static constexpr Type kType = Type::Need;
  std::uint64_t job = 0;
  // Those that are open may be among them. None: no more is to be asked before more of the message
  // has come.
  std::vector<dns::Question> questions;
  std::uint32_t of_sender = 0;   // the first of them, and
  std::uint32_t of_message = 0;  // those behind these; the next round waits for no others
  void visit(auto& v) { v(job, questions, of_sender, of_message); }
};

struct Judged {
  static constexpr Type kType = Type::Judged;
  std::uint64_t job = 0;
  std::string verdicts;  // auth::Verdicts, packed
  void visit(auto& v) { v(job, verdicts); }
};

struct Reviewed {
  static constexpr Type kType = Type::Reviewed;
  std::uint64_t job = 0;
  std::string opinions;  // auth::second_opinion::Opinions, packed
  void visit(auto& v) { v(job, opinions); }
};

}  // namespace ipc
