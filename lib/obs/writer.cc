// SPDX-License-Identifier: Apache-2.0
#include "obs/writer.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

#include "base/time.h"
#include "obs/journal_sink.h"
#include "obs/render.h"
#include "obs/stderr_sink.h"

namespace obs {
namespace {

// What goes out for a line: text, or an entry of the journal.
std::string finish(const Line& line, Level level, Format format, Target target) {
  std::string text = dress(line.render(format), level, format, target, base::wall_now());
  if (target != Target::JournalSocket) return text;
  text.pop_back();  // its newline
  std::string entry;
  append_journal_head(entry, text, level);
  line.append_journal_fields(entry);
  return entry;
}

// Lines that were to be written, and how many of those that were lost have been reported.
class Output {
 public:
  // Before the first line.
  void use_journal(int fd) { journal_.attach(fd); }
  void attach_stderr() { stderr_.attach(); }
  int journal_fd() const { return journal_.fd(); }
  Target target() const { return journal_.fd() >= 0 ? Target::JournalSocket : stderr_.target(); }

  // `overrun`: lines lost in the queue so far. Called by one thread at a time.
  void write(std::string_view line, std::uint64_t overrun) {
    report(overrun);
    if (!pass_on(line)) ++lost_;
  }
  void report(std::uint64_t overrun) {
    const std::uint64_t lost = lost_ + overrun;
    if (lost == reported_ || !wanted_) return;
    Line line(Event::log_dropped);
    line.number("lines", static_cast<std::int64_t>(lost - reported_));
    if (pass_on(finish(line, Level::Warning, format_, target()))) reported_ = lost;
  }
  // The queue and its count of lost lines are gone.
  void forget_queue(std::uint64_t overrun) { lost_ += overrun; }
  void configure(const Settings& settings) {
    format_ = settings.format;
    wanted_ = settings.level <= Level::Warning;
  }

 private:
  bool pass_on(std::string_view line) {
    return journal_.fd() >= 0 ? journal_.write(line) : stderr_.write(line);
  }

  StderrSink stderr_;
  JournalSink journal_;
  std::atomic<Format> format_{Format::Logfmt};
  std::atomic<bool> wanted_{true};
  std::uint64_t lost_ = 0;
  std::uint64_t reported_ = 0;
};

// spdlog hands the finished line over as it is: its own patterns know no escaping and, for dates,
// open the time zone file.
class LineSink : public spdlog::sinks::sink {
 public:
  explicit LineSink(Output& output) : output_(output) {}
  void watch(spdlog::details::thread_pool* pool) { pool_ = pool; }

  void log(const spdlog::details::log_msg& message) override {
    output_.write({message.payload.data(), message.payload.size()}, pool_->overrun_counter());
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  Output& output_;
  spdlog::details::thread_pool* pool_ = nullptr;
};

}  // namespace

struct Writer::State {
  std::atomic<Level> level{Level::Info};
  std::atomic<Format> format{Format::Logfmt};

  // Held shared while a line is queued, alone while the queue comes or goes and for unqueued lines.
  std::shared_mutex mutex;
  Output output;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;

  void write(std::string_view line) {
    {
      const std::shared_lock lock(mutex);
      if (logger) return enqueue(line);
    }
    const std::unique_lock lock(mutex);
    if (logger) return enqueue(line);
    output.write(line, 0);
  }
  void enqueue(std::string_view line) {
    logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }
  void open_queue() {
    const auto sink = std::make_shared<LineSink>(output);
    pool = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    sink->watch(pool.get());
    logger = std::make_shared<spdlog::async_logger>("postern", sink, pool,
                                                    spdlog::async_overflow_policy::overrun_oldest);
    // The default handler writes to standard error itself and asks for local time.
    logger->set_error_handler([](const std::string&) {});
  }
};

Writer::Writer() : state_(std::make_unique<State>()) { state_->output.attach_stderr(); }

Writer::~Writer() { stop(); }

void Writer::use_journal(int fd) { state_->output.use_journal(fd); }

int Writer::journal_fd() const { return state_->output.journal_fd(); }

void Writer::configure(const Settings& settings) {
  state_->level = settings.level;
  state_->format = settings.format;
  state_->output.configure(settings);
}

void Writer::start(const Settings& settings) {
  configure(settings);
  std::string failure;
  {
    const std::unique_lock lock(state_->mutex);
    state_->output.attach_stderr();
    try {
      state_->open_queue();
    } catch (const std::exception& error) {
      // No thread, or no memory, which ends a role before: lines go out unqueued.
      state_->logger.reset();
      state_->pool.reset();
      failure = error.what();
    }
  }
  if (!failure.empty()) log_trouble("log", failure);
}

void Writer::stop() {
  const std::unique_lock lock(state_->mutex);
  if (!state_->pool) return;
  const std::uint64_t overrun = state_->pool->overrun_counter();
  state_->pool.reset();  // writes what is queued and joins the thread, which uses the logger
  state_->logger.reset();
  state_->output.forget_queue(overrun);
  state_->output.report(0);
}

bool Writer::wants(Level level) const { return level >= state_->level; }

void Writer::write(Level level, const Line& line) {
  state_->write(finish(line, level, state_->format, state_->output.target()));
}

Writer& writer() {
  static Writer instance;
  return instance;
}

}  // namespace obs
