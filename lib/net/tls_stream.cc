// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace net {
namespace {

struct FailureRow {
  int reason;  // of ERR_LIB_SSL
  std::string_view token;
};

// Reasons an administrator acts on differently; everything else is "other".
constexpr FailureRow kFailures[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, "protocol"},
    {SSL_R_VERSION_TOO_LOW, "protocol"},
    {SSL_R_WRONG_SSL_VERSION, "protocol"},
    {SSL_R_UNKNOWN_PROTOCOL, "protocol"},
    {SSL_R_NO_SHARED_CIPHER, "cipher"},
    {SSL_R_NO_SUITABLE_KEY_SHARE, "cipher"},
    {SSL_R_NO_SHARED_GROUPS, "cipher"},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "cipher"},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "cipher"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "eof"},
    {SSL_R_WRONG_VERSION_NUMBER, "not_tls"},
    {SSL_R_HTTP_REQUEST, "not_tls"},
    {SSL_R_HTTPS_PROXY_REQUEST, "not_tls"},
    {SSL_R_PACKET_LENGTH_TOO_LONG, "not_tls"},
};

std::string_view token_for(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  // Alerts from the peer are numbered from SSL_AD_REASON_OFFSET.
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) return "alert";
  const auto* row = std::find_if(std::begin(kFailures), std::end(kFailures),
                                 [&](const FailureRow& r) { return r.reason == reason; });
  return row != std::end(kFailures) ? row->token : "other";
}

const char* or_empty(const char* text) { return text != nullptr ? text : ""; }

int int_size(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

// Called before each operation on the socket and, with BIO_CB_RETURN, behind it. OpenSSL reads on
// within one call for as long as there is something, so the flood must be seen from inside.
long count_piece(BIO* bio, int operation, const char*, std::size_t, int, long, int result,
                 std::size_t*) {
  auto& pieces = *reinterpret_cast<std::size_t*>(BIO_get_callback_arg(bio));
  if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0) ++pieces;
  if (operation != BIO_CB_READ || pieces <= kMaxIdlePieces) return result;
  BIO_clear_retry_flags(bio);  // of an earlier read: this one has failed for good
  return -1;
}

}  // namespace

void TlsStream::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsStream::TlsStream(ssl_st* ssl) : ssl_(ssl) {
  BIO* const bio = SSL_get_rbio(ssl);
  BIO_set_callback_arg(bio, reinterpret_cast<char*>(&idle_pieces_));
  BIO_set_callback_ex(bio, count_piece);
}

TlsStream::~TlsStream() = default;

std::unique_ptr<TlsStream> TlsStream::make(const TlsContext& context, int fd) {
  SSL* ssl = context.new_ssl(fd);
  if (ssl == nullptr) return nullptr;
  return std::unique_ptr<TlsStream>(new TlsStream(ssl));
}

Io TlsStream::handshake() {
  ERR_clear_error();
  return incoming(outcome(SSL_accept(ssl_.get()), 0));
}

Io TlsStream::read(char* buffer, std::size_t size) {
  ERR_clear_error();
  const int count = SSL_read(ssl_.get(), buffer, int_size(size));
  return incoming(outcome(count, count > 0 ? static_cast<std::size_t>(count) : 0));
}

// What goes out says nothing of what came in.
Io TlsStream::incoming(const Io& io) {
  if (io.done()) idle_pieces_ = 0;
  return io;
}

Io TlsStream::write(std::string_view bytes) {
  ERR_clear_error();
  const int count = SSL_write(ssl_.get(), bytes.data(), int_size(bytes.size()));
  return outcome(count, count > 0 ? static_cast<std::size_t>(count) : 0);
}

void TlsStream::send_close_notify() {
  ERR_clear_error();
  // Not after a failed handshake: OpenSSL then only records another error.
  if (failure_.empty() && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Io TlsStream::outcome(int result, std::size_t bytes) {
  if (result > 0) return {Io::State::Done, bytes};
  const int saved_errno = errno;
  const int error = SSL_get_error(ssl_.get(), result);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {Io::State::NeedRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Io::State::NeedWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::State::Closed, 0};
    default:
      break;
  }
  errno = saved_errno;
  classify_failure(error);
  return {Io::State::Failed, 0};
}

void TlsStream::classify_failure(int ssl_error) {
  const unsigned long error = ERR_get_error();
  if (is_flooded()) {
    failure_ = "flood";
    failure_detail_ = "too many records without data";
  } else if (error != 0) {
    failure_ = token_for(error);
    failure_detail_ = or_empty(ERR_reason_error_string(error));
  } else if (ssl_error == SSL_ERROR_SYSCALL && errno != 0) {
    failure_ = "eof";
    failure_detail_ = std::generic_category().message(errno);
  } else {
    failure_ = "eof";
    failure_detail_ = "connection closed";
  }
  ERR_clear_error();
}

TlsFacts TlsStream::facts() const {
  const SSL* ssl = ssl_.get();
  TlsFacts facts;
  facts.version = or_empty(SSL_get_version(ssl));
  facts.cipher = or_empty(SSL_get_cipher_name(ssl));
  const int group = static_cast<int>(SSL_get_negotiated_group(ssl_.get()));
  facts.group = or_empty(SSL_group_to_name(ssl_.get(), group));
  facts.sni = or_empty(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
  return facts;
}

}  // namespace net
