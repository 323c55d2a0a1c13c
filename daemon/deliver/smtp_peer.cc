// SPDX-License-Identifier: Apache-2.0
#include "daemon/deliver/smtp_peer.h"

#include <cerrno>
#include <utility>

#include "daemon/common/sealed_memory.h"
#include "obs/log.h"

namespace deliver_role {
namespace {

constexpr std::chrono::milliseconds kSpaceInterval{500};

void log_violation(const std::string& reason) {
  obs::Line(obs::Event::ipc_violation).token("peer", "smtp").text("reason", reason).write();
}

bool is_full(const base::Error& error) {
  return error.system_error == ENOSPC || error.system_error == EDQUOT;
}

spool::Done failed(const base::Error& error) {
  spool::Done done;
  done.outcome = is_full(error) ? spool::Outcome::Full : spool::Outcome::Failed;
  done.reason = error.reason;
  return done;
}

ipc::Delivered::Outcome on_the_wire(spool::Outcome outcome) {
  switch (outcome) {
    case spool::Outcome::Durable:
      return ipc::Delivered::Outcome::Durable;
    case spool::Outcome::Full:
      return ipc::Delivered::Outcome::Full;
    case spool::Outcome::Failed:
      break;
  }
  return ipc::Delivered::Outcome::Failed;
}

// Else its sender could change it while it is written, or make a writer copy holes for ever.
bool is_part(const base::UniqueFd& fd, std::uint64_t size) {
  return size <= SmtpPeer::kMaxPartBytes && common::is_sealed_memory(fd.get(), size);
}

}  // namespace

ipc::Delivered on_the_wire(std::uint64_t message, const spool::Done& done) {
  ipc::Delivered told{message, on_the_wire(done.outcome), done.reason, done.possible_duplicates};
  auto& files = told.possible_duplicates;
  if (files.size() <= kMaxToldDuplicates) return told;
  const std::size_t more = files.size() - kMaxToldDuplicates;
  files.resize(kMaxToldDuplicates);
  files.push_back("and " + std::to_string(more) + " more");
  return told;
}

void KnownMailboxes::add(const std::vector<spool::Mailbox>& mailboxes) {
  mailboxes_.insert(mailboxes.begin(), mailboxes.end());
}

bool KnownMailboxes::has(const spool::Mailbox& mailbox) const {
  return mailboxes_.count(mailbox) > 0;
}

SmtpPeer::SmtpPeer(common::PollLoop& loop, spool::Spool& spool, spool::Writers& writers,
                   const KnownMailboxes& known, StateStore& state, DiskWatch& disk,
                   base::UniqueFd channel, std::size_t most_partial_messages)
    : loop_(loop),
      spool_(spool),
      writers_(writers),
      known_(known),
      state_(state),
      disk_(disk),
      channel_(std::move(channel), ipc::State::FromSmtp),
      most_partial_messages_(most_partial_messages) {}

void SmtpPeer::start() {
  loop_.watch(
      channel_.fd(), [self = shared_from_this()] { self->on_readable(); },
      [this] { return channel_.wants_write(); },
      [self = shared_from_this()] {
        if (!self->channel_.flush()) self->close();
      });
  // smtp takes sessions when it has the state, and mail when it knows of room for it.
  send_space_regularly();
  send_state();
}

void SmtpPeer::close() {
  if (!std::exchange(open_, false)) return;
  loop_.unwatch(channel_.fd());
  channel_.close();
  partials_.clear();
}

void SmtpPeer::on_readable() {
  const auto more = channel_.receive();
  while (open_) {
    auto message = channel_.next();
    if (!message) {
      log_violation(message.error().reason);
      return close();
    }
    if (!*message) break;
    if (handle(**message)) continue;
    log_violation(std::string(ipc::name_of((*message)->type)) + ": makes no sense");
    return close();
  }
  if (open_ && !more) obs::log_trouble("channel", "smtp: " + more.error().reason);
  if (!more || !*more) close();
}

bool SmtpPeer::handle(ipc::Message& message) {
  switch (message.type) {
    case ipc::Type::Append: {
      const auto body = ipc::unpack<ipc::Append>(message.body);
      if (!body || !is_part(*message.fd, body->size)) return false;
      append(*body, std::move(*message.fd));
      return true;
    }
    case ipc::Type::Discard: {
      const auto body = ipc::unpack<ipc::Discard>(message.body);
      if (body) partials_.erase(body->message);
      return body.has_value();
    }
    case ipc::Type::SaveState: {
      const auto body = ipc::unpack<ipc::SaveState>(message.body);
      return body && save_state(*body, std::move(*message.fd));
    }
    default: {
      auto body = ipc::unpack<ipc::Deliver>(message.body);
      return body && is_part(*message.fd, body->size) &&
             deliver(std::move(*body), std::move(*message.fd));
    }
  }
}

void SmtpPeer::append(const ipc::Append& append, base::UniqueFd part) {
  // No crime: smtp may have more sessions than that.
  if (partials_.size() >= most_partial_messages_ && !partials_.contains(append.message))
    return send(ipc::Appended{append.message, "too many large messages at one time", false});
  auto& partial = partials_[append.message];
  if (partial == nullptr) partial = std::make_shared<Partial>();
  const auto work = [self = shared_from_this(), append, partial = partial,
                     part = std::make_shared<base::UniqueFd>(std::move(part))] {
    base::Status status = base::ok();
    if (!partial->file.appending) {
      auto file = self->spool_.open_message_file();
      if (file)
        partial->file = std::move(*file);
      else
        status = file.error();
    }
    if (status)
      status = self->spool_.append(partial->file.appending.get(), part->get(), append.size);
    self->loop_.post([self, append, partial, status] {
      if (!status) self->disk_.failed(status.error().reason, base::now());
      self->appended(append, partial, status);
    });
  };
  // Until it is done nobody else touches the partial message.
  const bool fits = !std::exchange(partial->busy, true);
  if (fits && writers_.run(work)) return;
  appended(append, partial,
           base::Error::temporary(fits ? "the queue of the writers is full"
                                       : "a part came before the last one was written"));
}

void SmtpPeer::appended(const ipc::Append& append, const std::shared_ptr<Partial>& partial,
                        const base::Status& status) {
  partial->busy = false;
  if (status) {
    partial->bytes += append.size;
    if (partial->file.reading)
      send(ipc::Collecting{append.message}, base::share(std::move(partial->file.reading)));
    return send(ipc::Appended{append.message, "", false});
  }
  partials_.erase(append.message);
  send(ipc::Appended{append.message, status.error().reason, is_full(status.error())});
}

std::optional<std::vector<spool::Copy>> SmtpPeer::checked_copies(ipc::Deliver& deliver) const {
  std::vector<spool::Copy> copies;
  std::set<spool::Mailbox> seen;
  for (ipc::Deliver::Copy& copy : deliver.copies) {
    const spool::Mailbox mailbox{copy.domain, copy.mailbox, copy.folder};
    if (!known_.has(mailbox) || !seen.insert(mailbox).second) return std::nullopt;
    copies.push_back({mailbox, std::move(copy.header)});
  }
  if (copies.empty()) return std::nullopt;
  return copies;
}

bool SmtpPeer::deliver(ipc::Deliver deliver, base::UniqueFd last_part) {
  std::shared_ptr<Partial> partial;
  if (auto found = partials_.extract(deliver.message)) partial = found.mapped();
  const std::uint64_t appended_bytes = partial != nullptr ? partial->bytes : 0;
  if (partial && partial->busy) return false;
  const auto refuse = [&](const char* reason) {
    delivered(deliver.message, failed(base::Error::temporary(reason)));
    return true;
  };
  auto copies = checked_copies(deliver);
  // No crime: a session may have begun before a reload took the mailbox away.
  if (!copies) return refuse("a mailbox that the configuration does not have");
  if (appended_bytes != deliver.appended_bytes)
    return refuse("earlier parts of the message went down with another process");
  spool::Job job;
  job.message_fd = partial != nullptr ? partial->file.appending.get() : last_part.get();
  job.message_size = appended_bytes + deliver.size;
  job.copies = std::move(*copies);
  job.trace = std::move(deliver.trace);
  const std::uint64_t message = deliver.message;
  const auto work = [self = shared_from_this(), partial, message, job = std::move(job),
                     last_size = deliver.size,
                     part = std::make_shared<base::UniqueFd>(std::move(last_part))] {
    base::Status complete = base::ok();
    if (partial != nullptr)
      complete = self->spool_.append(partial->file.appending.get(), part->get(), last_size);
    const spool::Done done = complete ? self->spool_.deliver(job) : failed(complete.error());
    self->loop_.post([self, done, message] {
      if (done.outcome != spool::Outcome::Durable) self->disk_.failed(done.reason, base::now());
      self->delivered(message, done);
    });
  };
  if (!writers_.run(work))
    delivered(message, failed(base::Error::temporary("the queue of the writers is full")));
  return true;
}

void SmtpPeer::delivered(std::uint64_t message, const spool::Done& done) {
  send(on_the_wire(message, done));
}

template <class Message>
void SmtpPeer::send(const Message& message, const base::SharedFd& fd) {
  if (open_ && !channel_.send(message, fd)) close();
}

void SmtpPeer::send_state() {
  for (const auto& [kind, content] : state_.contents())
    send(ipc::KeptState{kind, content.size}, content.memory);
}

bool SmtpPeer::save_state(const ipc::SaveState& save, base::UniqueFd memory) {
  if (save.size > spool::kMaxStateFile || !common::is_sealed_memory(memory.get(), save.size))
    return false;
  state_.save(save.kind, {base::share(std::move(memory)), save.size},
              [self = shared_from_this(), kind = save.kind](const std::string& error) {
                self->send(ipc::StateSaved{kind, error});
              });
  return true;
}

void SmtpPeer::send_space() {
  const std::uint64_t bytes = writers_.free_bytes();
  if (std::exchange(last_space_, bytes) != bytes) send(ipc::Space{bytes});
}

void SmtpPeer::send_space_regularly() {
  if (!open_) return;
  send_space();
  loop_.after(kSpaceInterval, [self = shared_from_this()] { self->send_space_regularly(); });
}

}  // namespace deliver_role
