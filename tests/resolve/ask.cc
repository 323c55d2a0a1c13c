// SPDX-License-Identifier: Apache-2.0
// Asks the DNS as postern-resolve does, confined like it, for tests in other languages.
//
//   postern-ask [server ADDRESS:PORT]... [nodnssec] [timeout MS] [local LINE]... -- NAME TYPE ...
//
// The questions are asked at once, or one after the other behind "one-by-one"; those behind "as N"
// on the account of payer N. Standard output has an answer a line, as dns/answer_text.h writes
// them, by name and type.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "dns/answer_text.h"
#include "dns/name.h"
#include "net/resolver.h"
#include "sandbox/landlock.h"
#include "sandbox/roles.h"

namespace {

struct Task {
  net::ResolverSettings settings;
  bool one_by_one = false;
  std::vector<dns::Question> questions;
  std::vector<dns::Payer> payers;  // of each question
};

[[noreturn]] void fail(const std::string& reason) {
  std::fprintf(stderr, "postern-ask: %s\n", reason.c_str());
  std::exit(2);
}

Task parse(const std::vector<std::string>& words) {
  Task task;
  std::size_t i = 0;
  const auto next = [&] {
    if (i == words.size()) fail("a word is missing");
    return words[i++];
  };
  for (std::string word = next(); word != "--"; word = next()) {
    if (word == "server")
      task.settings.servers.push_back(base::Endpoint::parse(next()).value());
    else if (word == "nodnssec")
      task.settings.dnssec = false;
    else if (word == "timeout")
      task.settings.timeout = std::chrono::milliseconds(std::stoi(next()));
    else if (word == "local")
      task.settings.local_data.push_back(next());
    else if (word == "one-by-one")
      task.one_by_one = true;
    else
      fail("unknown word " + word);
  }
  dns::Payer payer = dns::kNoPayer;
  while (i < words.size()) {
    const std::string word = next();
    if (word == "as") {
      payer = std::stoull(next());
      continue;
    }
    std::string name = dns::from_presentation(word).value();
    task.payers.push_back(payer);
    task.questions.push_back({std::move(name), dns::parse_type(next()).value()});
  }
  return task;
}

class Asker {
 public:
  Asker(net::EventLoop& loop, net::Resolver& resolver, const Task& task)
      : loop_(loop), resolver_(resolver), task_(task) {
    const std::size_t first = task.one_by_one ? 1 : task.questions.size();
    for (std::size_t i = 0; i < first; ++i) ask(i);
  }
  const dns::AnswerTable& table() const { return table_; }

 private:
  void ask(std::size_t index) {
    const dns::Question& question = task_.questions[index];
    resolver_.resolve(question, task_.payers[index], [this, index, &question](dns::Answer answer) {
      table_.add(question, std::move(answer));
      if (++answered_ == task_.questions.size()) return loop_.stop();
      if (task_.one_by_one) ask(index + 1);
    });
  }

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  const Task& task_;
  dns::AnswerTable table_;
  std::size_t answered_ = 0;
};

void run(const Task& task) {
  net::EventLoop loop;
  const auto resolver = net::Resolver::make(loop, task.settings);
  if (!resolver) fail(resolver.error().reason);
  const auto ports = net::Resolver::server_ports(task.settings);
  if (const auto bound = sandbox::restrict_files({}, ports); !bound) fail(bound.error().reason);
  if (const auto bound = sandbox::restrict_calls(sandbox::Role::Resolve); !bound)
    fail(bound.error().reason);
  const Asker asker(loop, **resolver, task);
  loop.run();
  const std::string text = dns::to_text(asker.table());
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  const Task task = parse({argv + 1, argv + argc});
  if (task.questions.empty()) fail("there is no question");
  run(task);
}
