// SPDX-License-Identifier: Apache-2.0
// The directories that the server keeps things in, before anything is in them, and what the
// administrator is told about them.
//
// `user` is whom the process becomes later when it runs as root now (workers.user); otherwise, and
// where it is empty, the process's own user counts. Errors are permanent and name directory, owner,
// mode, that user, and the cure.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "spool/file_ops.h"
#include "spool/settings.h"

namespace spool {

struct RootDirectory {
  std::string name;  // "spool": the section of the configuration that names it
  std::string path;
};

inline RootDirectory root_directory(const Settings& settings) {
  return {"spool", settings.directory};
}

// Makes the directory for `user`, mode 0700, unless something of its name is there. Its parent must
// be there.
base::Status make_root(const RootDirectory& directory, const std::string& user,
                       FileOps& ops = system_file_ops());

// Opens it; it must be a directory and not writable for everybody. To be called before root is
// given up, as `user` may have no way to the directory but this descriptor.
base::Result<base::UniqueFd> open_root(const RootDirectory& directory, const std::string& user = {},
                                       FileOps& ops = system_file_ops());

// The same, and whether owner and mode let `user` write there; changes nothing. Access control
// lists are not read.
base::Status check_root(const RootDirectory& directory, const std::string& user,
                        FileOps& ops = system_file_ops());

// A delivery in small, as the user that we are by now: a file is created in the root, renamed and
// removed. Fails also where the file system has no RENAME_NOREPLACE.
base::Status probe_root(FileOps& ops, int root_fd);

// Trouble beneath the root while the service starts, told in the same way.
base::Error explain_root_error(FileOps& ops, const RootDirectory& directory,
                               const base::Error& error);

}  // namespace spool
