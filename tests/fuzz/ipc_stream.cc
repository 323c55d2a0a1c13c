// SPDX-License-Identifier: Apache-2.0
#include "fuzz/ipc_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "fuzz/ipc_messages.h"
#include "ipc/frame.h"

namespace fuzz {
namespace {

struct Piece {
  std::string_view bytes;
  std::size_t fds = 0;
};

base::UniqueFd some_fd() {
  static const base::UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return base::UniqueFd(::fcntl(null.get(), F_DUPFD_CLOEXEC, 0));
}

// The number that the next descriptor will have; it grows when one is not closed.
int next_fd() { return some_fd().get(); }

// The listening process: takes message after message until something does not fit.
class Ear {
 public:
  explicit Ear(ipc::State start) : state_(start) {}

  void feed(const Piece& piece) {
    std::vector<base::UniqueFd> fds(piece.fds);
    for (base::UniqueFd& fd : fds) fd = some_fd();
    fed_bytes_ += piece.bytes.size();
    fed_fds_ += piece.fds;
    reader_.feed(piece.bytes, std::move(fds));
    while (!ended_ && take()) {
    }
    if (!ended_) check_rest();
  }
  const std::vector<std::string>& heard() const { return heard_; }

 private:
  bool take() {
    const auto message = reader_.next();
    if (!message) return check_error(message.error().reason), false;
    if (!*message) return false;
    check(**message);
    return true;
  }

  void check(const ipc::Message& message) {
    const ipc::TypeInfo* info = ipc::find_type(static_cast<std::uint8_t>(message.type));
    require(info != nullptr && info->type == message.type, "the type has a row");
    require(message.body.size() <= info->max_bytes, "the body is within the table's limit");
    require(message.fd.has_value() == (info->fds == 1), "the descriptor is as the table says");
    taken_bytes_ += ipc::kFrameHeader + message.body.size();
    taken_fds_ += info->fds;
    heard_.push_back(info->name + (' ' + message.body));
    const auto next = ipc::next_state(state_, message.type);
    if (!next) return end("not now");
    if (!is_message(message.type, message.body)) return end("not a message");
    state_ = *next;
  }

  void check_rest() const {
    const std::size_t held = fed_fds_ - taken_fds_;
    require(held <= ipc::kMaxPendingFds, "the descriptors that wait are bounded");
    require(fed_bytes_ > taken_bytes_ || held == 0, "each descriptor belongs to a message");
  }

  // An error is final, whatever comes then.
  void check_error(const std::string& reason) {
    reader_.feed(ipc::encode_frame(ipc::Type::Serve, {}), {});
    const auto again = reader_.next();
    require(!again && again.error().reason == reason, "an error is final");
    end(reason);
  }

  void end(const std::string& reason) {
    ended_ = true;
    heard_.push_back(reason);
  }

  ipc::State state_;
  ipc::FrameReader reader_;
  std::vector<std::string> heard_;
  std::size_t fed_bytes_ = 0, taken_bytes_ = 0;
  std::size_t fed_fds_ = 0, taken_fds_ = 0;
  bool ended_ = false;
};

std::vector<std::string> heard(ipc::State start, const std::vector<Piece>& pieces) {
  const int before = next_fd();
  std::vector<std::string> result;
  {
    Ear ear(start);
    for (const Piece& piece : pieces) ear.feed(piece);
    result = ear.heard();
  }
  require(next_fd() == before, "no descriptor is left open");
  return result;
}

std::vector<Piece> pieces_of(std::string_view cuts, std::string_view stream) {
  std::vector<Piece> pieces;
  for (const char c : cuts) {
    const auto cut = static_cast<std::uint8_t>(c);
    const std::size_t size = std::min<std::size_t>(cut & 0x3f, stream.size());
    if (size == 0) continue;  // descriptors never come alone
    pieces.push_back({stream.substr(0, size), std::size_t{cut} >> 6});
    stream.remove_prefix(size);
  }
  pieces.push_back({stream, 0});
  return pieces;
}

std::vector<Piece> bytes_of(std::string_view stream) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < stream.size(); ++i) pieces.push_back({stream.substr(i, 1), 0});
  return pieces;
}

}  // namespace

void hear(Input input, ipc::State start) {
  const std::string_view cuts = input.bytes(input.byte());
  const std::string_view stream = input.rest();
  heard(start, pieces_of(cuts, stream));
  // Without descriptors the pieces change nothing.
  const auto whole = heard(start, {{stream, 0}});
  require(heard(start, bytes_of(stream)) == whole, "pieces do not matter");
}

}  // namespace fuzz
