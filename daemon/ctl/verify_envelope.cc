// SPDX-License-Identifier: Apache-2.0
#include "daemon/ctl/verify_envelope.h"

#include <chrono>

#include "base/ascii.h"
#include "smtp/grammar.h"
#include "smtp/replies.h"

namespace ctl {
namespace {

constexpr char kReceived[] = "Received";
constexpr char kReturnPath[] = "Return-Path";
constexpr char kHeloOption[] = "--helo";
constexpr char kFromOption[] = "--from";

std::string named(const char* option, const std::string& what) {
  return std::string(option) + " \"" + what + '"';
}

base::Error unsayable(const char* option, const std::string& what, const smtp::Reply& reply) {
  const std::string wire = reply.render();
  return base::Error::permanent(named(option, what) + ": a client that says so gets " +
                                wire.substr(0, wire.size() - 2));
}

base::Error missing(const char* option) {
  return base::Error::permanent(std::string(option) +
                                " is missing: on top of the message are no fields of this server");
}

base::Status set_client(const EnvelopeOptions& options, const mail::StoredTrace* trace,
                        Envelope& envelope) {
  if (!options.ip && trace == nullptr) return missing("--ip");
  envelope.origins.client = options.ip ? "--ip" : kReceived;
  if (!options.ip) {
    envelope.client = trace->received.client;
    return base::ok();
  }
  const auto client = base::IpAddress::parse(*options.ip);
  if (!client) return base::Error::permanent(named("--ip", *options.ip) + " is no IP address");
  envelope.client = *client;
  return base::ok();
}

base::Status set_helo(const EnvelopeOptions& options, const mail::StoredTrace* trace,
                      Envelope& envelope) {
  if (!options.helo && trace == nullptr) return missing(kHeloOption);
  envelope.origins.helo = options.helo ? kHeloOption : kReceived;
  envelope.helo = options.helo ? *options.helo : trace->received.helo;
  if (!options.helo && envelope.helo.find('?') != std::string::npos) {
    return base::Error::permanent(std::string(kHeloOption) + " is missing: in \"" + envelope.helo +
                                  "\", as Received has it, '?' stands for any character");
  }
  if (envelope.helo.empty())
    return unsayable(kHeloOption, envelope.helo, smtp::replies::argument_missing());
  if (const auto refusal = smtp::check_helo(envelope.helo))
    return unsayable(kHeloOption, envelope.helo, *refusal);
  return base::ok();
}

// "a@example.net", "<a@example.net>", "<>", "".
std::optional<mail::Path> parse_reverse_path(const std::string& text) {
  const std::string path = text.starts_with('<') ? text : '<' + text + '>';
  const auto parsed = mail::parse_path(path, mail::PathKind::Reverse);
  if (!parsed || parsed->length != path.size()) return std::nullopt;
  return parsed->path;
}

base::Status set_from(const EnvelopeOptions& options, const mail::StoredTrace* trace,
                      Envelope& envelope) {
  if (!options.from && trace == nullptr) return missing(kFromOption);
  envelope.origins.from = options.from ? kFromOption : kReturnPath;
  const auto path = options.from ? parse_reverse_path(*options.from) : trace->reverse_path;
  if (!path) return unsayable(kFromOption, *options.from, smtp::replies::bad_sender());
  envelope.from = *path;
  const bool was_smtputf8 = trace != nullptr && trace->received.smtputf8;
  envelope.smtputf8 = was_smtputf8 || !base::is_ascii(path->to_string());
  return base::ok();
}

base::Status set_time(const EnvelopeOptions& options, const EnvelopeSources& sources,
                      Envelope& envelope) {
  if (options.time) {
    const auto time = base::parse_utc(*options.time);
    if (!time)
      return base::Error::permanent(named("--time", *options.time) +
                                    " is no time such as 2026-11-21T21:03:00Z");
    envelope.time = *time;
    envelope.origins.time = "--time";
  } else if (sources.recorded) {
    envelope.time = *sources.recorded;
    envelope.origins.time = "--replay";
  } else if (sources.trace != nullptr) {
    envelope.time = sources.trace->received.time;
    envelope.origins.time = kReceived;
  } else {
    envelope.time = std::chrono::floor<std::chrono::seconds>(sources.now);
    envelope.origins.time = kClock;
  }
  return base::ok();
}

}  // namespace

base::Result<Envelope> make_envelope(const EnvelopeOptions& options,
                                     const EnvelopeSources& sources) {
  Envelope envelope;
  if (auto status = set_client(options, sources.trace, envelope); !status) return status.error();
  if (auto status = set_helo(options, sources.trace, envelope); !status) return status.error();
  if (auto status = set_from(options, sources.trace, envelope); !status) return status.error();
  if (auto status = set_time(options, sources, envelope); !status) return status.error();
  return envelope;
}

}  // namespace ctl
