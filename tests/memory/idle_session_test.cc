// SPDX-License-Identifier: Apache-2.0
// What an idle session holds beside OpenSSL's memory: connection, handler and smtp::Session, as a
// shard has them.
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/smtp/shard.h"
#include "memory/counted_memory.h"
#include "obs/log.h"
#include "support/certificate.h"

namespace {

constexpr int kSessions = 200;
constexpr std::int64_t kMostIdle = 4096;  // bytes each

std::shared_ptr<const smtp_role::Snapshot> snapshot() {
  const auto certificate = support::make_certificate("mx.ours.test");
  common::SmtpRoleSettings settings;
  settings.hostname = settings.smtp.hostname = "mx.ours.test";
  settings.tls.certificates.push_back({certificate.chain_pem, certificate.key_pem, "chain", "key"});
  settings.domains.emplace_back();
  settings.domains.back().name = "ours.test";
  settings.domains.back().mailboxes = {"info"};
  settings.limits.connections = kSessions + 1;
  settings.limits.message_rate.amount = kSessions + 1;
  auto made = smtp_role::Snapshot::make(settings);
  REQUIRE(made.ok());
  return *made;
}

// The client's side of a session: it talks in turn and waits. Its memory is OpenSSL's or on the
// stack, but for the replies.
class Client {
 public:
  explicit Client(SSL_CTX* context) : ssl_(SSL_new(context), SSL_free) {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_.data()) == 0);
    REQUIRE(SSL_set_fd(ssl_.get(), fds_[0]) == 1);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(fds_[0]); }

  base::UniqueFd take_server_end() const {
    const timeval patience{20, 0};
    setsockopt(fds_[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    fcntl(fds_[1], F_SETFL, O_NONBLOCK);
    return base::UniqueFd(fds_[1]);
  }

  // Up to the session that waits for a transaction.
  void begin() {
    expect("220");
    say("EHLO client.example.net\r\n", "250");
    say("STARTTLS\r\n", "220");
    secure_ = SSL_connect(ssl_.get()) == 1;
    REQUIRE(secure_);
    say("EHLO client.example.net\r\n", "250");
  }
  void say(std::string_view line, std::string_view code) {
    const auto size = static_cast<int>(line.size());
    REQUIRE((secure_ ? SSL_write(ssl_.get(), line.data(), size)
                     : static_cast<int>(send(fds_[0], line.data(), line.size(), 0))) == size);
    expect(code);
  }

 private:
  // One reply; its last line has a blank behind the code.
  void expect(std::string_view code) {
    std::array<char, 2048> buffer{};
    std::size_t size = 0;
    while (true) {
      REQUIRE(size < buffer.size());
      const int room = static_cast<int>(buffer.size() - size);
      const int count = secure_ ? SSL_read(ssl_.get(), buffer.data() + size, room)
                                : static_cast<int>(recv(fds_[0], buffer.data() + size,
                                                        static_cast<std::size_t>(room), 0));
      REQUIRE(count > 0);
      size += static_cast<std::size_t>(count);
      const std::string_view text(buffer.data(), size);
      REQUIRE(text.substr(0, 3) == code.substr(0, text.size()));
      if (!text.ends_with("\r\n")) continue;
      const std::size_t before = text.rfind('\n', text.size() - 2);
      const std::size_t last_line = before == std::string_view::npos ? 0 : before + 1;
      if (text[last_line + 3] == ' ') return;
    }
  }

  std::array<int, 2> fds_{};
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool secure_ = false;
};

struct Sessions {
  Sessions() {
    for (int i = 0; i < kSessions; ++i) clients.push_back(std::make_unique<Client>(context.get()));
  }

  void open(Client& client, int number) {
    smtp::PeerFacts peer;
    peer.client = {*base::IpAddress::parse("192.0.2.7"), 40000};
    const auto settings = services.snapshot();
    std::optional<policy::Gate::Seat> seat;
    services.gate.enter(0, {}, false, settings->limits, seat);
    smtp_role::Arrival arrival{
        client.take_server_end(), peer, {}, "65A0B0C0." + std::to_string(number), settings, {}, {}};
    services.gate.admit({peer.client.address}, std::move(*seat),
                        std::shared_ptr<const policy::LimitSettings>(settings, &settings->limits),
                        policy::Moment::now(), arrival.client);
    shard->adopt(std::move(arrival));
    client.begin();
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{SSL_CTX_new(TLS_client_method()),
                                                       SSL_CTX_free};
  net::EventLoop main_loop;
  smtp_role::Services services{snapshot(), 1, main_loop};
  std::vector<std::unique_ptr<Client>> clients;
  std::unique_ptr<smtp_role::Shard> shard = std::make_unique<smtp_role::Shard>(services);
};

TEST_CASE("an idle session holds at most 4 KiB") {
  memory::count_libevent_too();
  obs::configure({obs::Level::Error, obs::Format::Logfmt});
  Sessions sessions;
  sessions.open(*sessions.clients.front(), 0);  // what is made once
  const std::int64_t before = memory::held();
  for (int i = 1; i < kSessions; ++i)
    sessions.open(*sessions.clients[static_cast<std::size_t>(i)], i);
  const std::int64_t fresh = (memory::held() - before) / (kSessions - 1);

  // A session that has worked gives back what it needed for that.
  const std::string many(400, 'x');
  for (const auto& client : sessions.clients) {
    client->say("MAIL FROM:<a@example.net>\r\n", "451");  // the deliver process is away
    client->say("NOOP " + many + "\r\n", "250");
    client->say("RSET\r\n", "250");
  }
  const std::int64_t used = (memory::held() - before) / (kSessions - 1);
  WARN("an idle session holds " << fresh << " bytes, " << used << " when it has worked");
  CHECK(fresh > 0);
  CHECK(fresh <= kMostIdle);
  CHECK(used <= kMostIdle);
}

}  // namespace
