// SPDX-License-Identifier: Apache-2.0
#include "support/power_cut_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace support {

struct PowerCutDisk::Node {
  using Entries = std::map<std::string, NodePtr>;

  bool is_directory = false;
  std::string bytes;
  std::string durable_bytes;
  Entries entries;
  Entries durable_entries;

  void make_durable() {
    durable_bytes = bytes;
    durable_entries = entries;
  }

  void cut_power(Unsynced unsynced) {
    bytes = durable_bytes;
    if (unsynced == Unsynced::Lost) entries = durable_entries;
    make_durable();
    for (const auto& [name, child] : entries) child->cut_power(unsynced);
  }

  void collect(const std::string& path, std::map<std::string, std::string>& files) const {
    for (const auto& [name, child] : entries) {
      const std::string child_path = path + (path.empty() ? "" : "/") + name;
      if (child->is_directory) {
        child->collect(child_path, files);
      } else {
        files[child_path] = child->bytes;
      }
    }
  }
};

PowerCutDisk::PowerCutDisk() : root_(std::make_shared<Node>()) { root_->is_directory = true; }
PowerCutDisk::~PowerCutDisk() = default;

void PowerCutDisk::cut_power(Unsynced unsynced) { root_->cut_power(unsynced); }

int PowerCutDisk::open_message(std::string bytes) {
  const NodePtr message = std::make_shared<Node>();
  message->bytes = std::move(bytes);
  return open_node(message);
}

std::map<std::string, std::string> PowerCutDisk::files() const {
  std::map<std::string, std::string> files;
  root_->collect("", files);
  return files;
}

void PowerCutDisk::remove_tree(const std::string& name) {
  root_->entries.erase(name);
  root_->durable_entries.erase(name);
}

// A real descriptor stands for each open node, so that numbers are never shared with other files
// of the test and whoever owns one may close it directly.
int PowerCutDisk::open_node(const NodePtr& node) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  POSTERN_ASSERT(fd >= 0);
  open_[fd] = node;
  return fd;
}

PowerCutDisk::NodePtr PowerCutDisk::directory_at(int fd) const {
  if (fd == AT_FDCWD) return root_;
  const NodePtr found = open_.at(fd);
  POSTERN_ASSERT(found->is_directory);
  return found;
}

// The working directory holds nothing but the root, under any name.
PowerCutDisk::NodePtr PowerCutDisk::node(int directory, const std::string& name) const {
  if (directory == AT_FDCWD) return root_;
  POSTERN_ASSERT(name.find('/') == std::string::npos);
  const NodePtr parent = directory_at(directory);
  if (name == ".") return parent;
  const auto found = parent->entries.find(name);
  return found == parent->entries.end() ? nullptr : found->second;
}

int PowerCutDisk::open_at(int directory, const char* path, int flags, mode_t) {
  NodePtr found = node(directory, path);
  if (found != nullptr && (flags & O_EXCL) != 0) return -EEXIST;
  if (found == nullptr && (flags & O_CREAT) == 0) return -ENOENT;
  if (found == nullptr) {
    found = std::make_shared<Node>();
    directory_at(directory)->entries[path] = found;
  }
  if ((flags & O_DIRECTORY) != 0 && !found->is_directory) return -ENOTDIR;
  return open_node(found);
}

ssize_t PowerCutDisk::read_at(int fd, void* buffer, std::size_t size, std::uint64_t offset) {
  const std::string& bytes = open_.at(fd)->bytes;
  if (offset >= bytes.size()) return 0;
  return static_cast<ssize_t>(bytes.copy(static_cast<char*>(buffer), size, offset));
}

ssize_t PowerCutDisk::write(int fd, const void* bytes, std::size_t size) {
  open_.at(fd)->bytes.append(static_cast<const char*>(bytes), size);
  return static_cast<ssize_t>(size);
}

int PowerCutDisk::sync(int fd) {
  open_.at(fd)->make_durable();
  return 0;
}

int PowerCutDisk::close(int fd) {
  open_.erase(fd);
  return ::close(fd) == 0 ? 0 : -errno;
}

int PowerCutDisk::make_directory_at(int directory, const char* path, mode_t) {
  if (node(directory, path) != nullptr) return -EEXIST;
  const NodePtr made = std::make_shared<Node>();
  made->is_directory = true;
  directory_at(directory)->entries[path] = made;
  return 0;
}

int PowerCutDisk::rename_no_replace_at(int from, const char* old_path, int to,
                                       const char* new_path) {
  if (node(from, old_path) != nullptr && node(to, new_path) != nullptr) return -EEXIST;
  return rename_at(from, old_path, to, new_path);
}

int PowerCutDisk::rename_at(int from, const char* old_path, int to, const char* new_path) {
  const NodePtr moved = node(from, old_path);
  if (moved == nullptr) return -ENOENT;
  directory_at(from)->entries.erase(old_path);
  directory_at(to)->entries[new_path] = moved;
  return 0;
}

int PowerCutDisk::unlink_at(int directory, const char* path) {
  return directory_at(directory)->entries.erase(path) == 1 ? 0 : -ENOENT;
}

int PowerCutDisk::status_at(int directory, const char* path, struct stat& status) {
  const NodePtr found = node(directory, path);
  if (found == nullptr) return -ENOENT;
  status = {};
  status.st_mode = found->is_directory ? (S_IFDIR | 0700u) : (S_IFREG | 0600u);
  return 0;
}

int PowerCutDisk::list(int directory, std::vector<std::string>& names) {
  for (const auto& [name, child] : directory_at(directory)->entries) names.push_back(name);
  return 0;
}

int PowerCutDisk::free_bytes(int, std::uint64_t& bytes) {
  bytes = 1u << 30;
  return 0;
}

}  // namespace support
