// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace common {

void open_standard_descriptors() {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) ::close(fd);
}

}  // namespace common
