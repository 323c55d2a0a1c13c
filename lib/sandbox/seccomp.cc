// SPDX-License-Identifier: Apache-2.0
#include "sandbox/seccomp.h"

#include <seccomp.h>

#include <cerrno>
#include <memory>
#include <type_traits>

namespace sandbox {
namespace {

struct Release {
  void operator()(scmp_filter_ctx context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release>;

base::Error failed(const std::string& what, int result) {
  return base::Error::system("seccomp: " + what, -result);
}

base::Result<Context> make_context(std::uint32_t default_action) {
  Context context(seccomp_init(default_action));
  if (!context) return failed("seccomp_init", -ENOMEM);
  struct {
    scmp_filter_attr name;
    std::uint32_t value;
  } const attributes[] = {
      {SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS},
      {SCMP_FLTATR_CTL_NNP, 1},
      {SCMP_FLTATR_CTL_TSYNC, 1},
      {SCMP_FLTATR_API_SYSRAWRC, 1},  // errors of the kernel as they are
  };
  for (const auto& attribute : attributes) {
    const int result = seccomp_attr_set(context.get(), attribute.name, attribute.value);
    if (result != 0) return failed("seccomp_attr_set", result);
  }
  return context;
}

scmp_arg_cmp comparison(const ArgumentTest& test) {
  if (test.kind == ArgumentTest::Kind::Differs) return {test.index, SCMP_CMP_NE, test.value, 0};
  return {test.index, SCMP_CMP_MASKED_EQ, test.mask, test.value};
}

base::Status add(const Context& context, std::uint32_t action, const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    const int number = seccomp_syscall_resolve_name(rule.call.c_str());
    if (number == __NR_SCMP_ERROR)
      return base::Error::permanent("seccomp: no system call has the name " + rule.call);
    std::vector<scmp_arg_cmp> comparisons;
    for (const ArgumentTest& test : rule.tests) comparisons.push_back(comparison(test));
    const int result =
        seccomp_rule_add_array(context.get(), action, number,
                               static_cast<unsigned>(comparisons.size()), comparisons.data());
    if (result != 0) return failed("a rule for " + rule.call, result);
  }
  return base::ok();
}

base::Status load(const Context& context) {
  const int result = seccomp_load(context.get());
  return result == 0 ? base::ok() : failed("seccomp_load", result);
}

}  // namespace

// Two filters, as libseccomp lets a rule without tests swallow those with tests. Of the verdicts of
// all filters the kernel takes the severest (seccomp(2)). The one that forbids comes first: behind
// the other no further filter can be loaded.
base::Status install(const Filter& filter) {
  auto forbids = make_context(SCMP_ACT_ALLOW);
  if (!forbids) return forbids.error();
  auto allows = make_context(SCMP_ACT_ERRNO(EPERM));
  if (!allows) return allows.error();
  if (auto added = add(*forbids, SCMP_ACT_KILL_PROCESS, filter.fatal); !added) return added;
  if (auto added = add(*forbids, SCMP_ACT_ERRNO(EPERM), filter.refused); !added) return added;
  if (auto added = add(*forbids, SCMP_ACT_ERRNO(EOPNOTSUPP), filter.unsupported); !added)
    return added;
  if (auto added = add(*allows, SCMP_ACT_ALLOW, filter.allowed); !added) return added;
  if (auto loaded = load(*forbids); !loaded) return loaded;
  return load(*allows);
}

}  // namespace sandbox
