// `vrambudget check`: a llama.cpp log against the prediction.
#include "vrambudget/log/log_check.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>

#include "cli.hpp"
#include "request/plan_request.hpp"
#include "request/run_options.hpp"
#include "vrambudget/engine/find_profile.hpp"
#include "vrambudget/log/log_parser.hpp"
#include "vrambudget/report/check.hpp"

namespace vrambudget::cli {
namespace {

struct check_request {
  std::string log, model, engine;
  gpu_request gpus;
  bool json = false;
};

/// Reads a file, or standard input for "-", piece by piece: a log may be larger than memory.
parsed_log read_log(const std::string& path) {
  const auto close = [](std::FILE* f) {
    if (f && f != stdin) std::fclose(f);
  };
  const std::unique_ptr<std::FILE, decltype(close)> file(
      path == "-" ? stdin : std::fopen(path.c_str(), "rb"), close);
  if (!file) throw failure{bad_input, path + ": cannot open"};
  log_parser parser;
  std::array<char, 1 << 16> piece{};
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get()))
    parser.feed({piece.data(), n});
  if (std::ferror(file.get())) throw failure{bad_input, path + ": cannot read"};
  return parser.finish();
}

int run_check(const check_request& q) {
  parsed_log log = read_log(q.log);
  if (log.n_known == 0)
    throw failure{bad_input, fmt::format("{}: none of its {} lines is one of llama.cpp's", q.log,
                                         log.n_lines)};
  rebuild_options options;
  if (!q.engine.empty()) options.profile = value_or_fail(find_profile(q.engine), usage);
  if (!q.gpus.names.empty()) options.devices = parse_gpus(q.gpus).devices;
  if (auto r = parse_known_run(log.args)) options.base = std::move(*r);
  std::optional<model> given;
  if (!q.model.empty()) given = load_model(q.model);
  const log_check c = check_log(std::move(log), options, given ? &*given : nullptr);
  fmt::print("{}", q.json ? check_json(c) : check_text(c, {stdout_has_colours(), true, false}));
  return c.count(verdict::differs) ? does_not_fit : yes;
}

}  // namespace

std::function<int()> add_check(CLI::App& app) {
  auto q = std::make_shared<check_request>();
  app.add_option("LOG", q->log,
                 "the log of llama-server or any program of llama.cpp; -: standard input")
      ->required();
  app.add_option("MODEL", q->model,
                 "its model, by file or name [by the log's own lines, as far as they go]");
  app.add_option("--engine", q->engine,
                 "the build that wrote the log, where it does not say: a release, build or day")
      ->type_name("VERSION");
  add_gpu_options(app, q->gpus);
  app.add_flag("--json", q->json, "JSON on stdout, schema 1");
  return [q] { return run_check(*q); };
}

}  // namespace vrambudget::cli
