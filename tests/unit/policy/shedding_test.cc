// SPDX-License-Identifier: Apache-2.0
#include "policy/shedding.h"

#include <catch2/catch.hpp>
#include <string>

using policy::Limit;
using policy::Load;
using policy::Shedding;

namespace {

constexpr std::uint64_t kMost = 1600;  // so that a sixteenth is 100

std::string name(const std::optional<Limit>& limit) {
  return limit ? std::string(rule_of(*limit).name) : "none";
}

struct Driven {
  Shedding shedding;
  Load load;

  Driven() {
    load.most_descriptors = load.most_memory = kMost;
    load.least_space = 1000;
  }
  // "SESSIONS MAIL": why each is refused.
  std::string update() {
    const Shedding::State state = shedding.update(load);
    return name(state.sessions) + ' ' + name(state.mail);
  }
  std::string with_memory(std::uint64_t memory) {
    load.memory = memory;
    return update();
  }
  std::string with_descriptors(std::uint64_t descriptors) {
    load.descriptors = descriptors;
    return update();
  }
  std::string with_space(std::optional<std::uint64_t> space) {
    load.free_space = space;
    return update();
  }
};

}  // namespace

TEST_CASE("nothing is refused while there is plenty of everything") {
  CHECK(Driven().update() == "none none");
}

TEST_CASE("sessions are refused first, then mail, and both are taken again when there is more") {
  Driven memory;
  CHECK(memory.with_memory(1199) == "none none");
  CHECK(memory.with_memory(1200) == "memory none");
  CHECK(memory.with_memory(1399) == "memory none");
  CHECK(memory.with_memory(1400) == "memory memory");
  CHECK(memory.with_memory(1300) == "memory memory");
  CHECK(memory.with_memory(1299) == "memory none");
  CHECK(memory.with_memory(1100) == "memory none");
  CHECK(memory.with_memory(1099) == "none none");
  CHECK(memory.with_memory(1199) == "none none");
  Driven descriptors;
  CHECK(descriptors.with_descriptors(1199) == "none none");
  CHECK(descriptors.with_descriptors(1400) == "descriptors descriptors");
  CHECK(descriptors.with_descriptors(1100) == "descriptors none");
  CHECK(descriptors.with_descriptors(0) == "none none");
}

TEST_CASE("a load between the two does not make it change again and again") {
  Driven driven;
  int changes = 0;
  std::string before = driven.update();
  for (int i = 0; i < 100; ++i) {
    const std::string now = driven.with_memory(i % 2 == 0 ? 1210 : 1190);
    if (now != before) ++changes;
    before = now;
  }
  CHECK(changes == 1);
}

TEST_CASE("of two things that are scarce one is told, and the other when that is over") {
  Driven driven;
  driven.load.memory = 1250;
  CHECK(driven.with_descriptors(1250) == "descriptors none");
  CHECK(driven.with_descriptors(0) == "memory none");
  CHECK(driven.with_memory(0) == "none none");
}

TEST_CASE("without room in the spool sessions are refused, until there is twice as much") {
  Driven driven;
  CHECK(driven.with_space(1000) == "none none");
  CHECK(driven.with_space(999) == "spool_space none");
  CHECK(driven.with_space(1999) == "spool_space none");
  CHECK(driven.with_space(2000) == "none none");
  CHECK(driven.with_space(1000) == "none none");
  CHECK(driven.with_space(std::nullopt) == "none none");
}

TEST_CASE("descriptors are looked at between two updates too") {
  CHECK_FALSE(Shedding::are_scarce(1199, kMost));
  CHECK(Shedding::are_scarce(1200, kMost));
}
