// Puts one run together from a log. Each file beside this one rebuilds one part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/log/rebuild.hpp"

namespace vrambudget {

/// Each step takes what the log has and says what it had to assume.
class rebuilder {
 public:
  rebuilder(const parsed_log& log, std::size_t i, const model& m, const rebuild_options& o);

  rebuilt_run make();

 private:
  void choose_profile();
  void settle_profile_by_graph();
  void choose_devices();
  void choose_context();
  void choose_sequences();
  void choose_caches();
  void choose_flash_attn();
  void choose_placement();
  void choose_cpu();
  void add_moved(const log_model& lines);
  void choose_draft();

  void assume(std::string what) { out_.assumed.push_back(std::move(what)); }
  [[nodiscard]] std::vector<std::string_view> device_names() const;
  [[nodiscard]] device device_number(std::size_t i);
  [[nodiscard]] const log_cache* full_cache() const;
  [[nodiscard]] const log_cache* states() const;
  [[nodiscard]] std::optional<std::uint32_t> sequences_of_output() const;
  [[nodiscard]] bool has_kv_lines() const;

  const parsed_log& log_;
  const log_context& c_;
  std::size_t index_;
  const model& m_;
  const rebuild_options& options_;
  const log_model* lines_ = nullptr;
  std::optional<std::size_t> profile_assumed_;  ///< where it is said that no build is known
  rebuilt_run out_;
};

/// Sets how layers are split so that each device's caches are those of the log, and which experts stay
/// on the host so that its weights are. Leaves what fits already, or what nothing explains.
void fit_placement(const log_context& c, const log_model& lines, const model& m, rebuilt_run& out);

}  // namespace vrambudget
