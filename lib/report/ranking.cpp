// A ranking of models as text and as JSON.
#include "vrambudget/report/ranking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "io/json_text.hpp"
#include "quality.hpp"
#include "vrambudget/engine/profile.hpp"
#include "vrambudget/report/sentences.hpp"
#include "vrambudget/report/speed.hpp"
#include "vrambudget/report/text.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// Whether its amounts are not all exact.
bool is_near(const ranked_model& r) { return r.is_scaled || r.planned.compute != basis::exact; }

/// What decides, as in is_better().
std::string_view order_of(preference p) {
  switch (p) {
    case preference::speed:
      return "at least 4 bits per weight, most tokens a second; of each the smallest such file.\n";
    case preference::context:
      return "at least 4 bits per weight, the largest context; of each the smallest such file.\n";
    case preference::quality:
    case preference::balance:
      break;
  }
  return "at least 4 bits per weight, most parameters, most bits; of each its best file.\n";
}
static_assert(good_bits == 4.0);

std::string wanted_text(const ranking_question& q) {
  const std::uint32_t wanted = q.wanted(q.base);
  return wanted ? grouped(wanted) + " tokens" : "8,192 tokens, or all they know";
}

std::string heading(const ranking_question& q, const std::vector<ranked_model>& all) {
  std::set<std::string> models;
  for (const ranked_model& r : all) models.insert(r.name);
  const std::size_t n_fit = names_that_fit(all).size(), n_run = names_that_run(all).size();
  std::string text = fmt::format("{} of {} known models fit with {}, best first:\n{}", n_fit,
                                 models.size(), wanted_text(q), order_of(q.prefer));
  if (n_run > n_fit)
    text += fmt::format("{} more run with a part on the host, and come last.\n", n_run - n_fit);
  return text;
}

/// Rows that lie alike.
struct rank_group {
  /// What is moved to the host.
  enum class part { nothing, experts, feed_forward, layers };

  bool on_disk = false;
  part moved = part::nothing;

  explicit rank_group(const ranked_model& r) : on_disk(r.on_disk()), moved(part_of(r.planned)) {}
  bool operator==(const rank_group&) const = default;

  [[nodiscard]] const char* title() const {
    constexpr const char* titles[2][4] = {
        {"In the catalogue", "Experts on the host", "FFN on the host", "Layers on the host"},
        {"On this disk", "Disk, experts on host", "Disk, FFN on host", "Disk, layers on host"}};
    return titles[on_disk ? 1 : 0][static_cast<std::size_t>(moved)];
  }
  /// Of the column that says how much is moved, or what is left.
  [[nodiscard]] const char* amount() const {
    constexpr const char* names[] = {"spare", "-ncmoe", "-ncffn", "-ngl"};
    return names[static_cast<std::size_t>(moved)];
  }

  [[nodiscard]] static part part_of(const candidate& c) {
    return c.moved == on_host::nothing  ? part::nothing
           : c.moved == on_host::layers ? part::layers
           : c.has_experts              ? part::experts
                                        : part::feed_forward;
  }
};

std::string gib_text(bytes b) { return fmt::format("{:.2f}", gib_of(b)); }

/// "0.0225" as measured; "16 bits" of what was not quantized; "0.004-0.1", or where its lower end is next to
/// nothing "<0.02".
std::string kld_text(const ranked_model& r) {
  if (r.quality.measured) return fmt::format("{:.4f}", r.quality.measured->kld);
  if (!r.quality.estimated) return r.planned.bits_per_weight > 15 ? "16 bits" : "unknown";
  const auto [low, high] = *r.quality.estimated;
  return low < 0.001 ? fmt::format("<{:.1g}", high) : fmt::format("{:.1g}-{:.1g}", low, high);
}

/// What is left or moved, as under its title: "26" of -ncmoe.
std::string amount_text(const ranked_model& r) {
  const candidate& c = r.planned;
  if (c.moved == on_host::nothing) return gib_text(c.spare);
  if (c.moved == on_host::layers) return std::to_string(c.planned.n_gpu_layers);
  return c.planned.cpu_moe ? "all" : std::to_string(c.how.n_on_host);
}

/// One column of the table, to the right.
struct column {
  std::size_t width;
  std::size_t from;  ///< columns that a terminal has at least, where it is shown
  const char* (*title)(rank_group);
  std::string (*value)(const ranked_model&);
};

constexpr std::size_t file_width = 13;
const column columns[] = {
    {8, 100, [](rank_group) { return "weights"; },
     [](const ranked_model& r) { return gib_text(r.planned.weights); }},
    {10, 0, [](rank_group) { return "context"; },
     [](const ranked_model& r) { return grouped(r.planned.holds()); }},
    {7, 0, [](rank_group g) { return g.amount(); }, amount_text},
    {6, 80, [](rank_group) { return "host"; },
     [](const ranked_model& r) { return gib_text(r.planned.host); }},
    {10, 0, [](rank_group) { return "tokens/s"; },
     [](const ranked_model& r) {
       return r.planned.speed ? brief_text(*r.planned.speed) : std::string("unknown");
     }},
    {11, 80, [](rank_group) { return "KLD"; }, kld_text},
    {10, 100, [](rank_group) { return "same top"; },
     [](const ranked_model& r) { return same_top_text(r.quality); }},
};

