// The C ABI: JSON becomes a request here, and answers become JSON or numbers.
#include "vrambudget.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/printable.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/grid.hpp"
#include "vrambudget/request/request_json.hpp"
#include "vrambudget/version.hpp"

struct vrambudget_model {
  std::shared_ptr<const vrambudget::model> read;
};

struct vrambudget_table {
  std::shared_ptr<const vrambudget::sweep_result> swept;
  vrambudget::sweep_labels labels;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> columns;
};

namespace {

namespace vb = vrambudget;
namespace request = vrambudget::request;

constexpr std::size_t longest_error = 500;

/// Null where there is no memory for it.
char* copy_of(const std::string& text) noexcept {
  char* out = static_cast<char*>(std::malloc(text.size() + 1));
  if (out != nullptr) std::memcpy(out, text.c_str(), text.size() + 1);
  return out;
}

vrambudget_status status_of(vb::errc code) {
  switch (code) {
    case vb::errc::truncated:
    case vb::errc::bad_format:
    case vb::errc::limit:
      return VRAMBUDGET_BAD_FILE;
    case vb::errc::overflow:
      return VRAMBUDGET_OVERFLOW;
    case vb::errc::invalid_argument:
      return VRAMBUDGET_BAD_ARGUMENT;
    case vb::errc::unsupported:
      return VRAMBUDGET_UNSUPPORTED;
    case vb::errc::not_found:
      return VRAMBUDGET_NOT_FOUND;
    case vb::errc::io:
      return VRAMBUDGET_IO;
  }
  return VRAMBUDGET_INTERNAL;
}

vrambudget_status fail(vrambudget_status s, const std::string& message, char** error) noexcept {
  if (error != nullptr) *error = copy_of(vb::gguf::printable(message, longest_error));
  return s;
}

template <class F>
vrambudget_status told(char** error, const F& work) {
  const vb::result<vrambudget_status> done = work();
  return done ? *done : fail(status_of(done.error().code), done.error().message, error);
}

/// Runs `work`, which gives a status or an error; no exception leaves it.
template <class F>
vrambudget_status guarded(char** error, const F& work) noexcept {
#ifdef __cpp_exceptions
  try {
    return told(error, work);
  } catch (const std::exception& e) {
    return fail(VRAMBUDGET_INTERNAL, e.what(), error);
  } catch (...) {
    return fail(VRAMBUDGET_INTERNAL, "an unknown failure", error);
  }
#else
  return told(error, work);
#endif
}

vb::error bad_argument(const char* why) { return {vb::errc::invalid_argument, why}; }

vb::result<vrambudget_status> give(const std::string& text, char** out) {
  if (out == nullptr) return bad_argument("no place for the answer");
  char* copied = copy_of(text);
  if (copied == nullptr) return vb::error{vb::errc::io, "no memory for the answer"};
  *out = copied;
  return VRAMBUDGET_OK;
}
vb::result<vrambudget_status> give(const vb::result<std::string>& text, char** out) {
  if (!text) return text.error();
  return give(*text, out);
}

/// A text as the caller gave it, NULL for none.
std::string_view text_of(const char* text) { return text == nullptr ? "" : text; }

vb::result<request::plan_request> request_of(const char* options) {
  const auto o = request::object_of(text_of(options), "the options");
  if (!o) return o.error();
  return request::request_of(*o);
}

/// What a plan is about: the main model is given, all else is in the options.
request::plan_inputs inputs_of(const vrambudget_model* model) {
  request::plan_inputs in;
  in.main = model->read;
  return in;
}

std::vector<std::shared_ptr<const vb::model>> read_of(const vrambudget_model* const* models,
                                                      std::size_t n) {
  std::vector<std::shared_ptr<const vb::model>> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(models[i]->read);
  return all;
}

struct named_grid {
  request::sweep_request asked;
  vb::sweep_labels labels;
};

vb::result<named_grid> grid_of(const vrambudget_model* const* models, std::size_t n,
                               const char* grid, const request::plan_request& options) {
  const auto o = request::object_of(text_of(grid), "the grid");
  if (!o) return o.error();
  auto asked = request::sweep_request_of(read_of(models, n), *o, options);
  if (!asked) return asked.error();
  auto labels = request::labels_of(*asked, *o);
  return named_grid{std::move(*asked), std::move(labels)};
}

/// All columns as numbers of 64 bits.
std::unique_ptr<vrambudget_table> table_of(vb::sweep_result swept, vb::sweep_labels labels) {
  auto table = std::make_unique<vrambudget_table>();
  table->swept = std::make_shared<const vb::sweep_result>(std::move(swept));
  table->labels = std::move(labels);
  vb::sweep_columns::for_each(table->swept->columns, [&](const char* name, const auto& values) {
    table->columns.emplace(name, std::vector<std::int64_t>(values.begin(), values.end()));
  });
  return table;
}

std::span<const std::byte> bytes_of(const void* begin, std::uint64_t n) {
  return {static_cast<const std::byte*>(begin), static_cast<std::size_t>(n)};
}

constexpr const char* no_model = "no model";

}  // namespace

