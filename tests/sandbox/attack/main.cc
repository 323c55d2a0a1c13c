// SPDX-License-Identifier: Apache-2.0
// postern-attack: makes a thread of a running process do what an attacker would, who has taken it
// over. Needs root.
//   postern-attack PROCESS THREAD OTHER SERVER PORT DNS_PORT OUTSIDE LOCAL RIGHTS ACT...
// PROCESS "stand-in": a process of its own, that nothing confines, for each act. RIGHTS is
// "sockets" where the process may make sockets, else "none". Without an ACT: all of acts.def. For
// each act a line: its name, a tab, and "allowed", "killed" (by the filter), the name of an error,
// or "died" and a signal. Behind an act that ends the process the others are not tried.
#include <arpa/inet.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/attack/acts.h"
#include "sandbox/attack/stand_in.h"

namespace {

using attack::Act, attack::Scene;

constexpr std::size_t kFixedArguments = 9;

std::string outcome_of(long result) {
  if (result >= 0) return "allowed";
  const char* name = strerrorname_np(static_cast<int>(-result));
  return name != nullptr ? name : "error " + std::to_string(-result);
}

// False when the process has died of it.
bool attempt(const Act& act, attack::Puppet& puppet, const Scene& scene) {
  std::string outcome;
  bool alive = true;
  puppet.clear();
  try {
    outcome = outcome_of(act.attempt(puppet, scene));
  } catch (const attack::Died& died) {
    alive = false;
    outcome = died.signal == SIGSYS ? "killed" : "died " + std::to_string(died.signal);
  }
  std::printf("%s\t%s\n", act.name, outcome.c_str());
  return alive;
}

void attack_process(const std::vector<Act>& acts, const Scene& scene) {
  attack::Puppet puppet(scene.process, scene.thread);
  for (const Act& act : acts)
    if (!attempt(act, puppet, scene)) return;
}

void attack_stand_ins(const std::vector<Act>& acts, const Scene& scene) {
  for (const Act& act : acts) {
    const attack::StandIn stand_in(scene);
    attack_process({act}, stand_in.scene());
  }
}

std::vector<Act> chosen(std::span<char*> names) {
  if (names.empty()) return {std::begin(attack::kActs), std::end(attack::kActs)};
  std::vector<Act> acts;
  for (const std::string_view name : names) {
    const auto* found =
        std::ranges::find_if(attack::kActs, [&](const Act& act) { return name == act.name; });
    if (found == std::end(attack::kActs)) throw std::runtime_error("no act " + std::string(name));
    acts.push_back(*found);
  }
  return acts;
}

Scene read_scene(std::span<char*> words) {
  Scene scene;
  scene.other = std::stoi(words[2]);
  scene.server = inet_addr(words[3]);
  scene.port = static_cast<std::uint16_t>(std::stoi(words[4]));
  scene.dns_port = static_cast<std::uint16_t>(std::stoi(words[5]));
  scene.outside = words[6];
  scene.local = words[7];
  scene.makes_sockets = std::string_view(words[8]) == "sockets";
  return scene;
}

void run(std::span<char*> words) {
  if (words.size() < kFixedArguments) throw std::runtime_error("see the top of its source");
  Scene scene = read_scene(words);
  const std::vector<Act> acts = chosen(words.subspan(kFixedArguments));
  if (std::string_view(words[0]) == "stand-in") return attack_stand_ins(acts, scene);
  scene.process = std::stoi(words[0]);
  scene.thread = std::stoi(words[1]);
  attack::find_descriptors(scene);
  attack_process(acts, scene);
}

}  // namespace

int main(int argc, char* argv[]) {
  try {
    run({argv + 1, static_cast<std::size_t>(argc - 1)});
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "postern-attack: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
