// SPDX-License-Identifier: Apache-2.0
#include "smtp/state.h"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace {

using smtp::Input;
using smtp::State;

constexpr int kStates = static_cast<int>(State::Closed) + 1;
constexpr int kInputs = static_cast<int>(Input::Refused) + 1;

std::set<State> reachable_from(State start) {
  std::set<State> found = {start};
  std::vector<State> open = {start};
  while (!open.empty()) {
    const State state = open.back();
    open.pop_back();
    for (int i = 0; i < kInputs; ++i) {
      const auto next = smtp::next_state(state, static_cast<Input>(i));
      if (next && found.insert(*next).second) open.push_back(*next);
    }
  }
  return found;
}

TEST_CASE("every state can be reached, and every session can end") {
  CHECK(reachable_from(State::AskConnect).size() == kStates);
  for (int s = 0; s < kStates; ++s)
    CHECK(reachable_from(static_cast<State>(s)).count(State::Closed));
}

TEST_CASE("questions take answers only, and all other states take none") {
  for (int s = 0; s < kStates; ++s) {
    const State state = static_cast<State>(s);
    INFO(s);
    for (int i = 0; i < kInputs; ++i) {
      const Input input = static_cast<Input>(i);
      const bool answer = input == Input::Yes || input == Input::No || input == Input::YesInTls;
      if (answer != smtp::is_question(state)) CHECK_FALSE(smtp::next_state(state, input));
    }
    CHECK(smtp::is_question(state) == smtp::next_state(state, Input::No).has_value());
  }
}

TEST_CASE("mail can only flow through every question") {
  CHECK(smtp::next_state(State::Ready, Input::Mail) == State::AskSender);
  CHECK_FALSE(smtp::next_state(State::Greeted, Input::Mail));
  for (int s = 0; s < kStates; ++s) {
    const State state = static_cast<State>(s);
    for (int i = 0; i < kInputs; ++i) {
      const auto next = smtp::next_state(state, static_cast<Input>(i));
      if (next == State::Body) CHECK(state == State::AskData);
      if (next == State::AskData) CHECK(state == State::Recipients);
      if (next == State::AskChunks) CHECK(state == State::Recipients);
      if (next == State::Chunk) CHECK((state == State::AskChunks || state == State::Chunks));
      if (next == State::Chunks) CHECK(state == State::Chunk);
      if (next == State::AskMessage) CHECK((state == State::Body || state == State::Chunk));
      if (next == State::Handshake)
        CHECK((state == State::AskConnect || smtp::is_tls_question(state)));
      if (next == State::Greeting) CHECK(state == State::Greeted);
    }
  }
}

TEST_CASE("a handshake that is refused leads back to where it was asked for") {
  for (const State state : {State::Greeted, State::Ready}) {
    const State asked = smtp::next_state(state, Input::StartTls).value();
    CHECK(smtp::is_tls_question(asked));
    CHECK(smtp::is_question(asked));
    CHECK(smtp::next_state(asked, Input::No) == state);
  }
}

TEST_CASE("EHLO and RSET lead to the state between transactions") {
  for (const State state : {State::Ready, State::Sender, State::Recipients, State::Chunks}) {
    CHECK(smtp::next_state(state, Input::Reset) == State::Ready);
    CHECK(smtp::next_state(state, Input::Hello) == State::Ready);
  }
}

}  // namespace
