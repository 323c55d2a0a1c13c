// SPDX-License-Identifier: Apache-2.0
// What smtp gives deliver to keep, through the deaths of deliver and the failures of its disk.
#include "daemon/smtp/state_client.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/common/sealed_memory.h"
#include "daemon/smtp/deliver_client.h"
#include "ipc/channel.h"
#include "spool/state_file.h"

namespace {

using ipc::StateKind;
using States = std::vector<std::pair<StateKind, std::string>>;

// The other end of the channel is the test's.
class Stage {
 public:
  Stage() {
    client.on_lost([this] { lost = true; });
    state.on_loaded([this](StateKind kind, const std::string& bytes) {
      loaded.emplace_back(kind, bytes);
      if (!merged.empty()) state.save(kind, bytes + merged);
    });
    connect();
  }

  void connect() {
    auto ends = ipc::Channel::make_pair();
    REQUIRE(ends.ok());
    client.connect(std::move(ends->first));
    deliver.emplace(std::move(ends->second), ipc::State::FromSmtp);
  }
  void keep(StateKind kind, const std::string& bytes) {
    keep(ipc::KeptState{kind, bytes.size()}, std::move(*common::sealed_memory("kept", bytes)));
  }
  void keep(const ipc::KeptState& kept, base::UniqueFd memory) {
    REQUIRE(deliver->send(kept, std::move(memory)).ok());
  }
  void answer(StateKind kind, const std::string& error = "") {
    REQUIRE(deliver->send(ipc::StateSaved{kind, error}).ok());
  }
  void turn() {
    int rounds = 0;
    const auto watch = loop.every(std::chrono::milliseconds(1), [&] {
      if (++rounds == 10) loop.stop();
    });
    loop.run();
  }
  // All that smtp wants saved by now, when what was sent to it has been heard.
  States heard() {
    turn();
    REQUIRE(deliver->receive().ok());
    States result;
    for (auto message = deliver->next(); message && *message; message = deliver->next()) {
      const auto save = ipc::unpack<ipc::SaveState>((*message)->body);
      REQUIRE(save);
      result.emplace_back(save->kind, *common::read_sealed_memory((*message)->fd->get()));
      CHECK(result.back().second.size() == save->size);
    }
    return result;
  }

  net::EventLoop loop;
  smtp_role::DeliverClient client{loop};
  smtp_role::StateClient& state = client.state();
  std::optional<ipc::Channel> deliver;
  States loaded;
  std::string merged;  // saved behind what was loaded, unless empty
  bool lost = false;
};

}  // namespace

TEST_CASE("state client: what was kept is loaded, and what is saved goes out") {
  Stage stage;
  stage.keep(StateKind::Bans, "old bans");
  stage.keep(StateKind::History, "");
  CHECK(stage.heard().empty());
  CHECK(stage.loaded == States{{StateKind::Bans, "old bans"}, {StateKind::History, ""}});
  CHECK(stage.state.settled());

  stage.state.save(StateKind::Bans, "new bans");
  CHECK_FALSE(stage.state.settled());
  CHECK(stage.heard() == States{{StateKind::Bans, "new bans"}});
  CHECK_FALSE(stage.state.settled());
  stage.answer(StateKind::Bans);
  CHECK(stage.heard().empty());
  CHECK(stage.state.settled());
}

TEST_CASE("state client: one of a kind is on its way, and the newest follows") {
  Stage stage;
  stage.keep(StateKind::Bans, "");
  stage.keep(StateKind::History, "");
  CHECK(stage.heard().empty());
  for (const char* bytes : {"1", "2", "3"}) stage.state.save(StateKind::Bans, bytes);
  stage.state.save(StateKind::History, "h");
  CHECK(stage.heard() == States{{StateKind::Bans, "1"}, {StateKind::History, "h"}});
  stage.answer(StateKind::Bans);
  CHECK(stage.heard() == States{{StateKind::Bans, "3"}});
  stage.answer(StateKind::History);
  CHECK_FALSE(stage.state.settled());
  stage.answer(StateKind::Bans);
  CHECK(stage.heard().empty());
  CHECK(stage.state.settled());
}

