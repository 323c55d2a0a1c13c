// SPDX-License-Identifier: Apache-2.0
// dialog_test DIRECTORY [SEED]: plays every dialogue of a directory whole, byte by byte and in
// random pieces. The seed of a failure is printed; give it to play the same pieces again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "support/dialog.h"

namespace {

constexpr std::uint32_t kRandomRounds = 5;

std::vector<std::string> dialogs_in(const char* directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".smtp") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

unsigned play(const dialog::Dialog& dialog, dialog::Split split, const char* how,
              std::uint32_t seed) {
  const auto failure = dialog::play(dialog, split, seed);
  if (!failure) return 0;
  std::printf("FAILED (%s, seed %u): %s\n", how, seed, failure->c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  const std::uint32_t seed = argc > 2
                                 ? static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10))
                                 : std::random_device()();
  const auto paths = dialogs_in(argv[1]);
  unsigned failures = 0;
  for (const std::string& path : paths) {
    const dialog::Dialog dialog = dialog::load(path);
    failures += play(dialog, dialog::Split::Whole, "whole", 0);
    failures += play(dialog, dialog::Split::Bytes, "byte by byte", 0);
    for (std::uint32_t i = 0; i < kRandomRounds; ++i) {
      failures += play(dialog, dialog::Split::Random, "random pieces", seed + i);
    }
  }
  std::printf("%zu dialogues, %u failures, seed %u\n", paths.size(), failures, seed);
  return paths.empty() || failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
