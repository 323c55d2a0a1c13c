// SPDX-License-Identifier: Apache-2.0
// The spool's root directory before there is a Spool, and what the administrator is told about it.
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

// Opens settings.directory, which must be a directory and not writable for everybody. To be called
// before root is given up, as `user` may have no way to the directory but this descriptor.
base::Result<base::UniqueFd> open_root(const Settings& settings, const std::string& user = {},
                                       FileOps& ops = system_file_ops());

// The same, and whether owner and mode let `user` write there; changes nothing. Access control
// lists are not read.
base::Status check_root(const Settings& settings, const std::string& user,
                        FileOps& ops = system_file_ops());

// A delivery in small, as the user that we are by now: a file is created in the root, renamed and
// removed. Fails also where the file system has no RENAME_NOREPLACE.
base::Status probe_root(FileOps& ops, int root_fd);

// Trouble beneath the root while the service starts, told in the same way.
base::Error explain_root_error(FileOps& ops, const std::string& directory,
                               const base::Error& error);

}  // namespace spool
