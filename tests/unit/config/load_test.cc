// SPDX-License-Identifier: Apache-2.0
// Mistakes in a configuration file, and exactly what the administrator reads about each.
#include "config/load.h"

#include <catch2/catch.hpp>
#include <string>

#include "support/configs.h"

using support::errors_of;
using support::kMinimalConfig;
using support::load_text;

namespace {

// The smallest configuration with lines behind it (the first is line 11) and the report on them.
std::string after_minimal(const std::string& lines) { return errors_of(kMinimalConfig + lines); }

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kMinimalConfig;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

constexpr char kOneError[] = "1 error. See postern.conf(5).\n";

}  // namespace

TEST_CASE("the smallest configuration is fine") { CHECK(errors_of(kMinimalConfig).empty()); }

TEST_CASE("an unknown setting, with the nearest known one") {
  CHECK(after_minimal("[smtp]\nmax_mesage_size = \"25M\"\n") ==
        std::string("/etc/postern/postern.conf:12:1: error: unknown setting \"max_mesage_size\" in "
                    "[smtp]\n"
                    "   12 | max_mesage_size = \"25M\"\n"
                    "      | ^^^^^^^^^^^^^^^ did you mean \"max_message_size\"?\n") +
            kOneError);
}

TEST_CASE("an unknown setting that belongs elsewhere") {
  CHECK(after_minimal("max_recipients = 5\n") ==
        std::string("/etc/postern/postern.conf:11:1: error: unknown setting \"max_recipients\" in "
                    "[[domain]]\n"
                    "   11 | max_recipients = 5\n"
                    "      | ^^^^^^^^^^^^^^ it belongs in [smtp]\n") +
            kOneError);
  CHECK_THAT(after_minimal("[log]\nhostname = 'a'\n"),
             Catch::Contains("^^^^^^^^ it belongs above the first section\n"));
}

TEST_CASE("an unknown section") {
  CHECK(after_minimal("[smpt]\nmax_recipients = 5\n") ==
        std::string("/etc/postern/postern.conf:11:2: error: unknown section \"smpt\"\n"
                    "   11 | [smpt]\n"
                    "      |  ^^^^ did you mean \"smtp\"?\n") +
            kOneError);
  CHECK_THAT(after_minimal("[[certificate]]\n"),
             Catch::Contains("error: unknown section \"certificate\"\n") &&
                 Catch::Contains("^^^^^^^^^^^ it is written [[tls.certificate]]\n"));
  CHECK_THAT(after_minimal("[auth.dmrc]\n"),
             Catch::Contains("unknown section \"dmrc\" in [auth]\n") &&
                 Catch::Contains("did you mean \"dmarc\"?"));
}

TEST_CASE("a quoted name with a dot in it is one unknown name") {
  CHECK_THAT(errors_of(std::string("\"smtp.max_recipients\" = 1\n\"\" = 2\n") + kMinimalConfig),
             Catch::Contains("unknown setting \"smtp.max_recipients\"\n") &&
                 Catch::Contains("unknown setting \"\"\n"));
}

TEST_CASE("a value of the wrong type") {
  CHECK(after_minimal("[smtp]\nmax_recipients = \"many\"\n") ==
        std::string("/etc/postern/postern.conf:12:18: error: smtp.max_recipients: expected an "
                    "integer, found a string\n"
                    "   12 | max_recipients = \"many\"\n"
                    "      |                  ^^^^^^\n") +
            kOneError);
  const std::pair<const char*, const char*> rows[] = {
      {"[dns]\ndnssec = 'yes'\n", "dns.dnssec: expected true or false, found a string\n"},
      {"[dns]\ndnssec = 1\n", "dns.dnssec: expected true or false, found an integer\n"},
      {"[smtp]\nmax_recipients = 1.5\n", "expected an integer, found a number with a point\n"},
      {"[smtp]\nmax_recipients = true\n", "expected an integer, found true or false\n"},
      {"[smtp]\nmax_recipients = 07:32:00\n", "expected an integer, found a time\n"},
      {"[smtp]\nmax_recipients = 2027-01-01\n", "expected an integer, found a date\n"},
      {"[smtp]\nmax_recipients = [1]\n", "expected an integer, found a list\n"},
      {"[smtp]\nmax_recipients = { a = 1 }\n", "expected an integer, found a table\n"},
      {"[smtp]\nmax_message_size = true\n",
       "expected a size such as \"25M\", found true or false\n"},
      {"[log]\nlevel = 3\n", "log.level: expected a string, found an integer\n"},
      {"[limits]\nexempt = '192.0.2.0/24'\n",
       "limits.exempt: expected a list of networks such as [\"192.0.2.0/24\"], found a string\n"},
      {"[limits]\nexempt = [1]\n", "found an integer\n"},
      {"[limits]\nconnection_rate = 300\n",
       "expected a rate such as \"30/1m\", found an integer\n"},
      {"[spool]\ndirectory = 1\n", "spool.directory: expected a path, found an integer\n"},
  };
  for (const auto& [lines, message] : rows) {
    INFO(lines);
    CHECK_THAT(after_minimal(lines), Catch::Contains(message) && Catch::EndsWith(kOneError));
  }
}

