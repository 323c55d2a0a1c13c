// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include "config/describe.h"

namespace config {
namespace {

constexpr std::size_t kWidth = 78;

constexpr char kHead[] =
    R"(.\" SPDX-License-Identifier: Apache-2.0
.\" Made from lib/config/keys.cc: postern config describe --format man
.Dd November 21, 2026
.Dt POSTERN.CONF 5
.Os
.Sh NAME
.Nm postern.conf
.Nd configuration of the Postern inbound SMTP server
.Sh DESCRIPTION
.Nm
is read by
.Xr posternd 8
and
.Xr postern 8 .
Its format is TOML 1.0.
Names are case-sensitive; a name that this page does not list is an error.
All mistakes of a file are reported at once, each with its line and column.
.Pp
Values are written as follows:
.Bl -tag -width Ds
.It size
A number of bytes, or a string with K, M or G behind the number, each 1024
times the one before:
.Li \&"25M\&" .
.It duration
A string of numbers with d, h, m, s or ms behind them, the larger first:
.Li \&"90s\&" ,
.Li \&"1h30m\&" .
A number without a unit is an error.
.It rate
How many, and in what time:
.Li \&"30/1m\&" .
.It network
An address, or an address and the length of its prefix:
.Li \&"192.0.2.0/24\&" .
Bits behind the prefix must be zero.
.It path
Relative to the directory of the file unless it begins with a slash.
.El
.Pp
A heading in double brackets begins one element of a list and may be repeated.
A reload takes every setting that does not say otherwise.
.Sh SETTINGS
)";

constexpr char kTail[] =
    R"(.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/postern/postern.conf
The default place of the file.
.El
.Sh EXAMPLES
The smallest configuration:
.Bd -literal -offset indent
config_version = 1
hostname = "mx.example.org"

[[listener]]
address = "0.0.0.0:25"

[[tls.certificate]]
chain = "tls/fullchain.pem"
key = "tls/privkey.pem"

[[domain]]
name = "example.org"
mailboxes = ["postmaster", "info"]
.Ed
.Sh SEE ALSO
.Xr postern 8 ,
.Xr posternd 8
)";

// Text that roff takes for nothing but text.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";  // a hyphen that can be copied into a file
    } else {
      result += c;
    }
  }
  return result;
}

// Each sentence on lines of its own, as mdoc wants it.
std::string paragraph(std::string_view text) {
  constexpr std::string_view kEnd = ". ";
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find(kEnd);
    const std::string_view sentence = text.substr(0, end == text.npos ? end : end + 1);
    result += wrap(escaped(sentence), "", kWidth);
    text.remove_prefix(end == text.npos ? text.size() : end + kEnd.size());
  }
  return result;
}

std::string literal(std::string_view text) {
  std::string result = ".Li ";
  for (const char c : escaped(text)) result += c == '"' ? std::string("\\&\"") : std::string(1, c);
  return result;
}

std::string default_text(const Key& key) {
  if (key.fallback.empty()) return {};
  return "Default:\n" + literal(key.fallback) + " .\n";
}

std::string item(const Key& key) {
  std::string result = ".It Va " + std::string(name_of(key)) + '\n' + paragraph(key.doc);
  result += ".br\n" + paragraph(describe_value(key)) + default_text(key);
  if (key.need == Key::Need::Required) result += "Required.\n";
  return result + paragraph(describe_effect(key));
}

std::string title_of(const Section& section) {
  if (section.path.empty()) return "Top of the file";
  return header_of(section) + (section.kind == Section::Kind::Array ? " sections" : " section");
}

std::string section_text(const Section& section) {
  std::string result = ".Ss " + title_of(section) + '\n';
  result += paragraph(section.doc);
  const auto rows = keys_of(section);
  if (rows.empty()) return result;
  result += ".Bl -tag -width Ds\n";
  for (const Key* key : rows) result += item(*key);
  return result + ".El\n";
}

}  // namespace

std::string man_page() {
  std::string result = kHead;
  for (const Section& section : sections()) result += section_text(section);
  return result + kTail;
}

}  // namespace config