/// Names take what the columns leave.
class ranking_table {
 public:
  explicit ranking_table(std::size_t width) : width_(std::max<std::size_t>(width, 60)) {
    std::size_t taken = file_width;
    for (const column& c : columns)
      if (is_shown(c)) taken += c.width;
    names_ = std::clamp<std::size_t>(width_ - taken, 18, 48);
  }

  [[nodiscard]] bool shows_kld() const { return width_ >= 80; }

  [[nodiscard]] std::string head(rank_group g) const {
    return row(g.title(), "file", [&](const column& c) { return std::string(c.title(g)); });
  }
  [[nodiscard]] std::string line(const ranked_model& r) const {
    return row((is_near(r) ? "~" : " ") + r.name,
               r.quantization.empty() ? fmt::format("{:.2f} bits", r.planned.bits_per_weight)
                                      : r.quantization + (r.is_published() ? " *" : ""),
               [&](const column& c) { return c.value(r); });
  }

 private:
  [[nodiscard]] bool is_shown(const column& c) const { return width_ >= c.from; }

  template <class Text>
  [[nodiscard]] std::string row(std::string_view name, std::string_view file, Text text) const {
    std::string out = fmt::format("{:<{}.{}}{:<{}.{}}", name, names_, names_ - 1, file, file_width,
                                  file_width - 1);
    for (const column& c : columns)
      if (is_shown(c)) out += fmt::format("{:>{}}", text(c), c.width);
    return out + "\n";
  }

  std::size_t width_, names_;
};

/// What the table's words and signs mean, as far as they are in it.
std::string legend(const ranking_question& q, const std::vector<ranked_model>& shown,
                   const ranking_table& t) {
  const auto any = [&](auto what) { return std::any_of(shown.begin(), shown.end(), what); };
  std::string text = "\nSizes are GiB.";
  if (any([](const ranked_model& r) { return r.planned.speed.has_value(); })) {
    text += " Tokens/s are expected with such a context full";
    text += any([](const ranked_model& r) { return r.planned.speed && !r.planned.speed->expected; })
                ? ", max: at most.\n"
                : ".\n";
  } else {
    text += "\n";
  }
  if (any([](const ranked_model& r) { return r.planned.moved != on_host::nothing; }))
    text += fmt::format("Those on the host assume that it reads {} to {} GB/s.\n",
                        host_rate::low_bytes_per_s / 1'000'000'000,
                        host_rate::high_bytes_per_s / 1'000'000'000);
  if (any([](const ranked_model& r) { return r.planned.how.has(change_kind::tensor_split); }))
    text +=
        "Some share layers by a -ts of their own: --json, or --prefer quality with their name.\n";
  if (t.shows_kld() && any([](const ranked_model& r) { return r.quality.is_known(); }))
    text +=
        "KLD is how far a file is from its model: one number was measured, others are\n"
        "estimated by bits a weight.\n";
  if (any([](const ranked_model& r) { return !r.on_disk(); }))
    text +=
        "* such a file is known (vrambudget models NAME); others are as llama-quantize\n"
        "  would write them, or a shape of the catalogue\n";
  if (any(is_near))
    text +=
        "~ weights by the published file's size and the shape's proportions, or a compute\n"
        "  buffer that is not exact\n";
  if (!q.held_against.ram && may_use_host(q.base, q.devices))
    text += "\n--ram SIZE also ranks what leaves a part to the host's memory\n";
  return text;
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
  if (c.fits) o["spare_bytes"] = c.spare.count;
  if (c.largest.n_ctx > 0) {
    o["max_context"] = {{"n_ctx", c.largest.n_ctx},
                        {"n_ctx_loads", c.largest.n_ctx_loads},
                        {"bound_by", name_of_bound(c.largest)}};
  }
  if (!c.how.changes.empty()) o["flags"] = flags_of(c.how);
  if (c.moved != on_host::nothing)
    o["on_host"] = json::object{{"what", name(c.moved)}, {"n_layers", c.how.n_on_host}};
  if (c.speed) o["speed"] = rates_json(*c.speed);
  if (auto kld = kld_json(r.quality)) o["kld"] = std::move(*kld);
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
  const std::vector<ranked_model> shown(all.begin(), end);
  std::string text = heading(q, all);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const rank_group g(shown[i]);
    if (i == 0 || g != rank_group(shown[i - 1])) text += "\n" + t.head(g);
    text += t.line(shown[i]);
  }
  if (!shown.empty()) text += legend(q, shown, t);
  if (end != all_end) text += fmt::format("\n{} more fit (--top)\n", all_end - end);
  if (n_more > 0)
    text += fmt::format("\n{} more {} with the KV cache in q8_0: -ctk q8_0 -ctv q8_0\n", n_more,
                        n_more == 1 ? "fits" : "fit");
  return text;
}

std::string ranking_json(const ranking_question& q, const std::vector<ranked_model>& all) {
  json::array rows;
  for (const ranked_model& r : all) rows.push_back(json_of(r));
  return json_text(json::object{{"schema", json_schema},
                                      {"vrambudget", version},
                                      {"engine", full_name(q.base.profile)},
                                      {"prefer", name(q.prefer)},
                                      {"models", std::move(rows)}}) +
         "\n";
}

}  // namespace vrambudget
