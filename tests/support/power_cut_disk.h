// SPDX-License-Identifier: Apache-2.0
// A disk in memory that knows what is durable, and a power cut.
//
// POSIX promises no more than this: the bytes of a file are durable after fsync of the file, an
// entry of a directory after fsync of that directory. What was not synced may be lost or kept; a
// cut goes to one of these extremes.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "spool/file_ops.h"

namespace support {

class PowerCutDisk final : public spool::FileOps {
 public:
  enum class Unsynced { Lost, EntriesKept };

  PowerCutDisk();
  ~PowerCutDisk() override;

  void cut_power(Unsynced unsynced);
  // A file outside of the tree, open for read_at().
  int open_message(std::string bytes);
  // Path from the root, without leading '/', to the bytes of each file.
  std::map<std::string, std::string> files() const;
  // As somebody with "rm -r" would; durable at once. The name lies in the root.
  void remove_tree(const std::string& name);

  int open_at(int directory, const char* path, int flags, mode_t mode) override;
  ssize_t read_at(int fd, void* buffer, std::size_t size, std::uint64_t offset) override;
  ssize_t write(int fd, const void* bytes, std::size_t size) override;
  int sync(int fd) override;
  int close(int fd) override;
  int make_directory_at(int directory, const char* path, mode_t mode) override;
  int rename_no_replace_at(int from, const char* old_path, int to, const char* new_path) override;
  int rename_at(int from, const char* old_path, int to, const char* new_path) override;
  int unlink_at(int directory, const char* path) override;
  int status_at(int directory, const char* path, struct stat& status) override;
  int list(int directory, std::vector<std::string>& names) override;
  int free_bytes(int fd, std::uint64_t& bytes) override;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;

  NodePtr node(int directory, const std::string& name) const;
  NodePtr directory_at(int fd) const;
  int open_node(const NodePtr& node);

  NodePtr root_;
  std::map<int, NodePtr> open_;
};

}  // namespace support
