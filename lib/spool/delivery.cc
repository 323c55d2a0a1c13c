// SPDX-License-Identifier: Apache-2.0
#include "spool/delivery.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <set>

#include "base/assert.h"
#include "base/unique_fd.h"
#include "spool/file_name.h"
#include "spool/line_ends.h"
#include "spool/maildirs.h"
#include "spool/write_all.h"

namespace spool {

struct Spool::State {
  FileOps& ops;
  std::string host;  // as it stands in file names
  Maildirs maildirs;
};

namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;  // of the message, in memory at a time
constexpr unsigned kMaxNameTries = 8;           // a name in use: a clock and a pid came back
constexpr std::chrono::hours kSweepAge{36};     // https://cr.yp.to/proto/maildir.html
constexpr mode_t kFileMode = 0600;

bool mailboxes_differ(const std::vector<Copy>& copies) {
  std::set<Mailbox> seen;
  return std::ranges::all_of(copies, [&](const Copy& c) { return seen.insert(c.mailbox).second; });
}

// One job from state 1 to state 5 of delivery.h, or as far back as the disk lets us.
class Delivery {
 public:
  Delivery(FileOps& ops, Maildirs& maildirs, const std::string& host, const Job& job)
      : ops_(ops), maildirs_(maildirs), host_(host), job_(job) {}

  Done run();

 private:
  // One copy's file and where it may be by now.
  struct File {
    const Copy& copy;
    Maildir maildir;
    std::string tmp_name{};
    std::string new_name{};
    std::uint64_t stored_bytes = 0;
    std::uint64_t crlf_bytes = 0;
    bool in_tmp = false;
    bool in_new = false;  // or may be: a rename that failed may have been done all the same
    bool new_sync_failed = false;

    std::string path() const;
  };

  base::Status write_copies();
  base::Status rename_files();
  base::Status sync_directories();
  Done durable() const;
  Done undo(const base::Error& error);

  base::Result<int> create(File& file);
  base::Status write_copy(File& file);
  base::Status write_message(int fd, File& file);
  base::Status write_body(int fd, LineEnds& line_ends, const File& file);
  base::Status write_converted(int fd, const File& file);
  base::Status rename(File& file);
  bool removed_for_good(File& file);

