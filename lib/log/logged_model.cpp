#include "vrambudget/log/logged_model.hpp"

#include <optional>
#include <utility>

#include "model_of_lines.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"

namespace vrambudget {

result<logged_model> find_logged_model(const log_model& lines) {
  if (lines.architecture.empty())
    return error{errc::not_found, "the log does not say which architecture its model has"};
  const bool has_dimensions = lines.info.contains("n_embd") && lines.info.contains("n_layer");
  std::optional<logged_model> found;
  for (const catalogued_model& c : catalogued_models()) {
    if (!has_dimensions || c.architecture != lines.architecture) continue;
    auto m = read_shape(c);
    if (!m || contradiction(*m, lines)) continue;
    const bool same = same_types(*m, lines);
    if (found && !same) continue;
    found = {std::move(*m), same ? model_source::same_file : model_source::catalogue};
    if (same) break;
  }
  if (found) return std::move(*found);
  auto m = model_of_lines(lines);
  if (!m)
    return error{errc::not_found,
                 "the log's lines do not describe its model whole: " + m.error().message};
  return logged_model{std::move(*m), model_source::lines};
}

}  // namespace vrambudget