TEST_CASE("a duration without a unit") {
  CHECK(after_minimal("[smtp]\ncommand_timeout = 300\n") ==
        std::string("/etc/postern/postern.conf:12:19: error: smtp.command_timeout: expected a "
                    "duration such as \"5m\", found an integer\n"
                    "   12 | command_timeout = 300\n"
                    "      |                   ^^^ a unit is needed: \"300s\"?\n") +
            kOneError);
  CHECK_THAT(after_minimal("[smtp]\ncommand_timeout = '300'\n"),
             Catch::Contains("smtp.command_timeout: \"300\" is not a duration\n"));
}

TEST_CASE("a value that is not allowed") {
  CHECK(after_minimal("[tls]\nmin_version = \"1.1\"\n") ==
        std::string("/etc/postern/postern.conf:12:15: error: tls.min_version: \"1.1\" is not "
                    "allowed (allowed: \"1.2\", \"1.3\")\n"
                    "   12 | min_version = \"1.1\"\n"
                    "      |               ^^^^^ did you mean \"1.2\"?\n") +
            kOneError);
  CHECK_THAT(after_minimal("[log]\nlevel = 'inof'\n"),
             Catch::Contains("(allowed: \"debug\", \"info\", \"warning\", \"error\")") &&
                 Catch::Contains("did you mean \"info\"?"));
}

TEST_CASE("values out of their range") {
  const std::pair<const char*, const char*> rows[] = {
      {"[smtp]\nmax_recipients = 0\n", "smtp.max_recipients: 0 is out of range (1 to 10000)"},
      {"[smtp]\nmax_recipients = 10001\n", "10001 is out of range (1 to 10000)"},
      {"[smtp]\nmax_recipients = -1\n", "-1 is out of range (1 to 10000)"},
      {"[smtp]\nmax_message_size = '1023'\n", "\"1023\" is out of range (1K to 1G)"},
      {"[smtp]\nmax_message_size = 1023\n", "1023 is out of range (1K to 1G)"},
      {"[smtp]\nmax_message_size = '1025M'\n", "\"1025M\" is out of range (1K to 1G)"},
      {"[smtp]\ncommand_timeout = '99ms'\n", "\"99ms\" is out of range (100ms to 1h)"},
      {"[smtp]\ncommand_timeout = '1h1ms'\n", "\"1h1ms\" is out of range (100ms to 1h)"},
      {"[tls]\nrefusal_text = ''\n", "a length of 0 is out of range (1 to 400)"},
  };
  for (const auto& [lines, message] : rows) {
    INFO(lines);
    CHECK_THAT(after_minimal(lines), Catch::Contains(message) && Catch::EndsWith(kOneError));
  }
  CHECK_THAT(after_minimal("[tls]\nrefusal_text = '" + std::string(401, 'x') + "'\n"),
             Catch::Contains("a length of 401 is out of range (1 to 400)"));
  CHECK(after_minimal("[tls]\nrefusal_text = '" + std::string(400, 'x') + "'\n").empty());
  CHECK_THAT(after_minimal("[dns]\nlocal_data = ['" + std::string(4097, 'x') + "']\n"),
             Catch::Contains("dns.local_data: a length of 4097 is out of range"));
}

