// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_tags.h"

#include <catch2/catch.hpp>

using auth::DkimCharset;

namespace {

// "name=value" of each, joined by '|'; or the fault.
std::string tags_of(std::string_view text, DkimCharset charset = DkimCharset::Ascii) {
  const auto parsed = auth::DkimTagList::parse(text, charset);
  if (const auto* fault = std::get_if<auth::DkimTagFault>(&parsed)) {
    if (*fault == auth::DkimTagFault::TooMany) return "too many";
    return *fault == auth::DkimTagFault::Duplicate ? "duplicate" : "malformed";
  }
  std::string joined;
  for (const auto& tag : std::get<auth::DkimTagList>(parsed).all()) {
    if (!joined.empty()) joined += '|';
    joined += std::string(tag.name) + (tag.tight ? "=" : " =") + std::string(tag.value);
  }
  return joined;
}

}  // namespace

// RFC 6376 section 3.2
TEST_CASE("dkim tags: lists") {
  CHECK(tags_of("a=1") == "a=1");
  CHECK(tags_of("a=1;b=2;") == "a=1|b=2");
  CHECK(tags_of(" \t\r\n a\t= 1 2\r\n 3 ;\r\n\tB_9=;  ") == "a =1 2\r\n 3|B_9=");
  CHECK(tags_of("a=b=c;A=;aa==") == "a=b=c|A=|aa==");
  CHECK(tags_of("a=\r\n \r\n\tx") == "a=x");
  for (const char* text : {"",         " ",     ";",     "a",      "a;b=1",  "=1",    "a=1;;",
                           "a=1;;b=2", ";a=1",  "1a=1",  "_a=1",   "a-b=1",  "a b=1", "a=\r\n",
                           "a=1\r\nb", "a=\n ", "a=\r ", "a=\x7f", "a=\x80", "a=\v",  "a=1;\r\n"})
    CHECK(tags_of(text) == "malformed");
  CHECK(tags_of(std::string_view("a=\0", 3)) == "malformed");
  CHECK(tags_of("a=1;b=2;a=1") == "duplicate");
  CHECK(tags_of("a=1;A=2") == "a=1|A=2");
}

// RFC 8616 section 5
TEST_CASE("dkim tags: UTF-8") {
  for (const char* text : {"a=\xc3\xbc", "a= \xc2\xa0 b", "a=\xf0\x9f\x98\x80;b=", "a=\xdf\xbf"})
    for (const auto charset : {DkimCharset::Ascii, DkimCharset::Utf8})
      CHECK((tags_of(text, charset) == "malformed") == (charset == DkimCharset::Ascii));
  CHECK(tags_of("a=\xc3\xbc \xc2\xa0;b=\xc3\xa9", DkimCharset::Utf8) ==
        "a=\xc3\xbc \xc2\xa0|b=\xc3\xa9");
  for (const char* text :
       {"a=\xc3", "a=\xc3;", "\xc3\xbc=1", "a=\xff", "a=\xc2\x80", "a=\xc2\x9f", "a=\xc3\xbc\n",
        "a=\xc2\xa0\xc2\x85", "a=\xc3\xbc\r\n", "a=\xc3\xbc\x7f", "a=\xc0\x80"})
    CHECK(tags_of(text, DkimCharset::Utf8) == "malformed");
}

TEST_CASE("dkim tags: no more than 100") {
  std::string text;
  for (std::size_t i = 0; i < auth::kMaxDkimTags; ++i) text += 'a' + std::to_string(i) + "=;";
  CHECK(tags_of(text) != "too many");
  CHECK(tags_of(text + "b=") == "too many");
}

TEST_CASE("dkim tags: values") {
  CHECK(auth::squeezed(" a\tb\r\n c ") == "abc");
  CHECK(auth::split_by_colon(" a :b\r\n ::c") == std::vector<std::string_view>{"a", "b", "", "c"});
  CHECK(auth::split_by_colon("").size() == 1);
  CHECK(auth::parse_digits("0012", 4) == 12u);
  CHECK(auth::parse_digits("999999999999", 12) == 999'999'999'999u);
  for (const char* text : {"", "-1", "+1", "1 ", " 1", "0x1", "1a", "12345"})
    CHECK_FALSE(auth::parse_digits(text, 4));
  CHECK_FALSE(auth::parse_digits("18446744073709551616", 76));
}

// RFC 6376 section 2.11
TEST_CASE("dkim tags: quoted-printable") {
  CHECK(auth::parse_dkim_quoted_printable("a=40b=3D=00\r\n c") == std::string("a@b=\0c", 6));
  CHECK(auth::parse_dkim_quoted_printable("") == "");
  for (const char* text : {"=", "=4", "=4g", "=4a", "a=", "= 40", "==40"})
    CHECK_FALSE(auth::parse_dkim_quoted_printable(text));
  CHECK(auth::to_dkim_quoted_printable("!a:<>~\xc3\xbc") == "!a:<>~=C3=BC");
  CHECK(auth::to_dkim_quoted_printable(std::string_view(" =;\x7f\0", 5)) == "=20=3D=3B=7F=00");
}

TEST_CASE("dkim tags: base64 with white space") {
  CHECK(auth::parse_dkim_base64(" Zm 9v\r\n Y\tg = =") == "foob");
  for (const char* text : {"", " ", "Zm9vYg", "Zm9*"}) CHECK_FALSE(auth::parse_dkim_base64(text));
}
