// A ranking of models as text and as JSON.
#include "vrambudget/report/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "vrambudget/engine/profile.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// Whether its amounts are not all exact.
bool is_near(const ranked_model& r) { return r.is_scaled || r.planned.compute != basis::exact; }

std::string heading(const ranking_question& q, const std::vector<ranked_model>& all) {
  std::set<std::string> models;
  for (const ranked_model& r : all) models.insert(r.name);
  const std::uint32_t wanted = q.wanted(q.base);
  return fmt::format(
      "{} of {} known models fit with {}, best first:\n"
      "at least {} bits per weight, most parameters, most bits; of each its best file.\n",
      names_that_fit(all).size(), models.size(),
      wanted ? grouped(wanted) + " tokens" : "8,192 tokens, or all they know", good_bits);
}

/// Its columns: in a narrow terminal without weights and host, in a wide one with longer names.
struct ranking_table {
  bool is_narrow;
  std::size_t names;

  explicit ranking_table(std::size_t width)
      : is_narrow(width < 80),
        names(is_narrow ? std::max<std::size_t>(width, 50) - 33
                        : std::clamp<std::size_t>(width - 53, 29, 48)) {}

  [[nodiscard]] std::string row(std::string_view name, std::string_view file,
                                std::string_view weights, std::string_view context,
                                std::string_view spare, std::string_view host) const {
    std::string text = fmt::format("{:<{}.{}}{:<13.12}", name, names, names - 1, file);
    if (!is_narrow) text += fmt::format("{:>10}", weights);
    text += fmt::format("{:>10}{:>10}", context, spare);
    return text + (is_narrow ? "\n" : fmt::format("{:>10}\n", host));
  }
};

std::string line(const ranking_table& t, const ranked_model& r) {
  const candidate& c = r.planned;
  return t.row((is_near(r) ? "~" : " ") + r.name,
               r.quantization.empty() ? fmt::format("{:.2f} bits", c.bits_per_weight)
                                      : r.quantization + (r.is_published() ? " *" : ""),
               in_gib(c.weights), grouped(c.largest.n_ctx), in_gib(c.spare), in_gib(c.host));
}

json::object json_of(const ranked_model& r) {
  const candidate& c = r.planned;
  json::object o{{"name", r.name},
                 {"from", r.on_disk() ? "disk" : "catalogue"},
                 {"architecture", c.architecture},
                 {"quantization", r.quantization},
                 {"n_params", c.n_params},
                 {"bits_per_weight", c.bits_per_weight},
                 {"n_ctx_train", c.n_ctx_train},
                 {"n_ctx", c.n_ctx},
                 {"weights_bytes", c.weights.count},
                 {"weights_basis", name(c.types)},
                 {"compute_basis", name(c.compute)},
                 {"used_bytes", c.used.count},
                 {"host_bytes", c.host.count},
                 {"fits", c.fits}};
  if (c.fits) {
    o["spare_bytes"] = c.spare.count;
    o["max_context"] = {{"n_ctx", c.largest.n_ctx},
                        {"n_ctx_loads", c.largest.n_ctx_loads},
                        {"bound_by", name_of_bound(c.largest)}};
  }
  if (r.on_disk()) o["path"] = r.path;
  if (r.file) o["id"] = r.file->shape->id;
  if (!c.note.empty()) o["note"] = c.note;
  if (r.is_published()) {
    const published_file& f = *r.file->published;
    if (!f.file.empty()) o["file"] = f.file;
    o["file_bytes"] = f.size.count;
    if (!f.repository.empty()) o["repository"] = f.repository;
  }
  return o;
}

}  // namespace

std::string ranking_text(const ranking_question& q, const std::vector<ranked_model>& all,
                         std::size_t n_more, std::size_t width, std::size_t most) {
  const ranking_table t(width);
  const auto all_end =
      std::find_if(all.begin(), all.end(), [](const ranked_model& r) { return !r.planned.fits; });
  const auto n_fit = static_cast<std::size_t>(all_end - all.begin());
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, n_fit));
  std::string text = heading(q, all);
  for (auto r = all.begin(); r != end; ++r) {
    if (r == all.begin() || (r - 1)->on_disk() != r->on_disk())
      text += "\n" + t.row(r->on_disk() ? "On this disk" : "In the catalogue", "file", "weights",
                           "context", "spare", "on host");
    text += line(t, *r);
  }
  if (std::any_of(all.begin(), end, [](const ranked_model& r) { return !r.on_disk(); }))
    text +=
        "\n* such a file is known (vrambudget models NAME); others are as llama-quantize\n"
        "  would write them, or a shape of the catalogue\n";
  if (std::any_of(all.begin(), end, is_near))
    text +=
        "~ weights by the published file's size and the shape's proportions, or a compute\n"
        "  buffer that is not exact\n";
  if (end != all_end) text += fmt::format("\n{} more fit (--top)\n", all_end - end);
  if (n_more > 0)
    text += fmt::format("\n{} more {} with the KV cache in q8_0: -ctk q8_0 -ctv q8_0\n", n_more,
                        n_more == 1 ? "fits" : "fit");
  return text;
}

std::string ranking_json(const ranking_question& q, const std::vector<ranked_model>& all) {
  json::array rows;
  for (const ranked_model& r : all) rows.push_back(json_of(r));
  return json::serialize(json::object{{"schema", json_schema},
                                      {"vrambudget", version},
                                      {"engine", full_name(q.base.profile)},
                                      {"models", std::move(rows)}}) +
         "\n";
}

}  // namespace vrambudget