TEST_CASE("texts that are not what they should be") {
  const std::pair<const char*, const char*> rows[] = {
      {"[smtp]\nmax_message_size = '25 MB'\n", "\"25 MB\" is not a size"},
      {"[limits]\nconnection_rate = '300'\n", "\"300\" is not a rate"},
      {"[limits]\nbyte_rate = 'x/1m'\n", "\"x/1m\" is not a rate"},
      {"[limits]\nexempt = ['10.0.0.1/8']\n", "\"10.0.0.1/8\" is not a network"},
      {"[limits]\nexempt = ['2001:db8::/129']\n", "\"2001:db8::/129\" is not a network"},
      {"[dns]\nservers = ['127.0.0.1']\n", "\"127.0.0.1\" is not a DNS server"},
      {"[dns]\nservers = ['127.0.0.1:0']\n", "\"127.0.0.1:0\" is not a DNS server"},
      {"[tls]\nrefusal_text = \"a\\r\\nb\"\n", "must not contain control characters"},
      {"[tls]\nrefusal_text = \"b\\u00fc\"\n", "must be ASCII"},
      {"[workers]\nuser = 'root'\n", "\"root\" must not be root: the roles drop to this user"},
      {"[spool]\ndirectory = ''\n", "must not be empty"},
      {"[auth]\nauthserv_id = 'a b'\n", "\"a b\" is not a domain name"},
      {"[auth.dmarc]\nquarantine_folder = '../x'\n", "must not begin with a dot"},
      {"[[listener]]\naddress = '0.0.0.0'\n", "\"0.0.0.0\" is not an address to listen on"},
      {"[[listener]]\naddress = '[::]:0'\n", "\"[::]:0\" is not an address to listen on"},
      {"[[listener]]\naddress = '127.0.0.1:65536'\n", "is not an address to listen on"},
      {"[[listener]]\naddress = 'systemd:'\n", "is not an address to listen on"},
      {"[[listener]]\naddress = 'mx.example.org:25'\n", "is not an address to listen on"},
      {"[[auth.dmarc.exception]]\nnetwork = '10.0.0.0/8'\nreason = 'x'\nuntil = '2027-02-30'\n",
       "\"2027-02-30\" is not a date"},
  };
  for (const auto& [lines, message] : rows) {
    INFO(lines);
    CHECK_THAT(after_minimal(lines), Catch::Contains(message) && Catch::EndsWith(kOneError));
  }
}

TEST_CASE("a socket path as long as the kernel takes it, and one longer") {
  const std::string longest = '/' + std::string(106, 's');
  CHECK(after_minimal("[control]\nsocket = '" + longest + "'\n").empty());
  CHECK_THAT(after_minimal("[control]\nsocket = '" + longest + "s'\n"),
             Catch::Contains("control.socket: is longer than 107 characters"));
}

TEST_CASE("everything that is missing from an empty file") {
  CHECK(errors_of("") ==
        "/etc/postern/postern.conf: error: missing setting \"hostname\"\n"
        "      | hostname = \"mx.example.org\"\n"
        "/etc/postern/postern.conf: error: missing section [[listener]]\n"
        "/etc/postern/postern.conf: error: missing section [[tls.certificate]]\n"
        "/etc/postern/postern.conf: error: missing section [[domain]]\n"
        "/etc/postern/postern.conf: note: config_version is not set; 1 is assumed\n"
        "4 errors, 1 note. See postern.conf(5).\n");
}

TEST_CASE("what is missing from a section") {
  CHECK(after_minimal("[[listener]]\ntls = 'implicit'\n") ==
        std::string("/etc/postern/postern.conf:11:1: error: missing setting \"address\" in "
                    "[[listener]]\n"
                    "   11 | [[listener]]\n"
                    "      | ^^^^^^^^^^^^ address = \"0.0.0.0:25\"\n") +
            kOneError);
  CHECK_THAT(errors_of(replaced("key = 'tls/privkey.pem'\n", "")),
             Catch::Contains(":5:1: error: missing setting \"key\" in [[tls.certificate]]\n"));
}

TEST_CASE("an empty list of sections is a missing one") {
  CHECK_THAT(
      errors_of("listener = []\n" + replaced("[[listener]]\naddress = '127.0.0.1:2525'\n", "")),
      Catch::Contains("error: missing section [[listener]]\n") && Catch::EndsWith(kOneError));
}

TEST_CASE("single and double brackets") {
  CHECK(after_minimal("[[smtp]]\nmax_recipients = 5\n") ==
        std::string("/etc/postern/postern.conf:11:3: error: expected [smtp], found [[smtp]]\n"
                    "   11 | [[smtp]]\n"
                    "      |   ^^^^ there is only one: write [smtp]\n") +
            kOneError);
  CHECK_THAT(errors_of(replaced("[[listener]]", "[listener]")),
             Catch::Contains(":3:2: error: expected [[listener]], found [listener]\n") &&
                 Catch::Contains("there can be several: write [[listener]]\n") &&
                 Catch::EndsWith(kOneError));
  CHECK_THAT(errors_of("smtp = 5\n" + std::string(kMinimalConfig)),
             Catch::Contains("expected [smtp], found an integer\n"));
}

