// The C ABI: JSON in and out over the requests that all bindings share.
#include "vrambudget.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "request/answers.hpp"
#include "request/grid.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/version.hpp"

struct vrambudget_model {
  std::shared_ptr<const vrambudget::model> read;
};

struct vrambudget_table {
  vrambudget::sweep_result swept;
  std::map<std::string, std::vector<std::int64_t>, std::less<>> columns;
};

namespace {

namespace vb = vrambudget;
namespace json = boost::json;

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
  if (error != nullptr) *error = copy_of(message);
  return s;
}

/// Runs `work`, which gives a result<void> or fails; no exception leaves it.
template <class F>
vrambudget_status guarded(char** error, const F& work) noexcept {
  try {
    return work();
  } catch (const vb::exception& e) {
    return fail(status_of(e.what_failed.code), e.what(), error);
  } catch (const std::exception& e) {
    return fail(VRAMBUDGET_INTERNAL, e.what(), error);
  } catch (...) {
    return fail(VRAMBUDGET_INTERNAL, "an unknown failure", error);
  }
}

std::string_view text_of(const char* options) { return options == nullptr ? "" : options; }

vrambudget_status give(const std::string& text, char** out, char** error) {
  if (out == nullptr) return fail(VRAMBUDGET_BAD_ARGUMENT, "no place for the answer", error);
  char* copied = copy_of(text);
  if (copied == nullptr) throw std::bad_alloc();
  *out = copied;
  return VRAMBUDGET_OK;
}

/// Whether options can be read at all.
bool are_json(const char* options) {
  boost::system::error_code failed;
  if (options != nullptr) (void)json::parse(options, failed);
  return !failed;
}

/// What a plan says: the main model is given, all else is in the options.
std::string planned(const vrambudget_model* model, const char* options) {
  vb::plan_inputs in;
  in.main = model->read;
  in.devices = vb::open_devices(text_of(options)).value();
  return vb::plan_json(in, text_of(options)).value();
}

vb::sweep_request grid_of(const vrambudget_model* const* models, std::size_t n, const char* grid,
                          const char* options) {
  std::vector<std::shared_ptr<const vb::model>> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(models[i]->read);
  return vb::sweep_request_of(std::move(all), text_of(grid), text_of(options)).value();
}

/// All columns as numbers of 64 bits.
std::unique_ptr<vrambudget_table> table_of(vb::sweep_result swept) {
  auto table = std::make_unique<vrambudget_table>();
  table->swept = std::move(swept);
  vb::sweep_columns::for_each(table->swept.columns, [&](const char* name, const auto& values) {
    table->columns.emplace(name, std::vector<std::int64_t>(values.begin(), values.end()));
  });
  return table;
}

constexpr const char* no_model = "no model";
constexpr const char* no_options = "the options are no JSON";

}  // namespace