TEST_CASE("state client: nothing that was kept is overwritten before it was seen") {
  Stage stage;
  stage.merged = "+mine";
  stage.state.save(StateKind::Bans, "mine");
  CHECK(stage.heard().empty());
  CHECK_FALSE(stage.state.settled());
  stage.keep(StateKind::Bans, "kept");
  CHECK(stage.heard() == States{{StateKind::Bans, "kept+mine"}});
}

TEST_CASE("state client: another deliver is told what was saved last, and is not listened to") {
  Stage stage;
  stage.keep(StateKind::Bans, "kept");
  stage.keep(StateKind::History, "");
  stage.state.save(StateKind::Bans, "1");
  CHECK(stage.heard() == States{{StateKind::Bans, "1"}});
  SECTION("although the last one had written it") { stage.answer(StateKind::Bans); }
  SECTION("and the last one never answered") {}
  CHECK(stage.heard().empty());
  stage.deliver->close();
  stage.deliver.reset();
  stage.connect();
  stage.keep(StateKind::Bans, "older");
  stage.keep(StateKind::History, "");
  CHECK(stage.heard() == States{{StateKind::Bans, "1"}});
  CHECK(stage.loaded.size() == 2);
  stage.answer(StateKind::Bans);
  CHECK(stage.heard().empty());
  CHECK(stage.state.settled());
}

TEST_CASE("state client: without deliver there is nothing to wait for, and the newest is kept") {
  Stage stage;
  stage.keep(StateKind::Bans, "");
  CHECK(stage.heard().empty());
  stage.state.save(StateKind::Bans, "1");
  stage.deliver->close();
  stage.turn();
  REQUIRE(stage.lost);
  CHECK(stage.state.settled());
  stage.state.save(StateKind::Bans, "2");
  stage.connect();
  CHECK(stage.heard() == States{{StateKind::Bans, "2"}});
}

TEST_CASE("state client: what could not be written waits for the next save, or for its time") {
  Stage stage;
  stage.keep(StateKind::Bans, "");
  CHECK(stage.heard().empty());
  stage.state.save(StateKind::Bans, "1");
  CHECK(stage.heard().size() == 1);
  stage.answer(StateKind::Bans, "no space");
  CHECK(stage.heard().empty());
  CHECK(stage.state.settled());  // waiting would not help
  stage.state.save(StateKind::Bans, "2");
  CHECK(stage.heard() == States{{StateKind::Bans, "2"}});
  // Meanwhile something newer came: it is the other try.
  stage.state.save(StateKind::Bans, "3");
  stage.answer(StateKind::Bans, "no space");
  CHECK(stage.heard() == States{{StateKind::Bans, "3"}});
}

TEST_CASE("state client: the largest state is saved, a larger one is not") {
  Stage stage;
  stage.keep(StateKind::Bans, "");
  CHECK(stage.heard().empty());
  const std::string largest(spool::kMaxStateFile, 'x');
  stage.state.save(StateKind::Bans, largest + "x");
  CHECK(stage.heard().empty());
  CHECK(stage.state.settled());
  stage.state.save(StateKind::Bans, largest);
  CHECK(stage.heard() == States{{StateKind::Bans, largest}});
}

TEST_CASE("state client: what deliver may not say ends the channel") {
  base::UniqueFd open(::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::string large(spool::kMaxStateFile + 1, 'x');
  const std::vector<std::function<void(Stage&)>> violations = {
      [&](Stage& stage) {
        stage.keep({StateKind::Bans, 0}, std::move(open));
      },
      [](Stage& stage) {
        stage.keep({StateKind::Bans, 2}, std::move(*common::sealed_memory("x", "x")));
      },
      [&](Stage& stage) { stage.keep(StateKind::Bans, large); },
      [](Stage& stage) { stage.answer(StateKind::Bans); },  // to nothing
  };
  for (const auto& violate : violations) {
    Stage stage;
    violate(stage);
    CHECK(stage.heard().empty());
    CHECK(stage.lost);
    CHECK(stage.loaded.empty());
  }
}