  FileOps& ops_;
  Maildirs& maildirs_;
  const std::string& host_;
  const Job& job_;
  std::vector<File> files_;
  std::vector<char> chunk_ = std::vector<char>(kChunkBytes);
  std::string converted_;  // not yet written
};

std::string Delivery::File::path() const {
  return to_string(directory_path(copy.mailbox)) + "/new/" + new_name;
}

base::Error failed(const char* what, const Copy& copy, int error) {
  return base::Error::system(what + (" in " + to_string(directory_path(copy.mailbox))), error);
}

Done Delivery::run() {
  files_.reserve(job_.copies.size());
  base::Status status = write_copies();     // states 2 and 3
  if (status) status = rename_files();      // state 4
  if (status) status = sync_directories();  // state 5
  return status ? durable() : undo(status.error());
}

base::Status Delivery::write_copies() {
  for (const Copy& copy : job_.copies) {
    base::Result<Maildir> maildir = maildirs_.open(copy.mailbox);
    if (!maildir) return maildir.error();
    files_.push_back(File{.copy = copy, .maildir = std::move(maildir).value()});
    if (base::Status written = write_copy(files_.back()); !written) return written;
  }
  return base::ok();
}

base::Status Delivery::rename_files() {
  for (File& file : files_) {
    if (base::Status renamed = rename(file); !renamed) return renamed;
  }
  return base::ok();
}

base::Status Delivery::sync_directories() {
  for (File& file : files_) {
    const int synced = ops_.sync(file.maildir.new_fd.get());
    file.new_sync_failed = synced < 0;
    if (synced < 0) return failed("fsync new/", file.copy, -synced);
  }
  return base::ok();
}

Done Delivery::durable() const {
  Done done;
  done.outcome = Outcome::Durable;
  for (const File& file : files_) done.files.push_back(file.path());
  return done;
}

Done Delivery::undo(const base::Error& error) {
  const bool full = error.system_error == ENOSPC || error.system_error == EDQUOT;
  Done done;
  done.outcome = full ? Outcome::Full : Outcome::Failed;
  done.reason = error.reason;
  for (File& file : files_) {
    if (!removed_for_good(file)) done.possible_duplicates.push_back(file.path());
  }
  return done;
}

// What cannot be removed from tmp/ is swept later; in new/ it is a mail that will be read.
bool Delivery::removed_for_good(File& file) {
  if (file.in_tmp) ops_.unlink_at(file.maildir.tmp_fd.get(), file.tmp_name.c_str());
  if (!file.in_new) return true;
  const int removed = ops_.unlink_at(file.maildir.new_fd.get(), file.new_name.c_str());
  if (removed < 0 && removed != -ENOENT) return false;
  // After a failed fsync a second one may report success for what was lost: it proves nothing.
  return !file.new_sync_failed && ops_.sync(file.maildir.new_fd.get()) == 0;
}

base::Result<int> Delivery::create(File& file) {
  int result = -EEXIST;
  for (unsigned tries = 0; tries < kMaxNameTries && result == -EEXIST; ++tries) {
    file.tmp_name = unique_file_name(base::wall_now(), host_);
    result = ops_.open_at(file.maildir.tmp_fd.get(), file.tmp_name.c_str(),
                          O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  }
  if (result < 0) return failed("create a file", file.copy, -result);
  file.in_tmp = true;
  return result;
}

base::Status Delivery::write_copy(File& file) {
  const base::Result<int> fd = create(file);
  if (!fd) return fd.error();
  base::Status written = write_message(*fd, file);
  const int closed = ops_.close(*fd);
  if (!written) return written;
  if (closed < 0) return failed("close", file.copy, -closed);
  return base::ok();
}

base::Status Delivery::write_message(int fd, File& file) {
  LineEnds line_ends;
  line_ends.convert(file.copy.header, converted_);
  line_ends.convert(job_.trace, converted_);
  if (base::Status written = write_body(fd, line_ends, file); !written) return written;
  line_ends.finish(converted_);
  if (base::Status written = write_converted(fd, file); !written) return written;
  file.stored_bytes = line_ends.stored_bytes();
  file.crlf_bytes = line_ends.crlf_bytes();
  if (const int synced = ops_.sync(fd); synced < 0) return failed("fsync", file.copy, -synced);
  return base::ok();
}

base::Status Delivery::write_body(int fd, LineEnds& line_ends, const File& file) {
  std::uint64_t offset = 0;
  while (offset < job_.message_size) {
    const std::uint64_t wanted = std::min<std::uint64_t>(kChunkBytes, job_.message_size - offset);
    const ssize_t got = ops_.read_at(job_.message_fd, chunk_.data(), wanted, offset);
    if (got < 0) return base::Error::system("read the message", static_cast<int>(-got));
    if (got == 0) return base::Error::temporary("the message is shorter than it was said to be");
    line_ends.convert({chunk_.data(), static_cast<std::size_t>(got)}, converted_);
    if (base::Status written = write_converted(fd, file); !written) return written;
    offset += static_cast<std::uint64_t>(got);
  }
  return base::ok();
}

base::Status Delivery::write_converted(int fd, const File& file) {
  const int result = write_all(ops_, fd, converted_);
  if (result < 0) return failed("write", file.copy, -result);
  converted_.clear();
  return base::ok();
}

base::Status Delivery::rename(File& file) {
  std::string unique_name = file.tmp_name;
  int result = -EEXIST;
  for (unsigned tries = 0; tries < kMaxNameTries && result == -EEXIST; ++tries) {
    file.new_name = file_name_with_sizes(unique_name, file.stored_bytes, file.crlf_bytes);
    result = ops_.rename_no_replace_at(file.maildir.tmp_fd.get(), file.tmp_name.c_str(),
                                       file.maildir.new_fd.get(), file.new_name.c_str());
    unique_name = unique_file_name(base::wall_now(), host_);
  }
  file.in_tmp = result != 0;
  file.in_new = result != -EEXIST;  // a file of that name is somebody else's
  if (result < 0) return failed("rename into new/", file.copy, -result);
  return base::ok();
}

}  // namespace

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

base::Result<Spool> Spool::open(const Settings& settings, base::UniqueFd root,
                                const std::vector<Mailbox>& mailboxes, FileOps& ops) {
  POSTERN_ASSERT(root);
  auto state = std::unique_ptr<State>(
      new State{ops, host_for_file_name(settings.hostname), Maildirs(ops, std::move(root))});
  base::Status usable = probe_root(ops, state->maildirs.root_fd());
  if (usable) usable = state->maildirs.make(mailboxes);
  for (const Mailbox& mailbox : mailboxes) {
    if (!usable) break;
    const base::Result<Maildir> maildir = state->maildirs.open(mailbox);
    if (!maildir) usable = maildir.error();
  }
  if (!usable) return explain_root_error(ops, root_directory(settings), usable.error());
  return Spool(std::move(state));
}

Done Spool::deliver(const Job& job) {
  POSTERN_ASSERT(job.message_fd >= 0 && !job.copies.empty() && mailboxes_differ(job.copies));
  return Delivery(state_->ops, state_->maildirs, state_->host, job).run();
}

base::Result<MessageFile> Spool::open_message_file() {
  MessageFile file;
  int fd = state_->ops.open_at(state_->maildirs.root_fd(), ".",
                               O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return base::Error::system("open an unlinked file in the spool", -fd);
  file.appending.reset(fd);
  // The file has no other name.
  const std::string itself = "/proc/self/fd/" + std::to_string(fd);
  fd = state_->ops.open_at(AT_FDCWD, itself.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return base::Error::system("open " + itself + " for reading", -fd);
  file.reading.reset(fd);
  return file;
}

base::Status Spool::append(int message_fd, int part_fd, std::uint64_t size) {
  std::array<char, kChunkBytes> buffer;
  for (std::uint64_t offset = 0; offset < size;) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - offset, buffer.size()));
    const ssize_t got = state_->ops.read_at(part_fd, buffer.data(), wanted, offset);
    if (got < 0) return base::Error::system("read a part", static_cast<int>(-got));
    if (got == 0) return base::Error::temporary("a part is shorter than it was said to be");
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(got));
    const int written = write_all(state_->ops, message_fd, piece);
    if (written < 0) return base::Error::system("append to a message", -written);
    offset += piece.size();
  }
  return base::ok();
}

