// SPDX-License-Identifier: Apache-2.0
#include "config/diagnostic.h"

#include <catch2/catch.hpp>
#include <string>

using config::Diagnostic;
using Severity = config::Diagnostic::Severity;

TEST_CASE("nothing to say is said with nothing") { CHECK(config::render({}).empty()); }

TEST_CASE("line, caret, hint and count") {
  CHECK(config::render({
            {Severity::Error, "a.conf", 7, 5, 3, "bad", "try another", "x = abc"},
            {Severity::Warning, "a.conf", 123456, 1, 1, "odd", "", "y"},
            {Severity::Error, "a.conf", 0, 0, 0, "missing", "x = 1", ""},
            {Severity::Error, "other", 2, 0, 0, "no caret", "", "the line"},
            {Severity::Note, "a.conf", 0, 0, 0, "by the way", "", ""},
        }) ==
        "a.conf:7:5: error: bad\n"
        "    7 | x = abc\n"
        "      |     ^^^ try another\n"
        "a.conf:123456:1: warning: odd\n"
        "123456 | y\n"
        "       | ^\n"
        "a.conf: error: missing\n"
        "      | x = 1\n"
        "other:2: error: no caret\n"
        "    2 | the line\n"
        "a.conf: note: by the way\n"
        "3 errors, 1 warning, 1 note. See postern.conf(5).\n");
}

TEST_CASE("the caret counts characters, not bytes, and takes a tab for one") {
  CHECK(config::render({{Severity::Error, "f", 1, 6, 2, "m", "", "\"\xc3\xbc\"\t= 12"}}) ==
        "f:1:6: error: m\n"
        "    1 | \"\xc3\xbc\" = 12\n"
        "      |      ^^\n"
        "1 error. See postern.conf(5).\n");
}

TEST_CASE("control characters do not reach the terminal") {
  const std::string text =
      config::render({{Severity::Error, "f\x1b", 1, 1, 1, "m\x1b[2J\n", "h\x7f", "a\x1b[31m\r"}});
  CHECK(text ==
        "f?:1:1: error: m?[2J?\n"
        "    1 | a?[31m?\n"
        "      | ^ h?\n"
        "1 error. See postern.conf(5).\n");
}

TEST_CASE("nor do those of ISO 6429 that are two bytes in UTF-8") {
  CHECK(config::render({{Severity::Error, "f", 1, 7, 1, "m", "",
                         "\xc2\x9b"
                         "1m\xc2\xa0\xc3\x9bx"}}) ==
        "f:1:7: error: m\n"
        "    1 | ?1m\xc2\xa0\xc3\x9bx\n"
        "      |       ^\n"
        "1 error. See postern.conf(5).\n");
}

TEST_CASE("a long line is cut around the place") {
  const std::string line = std::string(1000, 'a') + "HERE" + std::string(1000, 'b');
  const std::string text = config::render({{Severity::Error, "f", 1, 1001, 4, "m", "", line}});
  CHECK(text == "f:1:1001: error: m\n    1 | " + std::string(80, 'a') + "HERE" +
                    std::string(76, 'b') + "\n      | " + std::string(80, ' ') +
                    "^^^^\n1 error. See postern.conf(5).\n");
}

TEST_CASE("a caret beyond the line still shows") {
  CHECK(config::render({{Severity::Error, "f", 1, 3, 0, "m", "", "a="}}) ==
        "f:1:3: error: m\n"
        "    1 | a=\n"
        "      |   ^\n"
        "1 error. See postern.conf(5).\n");
}