extern "C" {

uint32_t vrambudget_abi(void) { return VRAMBUDGET_ABI; }

const char* vrambudget_version(void) { return vb::version; }

vrambudget_status vrambudget_open_model(const char* name, const char* options_json,
                                        vrambudget_model** model, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (name == nullptr || model == nullptr)
      return bad_argument("no name, or no place for the model");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    auto read = request::open_model(name, q->sources);
    if (!read) return read.error();
    *model = new vrambudget_model{std::move(*read)};
    return VRAMBUDGET_OK;
  });
}

void vrambudget_close_model(vrambudget_model* model) { delete model; }

vrambudget_status vrambudget_header_extent(const void* beginning, uint64_t n_bytes, uint64_t* least,
                                           uint64_t* likely, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (beginning == nullptr) return bad_argument("no bytes");
    const auto size = vb::gguf::measure_header(bytes_of(beginning, n_bytes));
    if (!size) return size.error();
    if (least != nullptr) *least = size->least;
    if (likely != nullptr) *likely = size->likely;
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_read_model(const void* beginning, uint64_t n_bytes, uint64_t file_size,
                                        const char* name, vrambudget_model** model, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (beginning == nullptr || name == nullptr || model == nullptr)
      return bad_argument("no bytes, no name, or no place for the model");
    auto read = request::model_of_header(bytes_of(beginning, n_bytes), {file_size}, name);
    if (!read) return read.error();
    *model = new vrambudget_model{std::move(*read)};
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_model_json(const vrambudget_model* model, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr) return bad_argument(no_model);
    return give(request::model_json(*model->read), out);
  });
}

vrambudget_status vrambudget_plan(const vrambudget_model* model, const char* options_json,
                                  char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr) return bad_argument(no_model);
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::plan_json(inputs_of(model), *q), out);
  });
}

vrambudget_status vrambudget_fits(const vrambudget_model* model, const char* options_json,
                                  int* fits, uint64_t* bytes, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr) return bad_argument(no_model);
    const auto q = request_of(options_json);
    if (!q) return q.error();
    const auto p = request::plan(inputs_of(model), *q);
    if (!p) return p.error();
    if (fits != nullptr) *fits = p->judged.runs() ? 1 : 0;
    const vb::bytes left = p->judged.runs() ? vb::least_spare(p->b) : p->b.missing();
    if (bytes != nullptr) *bytes = left.count;
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_max_context(const vrambudget_model* model, const char* options_json,
                                         uint32_t* n_ctx, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr || n_ctx == nullptr)
      return bad_argument("no model, or no place for the answer");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    const auto most = request::largest_context(inputs_of(model), *q, 0);
    if (!most) return most.error();
    *n_ctx = most->n_ctx;
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_sweep(const vrambudget_model* const* models, uint64_t n_models,
                                   const char* grid_json, const char* options_json,
                                   vrambudget_progress progress, void* user,
                                   vrambudget_table** table, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (models == nullptr || table == nullptr || std::count(models, models + n_models, nullptr))
      return bad_argument("no model, or no place for the table");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    auto grid = grid_of(models, n_models, grid_json, *q);
    if (!grid) return grid.error();
    vb::sweep_progress tells;
    if (progress != nullptr)
      tells = [&](std::uint64_t done, std::uint64_t all) { return progress(done, all, user) != 0; };
    auto swept = request::sweep_grid(grid->asked, *q, tells);
    if (!swept) return swept.error();
    if (swept->stopped) return fail(VRAMBUDGET_STOPPED, "stopped by the caller", error);
    *table = table_of(std::move(*swept), std::move(grid->labels)).release();
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_rank(const char* options_json, const char* family, uint32_t min_ctx,
                                  char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    auto q = request_of(options_json);
    if (!q) return q.error();
    if (family != nullptr) q->family = family;
    q->min_ctx = min_ctx;
    return give(request::rank_json({}, *q), out);
  });
}

vrambudget_status vrambudget_cards(const vrambudget_model* model, const char* options_json,
                                   char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr) return bad_argument(no_model);
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::cards_that_hold_json(inputs_of(model), *q), out);
  });
}

