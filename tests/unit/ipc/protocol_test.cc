// SPDX-License-Identifier: Apache-2.0
#include "ipc/protocol.h"

#include <catch2/catch.hpp>

using ipc::State;
using ipc::Type;

TEST_CASE("a role's way from hello to serving, as both sides see it") {
  CHECK(ipc::next_state(State::RoleStarting, Type::Hello) == State::RolePreparing);
  CHECK(ipc::next_state(State::RolePreparing, Type::Confined) == State::RoleServing);
  CHECK(ipc::next_state(State::AwaitWelcome, Type::Welcome) == State::AwaitParts);
  CHECK(ipc::next_state(State::AwaitParts, Type::Confine) == State::AwaitServe);
  CHECK(ipc::next_state(State::AwaitServe, Type::Serve) == State::Serving);
}

TEST_CASE("nothing comes before its time, and nothing from the wrong side") {
  CHECK_FALSE(ipc::next_state(State::RoleStarting, Type::Confined));
  CHECK_FALSE(ipc::next_state(State::RoleStarting, Type::Pong));
  CHECK_FALSE(ipc::next_state(State::RolePreparing, Type::Hello));
  CHECK_FALSE(ipc::next_state(State::RoleServing, Type::Hello));
  CHECK_FALSE(ipc::next_state(State::RoleServing, Type::Reload));
  CHECK_FALSE(ipc::next_state(State::AwaitWelcome, Type::Configure));
  CHECK_FALSE(ipc::next_state(State::AwaitParts, Type::Serve));
  CHECK_FALSE(ipc::next_state(State::Serving, Type::Listener));
  CHECK_FALSE(ipc::next_state(State::Serving, Type::Directory));
  CHECK_FALSE(ipc::next_state(State::FromSmtp, Type::Delivered));
  CHECK_FALSE(ipc::next_state(State::FromDeliver, Type::Deliver));
  CHECK_FALSE(ipc::next_state(State::FromDeliver, Type::Configure));
  CHECK_FALSE(ipc::next_state(State::FromDeliver, Type::SaveState));
  CHECK_FALSE(ipc::next_state(State::FromSmtp, Type::KeptState));
  CHECK_FALSE(ipc::next_state(State::FromSmtp, Type::StateSaved));
  CHECK_FALSE(ipc::next_state(State::FromVerify, Type::Judge));
  CHECK_FALSE(ipc::next_state(State::FromVerify, Type::Reviewed));
  CHECK_FALSE(ipc::next_state(State::FromOpinion, Type::Need));
  CHECK_FALSE(ipc::next_state(State::FromOpinion, Type::Judged));
  CHECK_FALSE(ipc::next_state(State::JobsFromSmtp, Type::Judged));
  CHECK_FALSE(ipc::next_state(State::JobsFromSmtp, Type::Deliver));
  CHECK_FALSE(ipc::next_state(State::FromSmtp, Type::Resolve));
  CHECK_FALSE(ipc::next_state(State::ToResolve, Type::Resolved));
  CHECK_FALSE(ipc::next_state(State::ToResolve, Type::Deliver));
  CHECK_FALSE(ipc::next_state(State::FromResolve, Type::Resolve));
  CHECK_FALSE(ipc::next_state(State::FromResolve, Type::Delivered));
}

TEST_CASE("a verifier takes jobs, and answers with questions or verdicts") {
  CHECK(ipc::next_state(State::JobsFromSmtp, Type::Judge) == State::JobsFromSmtp);
  CHECK(ipc::next_state(State::FromVerify, Type::Need) == State::FromVerify);
  CHECK(ipc::next_state(State::FromVerify, Type::Judged) == State::FromVerify);
  CHECK(ipc::next_state(State::FromOpinion, Type::Reviewed) == State::FromOpinion);
}

TEST_CASE("smtp saves state, and deliver says what it kept and whether it could") {
  CHECK(ipc::next_state(State::FromSmtp, Type::SaveState) == State::FromSmtp);
  CHECK(ipc::next_state(State::FromDeliver, Type::KeptState) == State::FromDeliver);
  CHECK(ipc::next_state(State::FromDeliver, Type::StateSaved) == State::FromDeliver);
}

TEST_CASE("the supervisor asks, and only who serves answers, or is asked") {
  for (const Type question : {Type::ManageBans, Type::ShowLimits, Type::ListBusiest}) {
    CHECK(ipc::next_state(State::Serving, question) == State::Serving);
    CHECK(ipc::next_state(State::Draining, question) == State::Draining);
    CHECK_FALSE(ipc::next_state(State::AwaitServe, question));
    CHECK_FALSE(ipc::next_state(State::RoleServing, question));
  }
  for (const Type answer : {Type::Bans, Type::Limits, Type::Busiest}) {
    CHECK(ipc::next_state(State::RoleServing, answer) == State::RoleServing);
    CHECK_FALSE(ipc::next_state(State::RolePreparing, answer));
    CHECK_FALSE(ipc::next_state(State::Serving, answer));
  }
}

TEST_CASE("only what may be several processes has a number in its name") {
  CHECK(ipc::name_of(ipc::RoleId{ipc::Role::Deliver}) == "deliver");
  CHECK(ipc::name_of(ipc::RoleId{ipc::Role::Opinion}) == "opinion");
  CHECK(ipc::name_of(ipc::RoleId{ipc::Role::Verify, 11}) == "verify.12");
}
