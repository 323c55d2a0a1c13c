// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_fields.h"

#include <catch2/catch.hpp>
#include <string>

namespace {

const std::string kMessage =
    "A: 1\r\nDKIM-Signature: 2\r\nB: 3\r\na: 4\r\nno field\r\ndkim-signature: 5\r\nA : 6\r\n\r\n";

auth::DkimSignature naming(std::vector<std::string> fields) {
  auth::DkimSignature signature;
  signature.fields = std::move(fields);
  return signature;
}

std::string values(const auth::DkimFields::Fields& fields) {
  std::string all;
  for (const auto* field : fields) all += field->value;
  return all;
}

}  // namespace

// RFC 6376 section 5.4.2
TEST_CASE("dkim fields: from the bottom up, in the order of h=") {
  const mail::HeaderFields header(kMessage);
  const mail::HeaderField upper = header.all()[1], lower = header.all()[5];
  const auto signed_by = [&](const mail::HeaderField& itself, std::vector<std::string> names) {
    const auto signature = naming(std::move(names));
    const auto* const place = &itself == &upper ? &header.all()[1] : &header.all()[5];
    return values(auth::DkimFields(header, {&signature}).signed_by(signature, *place));
  };
  CHECK(signed_by(upper, {"a"}) == " 6");
  CHECK(signed_by(upper, {"a", "b", "a"}) == " 6 3 4");
  CHECK(signed_by(upper, {"a", "a", "a", "a", "c", "a"}) == " 6 4 1");
  CHECK(signed_by(upper, {}).empty());
  // The signature is none of them (section 3.5, h=).
  CHECK(signed_by(upper, {"dkim-signature", "b", "dkim-signature"}) == " 5 3");
  CHECK(signed_by(lower, {"dkim-signature", "b", "dkim-signature"}) == " 2 3");
}

TEST_CASE("dkim fields: what several sign") {
  const mail::HeaderFields header(kMessage);
  const auto one = naming({"a", "b", "c"}), two = naming({"a", "x", "a"}), other = naming({"b"});
  const auto values_by_any = [&](const std::vector<const auth::DkimSignature*>& signatures) {
    return values(auth::DkimFields(header, {&one, &two, &other}).signed_by_any(signatures));
  };
  CHECK(values_by_any({&one, &two}) == " 4 6 3");
  CHECK(values_by_any({&one}) == " 6 3");
  CHECK(values_by_any({&other}) == " 3");
  CHECK(values_by_any({}).empty());
}