vrambudget_status vrambudget_best_runs(const vrambudget_model* model, const char* options_json,
                                       char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr) return bad_argument(no_model);
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::best_runs_json(inputs_of(model), *q), out);
  });
}

vrambudget_status vrambudget_trade(const vrambudget_model* model, const char* options_json,
                                   char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr) return bad_argument(no_model);
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::trades_json(inputs_of(model), *q), out);
  });
}

vrambudget_status vrambudget_launch(const vrambudget_model* model, const char* options_json,
                                    const char* program, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (model == nullptr || program == nullptr) return bad_argument("no model, or no program");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::launch_json(inputs_of(model), *q, program), out);
  });
}

vrambudget_status vrambudget_check(const char* log, const vrambudget_model* model,
                                   const char* options_json, const char* engine, char** out,
                                   char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (log == nullptr) return bad_argument("no log");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    const vb::model* const given = model == nullptr ? nullptr : model->read.get();
    return give(request::check_of_json(log, given, *q, std::string(text_of(engine))), out);
  });
}

vrambudget_status vrambudget_compare_files(const char* const* names, uint64_t n_names,
                                           const char* options_json, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (names == nullptr || n_names == 0 || std::count(names, names + n_names, nullptr))
      return bad_argument("no name of a model");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    std::vector<request::file_to_compare> files;
    for (std::uint64_t i = 0; i < n_names; ++i) files.push_back({names[i], nullptr});
    return give(request::comparison_of_files_json(files, {}, *q), out);
  });
}

vrambudget_status vrambudget_recipe(const char* name, const char* recipe_json,
                                    const char* options_json, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (name == nullptr) return bad_argument("no name of a model");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::recipe_of_json(name, recipe_json ? recipe_json : "", {}, *q), out);
  });
}

vrambudget_status vrambudget_inspect(const char* name, const char* other, const char* keys,
                                     const char* options_json, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (name == nullptr) return bad_argument("no name of a file");
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::inspection_of_json(name, other ? other : "", keys ? keys : "", q->sources),
                out);
  });
}

vrambudget_status vrambudget_together(const vrambudget_model* const* models, uint64_t n_models,
                                      const char* options_json, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (models == nullptr || std::count(models, models + n_models, nullptr))
      return bad_argument(no_model);
    const auto q = request_of(options_json);
    if (!q) return q.error();
    return give(request::models_together_json(read_of(models, n_models), {}, *q), out);
  });
}

void vrambudget_close_table(vrambudget_table* table) { delete table; }

vrambudget_status vrambudget_table_column(const vrambudget_table* table, const char* name,
                                          const int64_t** values, uint64_t* n_rows, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (table == nullptr || name == nullptr || values == nullptr || n_rows == nullptr)
      return bad_argument("no table, no name, or no place for the column");
    const auto column = table->columns.find(std::string_view(name));
    if (column == table->columns.end())
      return vb::error{vb::errc::not_found, std::string("no column '") + name + "'"};
    *values = column->second.data();
    *n_rows = column->second.size();
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_table_json(const vrambudget_table* table, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (table == nullptr) return bad_argument("no table");
    return give(request::sweep_json(*table->swept), out);
  });
}

vrambudget_status vrambudget_table_arrow(const vrambudget_table* table,
                                         struct ArrowArrayStream* stream, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (table == nullptr || stream == nullptr)
      return bad_argument("no table, or no place for the stream");
    vb::export_arrow(table->swept, table->labels, *stream);
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_probe(char** out, char** error) {
  return guarded(error, [&] { return give(request::probe_json(), out); });
}

vrambudget_status vrambudget_gpus(const char* name, char** out, char** error) {
  return guarded(error, [&] { return give(request::gpus_json(name == nullptr ? "" : name), out); });
}

vrambudget_status vrambudget_models(char** out, char** error) {
  return guarded(error, [&] { return give(request::models_json(), out); });
}

vrambudget_status vrambudget_model_files(const char* name, char** out, char** error) {
  return guarded(error, [&]() -> vb::result<vrambudget_status> {
    if (text_of(name).empty()) return bad_argument("no name of a model");
    return give(request::models_json(name), out);
  });
}

vrambudget_status vrambudget_options(char** out, char** error) {
  return guarded(error, [&] { return give(request::options_json(), out); });
}

vrambudget_status vrambudget_find_runs(const char* text, char** out, char** error) {
  return guarded(error, [&] { return give(request::runs_json(text_of(text)), out); });
}

void vrambudget_free(char* text) { std::free(text); }

}  // extern "C"