base::Status Spool::make(const std::vector<Mailbox>& mailboxes) {
  return state_->maildirs.make(mailboxes);
}

base::Result<unsigned> Spool::sweep(const Mailbox& mailbox, base::WallTime now) {
  base::Result<Maildir> maildir = state_->maildirs.find(mailbox);
  if (!maildir && maildir.error().system_error == ENOENT) return 0u;
  if (!maildir) return maildir.error();
  const int tmp_fd = maildir->tmp_fd.get();
  std::vector<std::string> names;
  if (const int listed = state_->ops.list(tmp_fd, names); listed < 0) {
    return base::Error::system("list tmp/ of " + to_string(directory_path(mailbox)), -listed);
  }
  const std::time_t oldest = base::WallTime::clock::to_time_t(now - kSweepAge);
  unsigned removed = 0;
  for (const std::string& name : names) {
    struct stat status {};
    if (state_->ops.status_at(tmp_fd, name.c_str(), status) < 0) continue;  // just renamed
    if (!S_ISREG(status.st_mode) || status.st_mtime >= oldest) continue;
    if (state_->ops.unlink_at(tmp_fd, name.c_str()) == 0) ++removed;
  }
  return removed;
}

base::Result<std::uint64_t> Spool::free_bytes() {
  std::uint64_t bytes = 0;
  const int result = state_->ops.free_bytes(state_->maildirs.root_fd(), bytes);
  if (result < 0) return base::Error::system("statvfs of the spool", -result);
  return bytes;
}

}  // namespace spool
