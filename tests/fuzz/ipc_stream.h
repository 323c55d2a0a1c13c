// SPDX-License-Identifier: Apache-2.0
// One of our processes listens to another that an attacker has taken: any bytes, any descriptors,
// in any pieces.
#pragma once

#include "fuzz/fuzz.h"
#include "ipc/protocol.h"

namespace fuzz {

// The input: a count, that many cuts of one byte (bits 0-5: bytes in the piece, bits 6-7:
// descriptors that come with it), and the stream; what no cut covers comes in one last piece.
void hear(Input input, ipc::State start);

}  // namespace fuzz
