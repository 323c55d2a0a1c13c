// SPDX-License-Identifier: Apache-2.0
#include "daemon/deliver/state_store.h"

#include <utility>

#include "daemon/common/sealed_memory.h"
#include "obs/log.h"

namespace deliver_role {
namespace {

struct Kind {
  ipc::StateKind said;
  spool::StateKind file;
};

constexpr Kind kKinds[] = {{ipc::StateKind::Bans, spool::StateKind::Bans},
                           {ipc::StateKind::History, spool::StateKind::History}};

std::string load(const base::SharedFd& directory, spool::StateKind kind) {
  if (directory == nullptr) return {};
  auto bytes = spool::StateFile(directory, kind).load();
  if (bytes) return std::move(*bytes);
  obs::log_trouble("state", bytes.error().reason);
  return {};
}

base::Status save_memory(spool::StateFile& file, const StateContent& content) {
  const auto bytes = common::read_sealed_memory(content.memory->get());
  return bytes ? file.save(*bytes) : base::Status(bytes.error());
}

}  // namespace

base::Result<StateFiles> open_state_files(base::SharedFd directory) {
  StateFiles files{std::move(directory), {}};
  for (const Kind& kind : kKinds) {
    const std::string bytes = load(files.directory, kind.file);
    auto memory = common::sealed_memory("postern-state", bytes);
    if (!memory) return memory.error();
    files.contents[kind.said] = {base::share(std::move(*memory)), bytes.size()};
  }
  return files;
}

StateStore::StateStore(common::PollLoop& loop, spool::Writers& writers, StateFiles files)
    : loop_(loop), writers_(writers), contents_(std::move(files.contents)) {
  if (files.directory == nullptr) return;
  for (const Kind& kind : kKinds) writings_[kind.said].file.emplace(files.directory, kind.file);
}

void StateStore::save(ipc::StateKind kind, StateContent content, Done done) {
  contents_[kind] = content;
  Writing& writing = writings_[kind];
  if (!writing.file) return done("");  // told when the server started
  if (writing.busy)
    writing.next = {std::move(content), std::move(done)};
  else
    write(writing, {std::move(content), std::move(done)});
}

void StateStore::write(Writing& writing, const Save& save) {
  writing.busy = true;
  const auto work = [this, &writing, save] {
    const base::Status status = save_memory(*writing.file, save.content);
    loop_.post([this, &writing, done = save.done, status] { written(writing, done, status); });
  };
  if (!writers_.run(work))
    written(writing, save.done, base::Error::temporary("the queue of the writers is full"));
}

void StateStore::written(Writing& writing, const Done& done, const base::Status& status) {
  writing.busy = false;
  if (!status) obs::log_trouble("state", status.error().reason);
  done(status ? "" : status.error().reason);
  if (auto next = std::exchange(writing.next, std::nullopt)) write(writing, *next);
}

}  // namespace deliver_role
