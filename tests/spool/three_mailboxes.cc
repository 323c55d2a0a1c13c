// SPDX-License-Identifier: Apache-2.0
#include "three_mailboxes.h"

#include <algorithm>
#include <set>

namespace three_mailboxes {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

std::string header(const spool::Mailbox& mailbox) {
  return "Delivered-To: " + mailbox.name + "@" + mailbox.domain + "\r\n";
}

std::string directory(const spool::Mailbox& mailbox) {
  const std::string inbox = mailbox.domain + "/" + mailbox.name;
  return mailbox.folder.empty() ? inbox : inbox + "/." + mailbox.folder;
}

std::string with_lf(std::string text) {
  std::erase(text, '\r');  // the message has no lone CR
  return text;
}

// Directory of the mailbox, with "/", to the file a reader must see in it.
const std::map<std::string, std::string>& stored() {
  static const auto result = [] {
    std::map<std::string, std::string> files;
    for (const spool::Mailbox& mailbox : mailboxes()) {
      files[directory(mailbox) + "/"] = with_lf(header(mailbox) + message());
    }
    return files;
  }();
  return result;
}

std::string sizes_in_name(const std::string& bytes) {
  const auto lines = std::ranges::count(bytes, '\n');
  return ",S=" + std::to_string(bytes.size()) +
         ",W=" + std::to_string(bytes.size() + static_cast<std::size_t>(lines));
}

std::string judge_file(const std::string& path, const std::string& bytes) {
  if (path.ends_with("/maildirfolder")) return bytes.empty() ? "" : "not empty";
  const std::size_t name = path.rfind('/');
  const std::size_t part = path.rfind('/', name - 1);
  const auto expected = stored().find(path.substr(0, part + 1));
  const std::string in = path.substr(part, name - part);
  if (expected == stored().end()) return "not a mailbox of the message";
  if (in == "/tmp") return expected->second.starts_with(bytes) ? "" : "not a part of the message";
  if (in != "/new") return "in no place of a Maildir";
  if (bytes != expected->second) return "not whole";
  return path.ends_with(sizes_in_name(bytes)) ? "" : "wrong sizes in the name";
}

}  // namespace

const std::vector<spool::Mailbox>& mailboxes() {
  static const std::vector<spool::Mailbox> result{
      {"example.org", "info", ""}, {"example.net", "abuse", ""}, {"example.org", "sales", "Junk"}};
  return result;
}

base::Result<spool::Spool> open_spool(const std::string& directory, spool::FileOps& ops) {
  spool::Settings settings;
  settings.directory = directory;
  settings.hostname = "mx.example.org";
  base::Result<base::UniqueFd> root = spool::open_root(spool::root_directory(settings), "", ops);
  if (!root) return root.error();
  return spool::Spool::open(settings, std::move(*root), mailboxes(), ops);
}

const std::string& message() {
  static const std::string result = [] {
    std::string text = "Subject: faults\r\n\r\n";
    text.append(kChunkBytes - 1 - text.size(), 'x');
    text += "\r\n";
    for (int line = 0; line < 100; ++line) text += "line " + std::to_string(line) + "\r\n";
    return text;
  }();
  return result;
}

spool::Job job(int message_fd) {
  spool::Job result;
  result.message_fd = message_fd;
  result.message_size = message().size();
  for (const spool::Mailbox& mailbox : mailboxes()) {
    result.copies.push_back({mailbox, header(mailbox)});
  }
  return result;
}

std::string illegal(const Tree& tree) {
  for (const auto& [path, bytes] : tree) {
    const std::string problem = judge_file(path, bytes);
    if (!problem.empty()) return path + ": " + problem;
  }
  return "";
}

std::string dishonest(const Tree& tree, const spool::Done& done) {
  const std::vector<std::string> found = paths_in(tree, "new");
  if (done.outcome == spool::Outcome::Durable) {
    if (found.size() != mailboxes().size()) return "durable, but not in all mailboxes";
    if (!done.possible_duplicates.empty()) return "durable, but duplicates named";
    return lost(tree, done);
  }
  if (done.reason.empty()) return "no reason";
  if (!done.files.empty()) return "not durable, but files named";
  for (const std::string& path : found) {
    if (std::ranges::count(done.possible_duplicates, path) == 0) return path + ": not reported";
  }
  return "";
}

std::string lost(const Tree& tree, const spool::Done& done) {
  std::set<std::string> directories;
  for (const std::string& path : done.files) {
    if (!tree.contains(path)) return path + ": lost";
    directories.insert(path.substr(0, path.rfind('/')));
  }
  if (directories.size() != mailboxes().size()) return "not one file for each mailbox";
  return illegal(tree);
}

std::vector<std::string> paths_in(const Tree& tree, const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : tree) {
    if (path.find("/" + directory + "/") != std::string::npos) paths.push_back(path);
  }
  return paths;
}

}  // namespace three_mailboxes
