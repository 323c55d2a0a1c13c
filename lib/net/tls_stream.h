// SPDX-License-Identifier: Apache-2.0
// One TLS connection on a non-blocking descriptor: every call returns at once with what it needs.
// The rest of the program never sees OpenSSL. Threads: one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/io.h"
#include "net/tls_context.h"

namespace net {

// Pieces that may come out of the socket for one handshake, and between two that end in data for
// the reader. A piece is a record's head, or as much of its body as has come. A handshake has a
// few; a record of data, 16 KiB at the most, has several hundred when each segment is as small as
// Linux makes one, and passes the limit only in segments of less than 17 octets. Who sends more
// keeps us busy: by key updates (RFC 8446 section 4.6.3), attempts to renegotiate, or a handshake
// in records of one octet.
inline constexpr std::size_t kMaxIdlePieces = 1000;

struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
  std::string group;    // "x25519"
  std::string sni;      // as the client sent it: peer text
};

class TlsStream {
 public:
  // `context` may go away afterwards; the descriptor must not. Null: out of memory.
  static std::unique_ptr<TlsStream> make(const TlsContext& context, int fd);
  ~TlsStream();

  Io handshake();
  // NeedRead also when a record came that holds no data; what is behind it is still in the socket,
  // where a level-triggered watch sees it.
  Io read(char* buffer, std::size_t size);
  Io write(std::string_view bytes);
  void send_close_notify();  // as far as it goes without waiting

  TlsFacts facts() const;
  // After Io::Failed: why, as a log token (protocol, cipher, eof, not_tls, alert, flood, other) and
  // in words.
  std::string_view failure() const { return failure_; }
  const std::string& failure_detail() const { return failure_detail_; }
  bool is_flooded() const { return idle_pieces_ > kMaxIdlePieces; }

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  explicit TlsStream(ssl_st* ssl);
  Io outcome(int result, std::size_t bytes);
  Io incoming(const Io& io);
  void classify_failure(int ssl_error);

  std::size_t idle_pieces_ = 0;
  std::unique_ptr<ssl_st, Free> ssl_;  // ends before what its callback counts
  std::string_view failure_;
  std::string failure_detail_;
};

}  // namespace net