TEST_CASE("all mistakes in one run, in the order of the file") {
  CHECK(errors_of(replaced("name = 'example.org'", "nmae = 'example.org'") +
                  "catch_all = 'nobody'\n"
                  "[smtp]\n"
                  "command_timeout = 5\n"
                  "[tls]\n"
                  "min_version = '1.0'\n") ==
        "/etc/postern/postern.conf:8:1: error: missing setting \"name\" in [[domain]]\n"
        "    8 | [[domain]]\n"
        "      | ^^^^^^^^^^ name = \"example.org\"\n"
        "/etc/postern/postern.conf:9:1: error: unknown setting \"nmae\" in [[domain]]\n"
        "    9 | nmae = 'example.org'\n"
        "      | ^^^^ did you mean \"name\"?\n"
        "/etc/postern/postern.conf:11:13: error: domain.catch_all: there is no mailbox \"nobody\" "
        "in this domain\n"
        "   11 | catch_all = 'nobody'\n"
        "      |             ^^^^^^^^\n"
        "/etc/postern/postern.conf:13:19: error: smtp.command_timeout: expected a duration such as "
        "\"5m\", found an integer\n"
        "   13 | command_timeout = 5\n"
        "      |                   ^ a unit is needed: \"5s\"?\n"
        "/etc/postern/postern.conf:15:15: error: tls.min_version: \"1.0\" is not allowed (allowed: "
        "\"1.2\", \"1.3\")\n"
        "   15 | min_version = '1.0'\n"
        "      |               ^^^^^ did you mean \"1.2\"?\n"
        "5 errors. See postern.conf(5).\n");
}

TEST_CASE("a syntax error has a place") {
  CHECK(after_minimal("[smtp]\nmax_message_size = 25M\n") ==
        std::string("/etc/postern/postern.conf:12:22: error: syntax: Error while parsing decimal "
                    "integer: expected digit, saw 'M'\n"
                    "   12 | max_message_size = 25M\n"
                    "      |                      ^ nothing else was checked\n") +
            kOneError);
}

TEST_CASE("a setting made twice is a syntax error") {
  CHECK_THAT(after_minimal("[log]\nlevel = 'info'\nlevel = 'debug'\n"),
             Catch::Contains(":13:9: error: syntax: ") && Catch::Contains("redefine") &&
                 Catch::EndsWith(kOneError));
}

TEST_CASE("line ends with CR LF do not show") {
  CHECK_THAT(after_minimal("[smtp]\r\nmax_recipients = 0\r\n"),
             Catch::Contains("   12 | max_recipients = 0\n"));
}

TEST_CASE("a missing version is only noted, another one is refused") {
  const auto loaded = load_text(replaced("config_version = 1\n", ""));
  CHECK(loaded.ok());
  CHECK(config::render(loaded.diagnostics) ==
        "/etc/postern/postern.conf: note: config_version is not set; 1 is assumed\n"
        "1 note. See postern.conf(5).\n");
  CHECK_THAT(errors_of(replaced("config_version = 1\n", "config_version = 2\n")),
             Catch::Contains("config_version: 2 is out of range (1 to 1)"));
}

TEST_CASE("a file that cannot be read") {
  support::MemoryFiles files;
  const auto loaded = config::load("/etc/postern/postern.conf", files);
  CHECK_FALSE(loaded.ok());
  CHECK(loaded.file_error == ENOENT);
  CHECK(config::render(loaded.diagnostics) ==
        std::string("/etc/postern/postern.conf: error: cannot read /etc/postern/postern.conf: No "
                    "such file or directory\n") +
            kOneError);
}

TEST_CASE("a file that the configuration refers to cannot be read") {
  CHECK(errors_of(replaced("'tls/privkey.pem'", "'/elsewhere/key.pem'")) ==
        std::string("/etc/postern/postern.conf:7:7: error: tls.certificate.key: cannot read "
                    "/elsewhere/key.pem: No such file or directory\n"
                    "    7 | key = '/elsewhere/key.pem'\n"
                    "      |       ^^^^^^^^^^^^^^^^^^^^\n") +
            kOneError);
}

TEST_CASE("a key that everyone can read is a warning") {
  auto files = support::config_files(kMinimalConfig);
  files.add("/etc/postern/tls/privkey.pem", "the key", 0644);
  const auto loaded = config::load(support::kConfigPath, files);
  CHECK(loaded.ok());
  CHECK(config::render(loaded.diagnostics) ==
        "/etc/postern/postern.conf:7:7: warning: tls.certificate.key: /etc/postern/tls/privkey.pem "
        "is readable by everyone (mode 0644)\n"
        "    7 | key = 'tls/privkey.pem'\n"
        "      |       ^^^^^^^^^^^^^^^^^ chmod 0640, with the server's user in the file's group\n"
        "1 warning. See postern.conf(5).\n");
}

TEST_CASE("a relative configuration path has a directory too") {
  support::MemoryFiles files;
  files.add("postern.conf", kMinimalConfig)
      .add("tls/fullchain.pem", "c")
      .add("tls/privkey.pem", "k");
  CHECK(config::load("postern.conf", files).ok());
}