extern "C" {

uint32_t vrambudget_abi(void) { return VRAMBUDGET_ABI; }

const char* vrambudget_version(void) { return vb::version; }

vrambudget_status vrambudget_open_model(const char* name, const char* options_json,
                                        vrambudget_model** model, char** error) {
  return guarded(error, [&] {
    if (name == nullptr || model == nullptr)
      return fail(VRAMBUDGET_BAD_ARGUMENT, "no name, or no place for the model", error);
    if (!are_json(options_json)) return fail(VRAMBUDGET_BAD_ARGUMENT, no_options, error);
    auto read = vb::open_model(name, text_of(options_json)).value();
    *model = new vrambudget_model{std::move(read)};
    return VRAMBUDGET_OK;
  });
}

void vrambudget_close_model(vrambudget_model* model) { delete model; }

vrambudget_status vrambudget_model_json(const vrambudget_model* model, char** out, char** error) {
  return guarded(error, [&] {
    if (model == nullptr) return fail(VRAMBUDGET_BAD_ARGUMENT, no_model, error);
    return give(vb::model_json(*model->read), out, error);
  });
}

vrambudget_status vrambudget_plan(const vrambudget_model* model, const char* options_json,
                                  char** out, char** error) {
  return guarded(error, [&] {
    if (model == nullptr) return fail(VRAMBUDGET_BAD_ARGUMENT, no_model, error);
    if (!are_json(options_json)) return fail(VRAMBUDGET_BAD_ARGUMENT, no_options, error);
    return give(planned(model, options_json), out, error);
  });
}

vrambudget_status vrambudget_fits(const vrambudget_model* model, const char* options_json,
                                  int* fits, uint64_t* bytes, char** error) {
  return guarded(error, [&] {
    if (model == nullptr) return fail(VRAMBUDGET_BAD_ARGUMENT, no_model, error);
    if (!are_json(options_json)) return fail(VRAMBUDGET_BAD_ARGUMENT, no_options, error);
    const json::value b = json::parse(planned(model, options_json));
    const bool all = b.at("fits").as_bool();
    std::uint64_t least = UINT64_MAX;
    for (const json::value& d : b.at("devices").as_array())
      least = std::min(least, d.at("free_bytes").to_number<std::uint64_t>());
    if (fits != nullptr) *fits = all ? 1 : 0;
    if (bytes != nullptr) *bytes = all ? least : b.at("missing_bytes").to_number<std::uint64_t>();
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_max_context(const vrambudget_model* model, const char* options_json,
                                         uint32_t* n_ctx, char** error) {
  return guarded(error, [&] {
    if (model == nullptr || n_ctx == nullptr)
      return fail(VRAMBUDGET_BAD_ARGUMENT, "no model, or no place for the answer", error);
    if (!are_json(options_json)) return fail(VRAMBUDGET_BAD_ARGUMENT, no_options, error);
    vb::plan_inputs in;
    in.main = model->read;
    in.devices = vb::open_devices(text_of(options_json)).value();
    const json::value most =
        json::parse(vb::max_context_json(in, text_of(options_json), 0).value());
    *n_ctx = most.at("n_ctx").to_number<std::uint32_t>();
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_sweep(const vrambudget_model* const* models, uint64_t n_models,
                                   const char* grid_json, const char* options_json,
                                   vrambudget_progress progress, void* user,
                                   vrambudget_table** table, char** error) {
  return guarded(error, [&] {
    if (models == nullptr || table == nullptr || std::count(models, models + n_models, nullptr))
      return fail(VRAMBUDGET_BAD_ARGUMENT, "no model, or no place for the table", error);
    if (!are_json(grid_json) || !are_json(options_json))
      return fail(VRAMBUDGET_BAD_ARGUMENT, "the grid or the options are no JSON", error);
    vb::sweep_progress tells;
    if (progress != nullptr)
      tells = [&](std::uint64_t done, std::uint64_t all) { return progress(done, all, user) != 0; };
    vb::sweep_result swept =
        vb::sweep(grid_of(models, n_models, grid_json, options_json), text_of(options_json), tells)
            .value();
    if (swept.stopped) return fail(VRAMBUDGET_STOPPED, "stopped by the caller", error);
    *table = table_of(std::move(swept)).release();
    return VRAMBUDGET_OK;
  });
}

void vrambudget_close_table(vrambudget_table* table) { delete table; }

vrambudget_status vrambudget_table_column(const vrambudget_table* table, const char* name,
                                          const int64_t** values, uint64_t* n_rows, char** error) {
  return guarded(error, [&] {
    if (table == nullptr || name == nullptr || values == nullptr || n_rows == nullptr)
      return fail(VRAMBUDGET_BAD_ARGUMENT, "no table, no name, or no place for the column", error);
    const auto column = table->columns.find(std::string_view(name));
    if (column == table->columns.end())
      return fail(VRAMBUDGET_NOT_FOUND, std::string("no column '") + name + "'", error);
    *values = column->second.data();
    *n_rows = column->second.size();
    return VRAMBUDGET_OK;
  });
}

vrambudget_status vrambudget_table_json(const vrambudget_table* table, char** out, char** error) {
  return guarded(error, [&] {
    if (table == nullptr) return fail(VRAMBUDGET_BAD_ARGUMENT, "no table", error);
    return give(vb::sweep_json(table->swept), out, error);
  });
}

vrambudget_status vrambudget_probe(char** out, char** error) {
  return guarded(error, [&] { return give(vb::probe_json().value(), out, error); });
}

vrambudget_status vrambudget_gpus(const char* name, char** out, char** error) {
  return guarded(
      error, [&] { return give(vb::gpus_json(name == nullptr ? "" : name).value(), out, error); });
}

vrambudget_status vrambudget_models(char** out, char** error) {
  return guarded(error, [&] { return give(vb::models_json(), out, error); });
}

void vrambudget_free(char* text) { std::free(text); }

}  // extern "C"
