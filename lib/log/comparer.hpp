// Predictions for one context's lines.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/log/check.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"

namespace vrambudget {

class comparer {
 public:
  /// `with_model`: also the model's own lines, which a second context shares.
  comparer(const parsed_log& log, const logged_model& m, const rebuild_options& options,
           checked_context& out, bool with_model)
      : log_(log), m_(m), options_(options), out_(out), with_model_(with_model) {}

  void compare();

 private:
  /// Where several lines of one place add up.
  struct sum {
    std::string device;
    std::string cache;
    log_size size;
    buffer_place place;
  };
  [[nodiscard]] std::vector<sum> sums(const std::vector<log_buffer>& buffers, log_term term,
                                      bool by_cache) const;

  bool plan();
  void choose_draft_types();
  void compare_weights();
  void compare_caches(const log_context& c, bool draft);
  void compare_cache_sizes(const log_context& c);
  void compare_buffers(const log_context& c, bool draft);
  void compare_graph();
  void compare_table();
  void set_apart();
  void find_missing();
  void find_causes();

  /// The backend's number of a place; -1: none of the plan's.
  [[nodiscard]] int backend_of(const buffer_place& p) const;
  [[nodiscard]] bytes of(const budget& b, int backend, std::string_view term) const;
  [[nodiscard]] bytes mapped_range() const;
  log_comparison& add(std::string term, const sum& s);
  void judge(log_comparison& c, bytes predicted);
  void count(std::string term, std::string cache, std::size_t line, std::uint64_t logged,
             std::uint64_t predicted);

  const parsed_log& log_;
  const logged_model& m_;
  const rebuild_options& options_;
  checked_context& out_;
  bool with_model_;
  placement where_;
  std::optional<memory_layout> layout_;
};

}  // namespace vrambudget
