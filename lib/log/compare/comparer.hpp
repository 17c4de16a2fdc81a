// Predictions for one context's lines. Each file beside this one compares lines about one thing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/log/log_check.hpp"
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
  void judge_weights(log_comparison& line, const sum& s);
  void judge_repacked(log_comparison& line, const sum& s);
  void compare_adapters();
  void compare_caches(const log_context& c, bool draft);
  void compare_states(const log_context& c, bool draft);
  void compare_cache_sizes(const log_context& c);
  void compare_state_size(const log_cache& logged);
  void compare_buffers(const log_context& c, bool draft);
  [[nodiscard]] static std::vector<sum> with_host_as_one(std::vector<sum> all);
  void compare_refusals();
  void tell_what_runs(const log_refusal& r, int backend);
  /// Whether the engine tried again with buffers for unpipelined work.
  [[nodiscard]] bool gave_up_pipelining() const;
  void compare_graph();
  void compare_pair(const char* term, const std::optional<logged<log_pair>>& logged,
                    std::uint64_t prompt, std::uint64_t token);
  void compare_table();
  void compare_table_row(const log_table_row& row, int backend);
  void set_apart();
  void find_missing();
  [[nodiscard]] bool has_line(std::string_view term, std::size_t device) const;

  /// The backend's number of a place; -1: none of the plan's.
  [[nodiscard]] int backend_of(const buffer_place& p) const;
  [[nodiscard]] bytes of(const budget& b, int backend, term_kind term) const;
  [[nodiscard]] bytes mapped() const;
  log_comparison& add(std::string term, const sum& s);
  void judge(log_comparison& c, bytes predicted);
  /// Sets a difference apart if the context ran on a backend whose rules for it are not known.
  void excuse_backend(log_comparison& c, bool with_rocm) const;
  /// The same of a device's buffer with copies of the host's weights, if their types are not known.
  void excuse_types(log_comparison& c) const;
  void count(std::string term, std::string cache, std::size_t line, std::uint64_t logged,
             std::uint64_t predicted);

  const parsed_log& log_;
  const logged_model& m_;
  const rebuild_options& options_;
  checked_context& out_;
  bool with_model_;
  placement where_;
  std::optional<memory_layout> layout_;
  std::optional<budget> pipelined_;  ///< the plan before the engine gave up pipelining, if it did
};

/// Why a line has no prediction.
inline constexpr const char* no_such_place = "not a place that is modelled";
inline constexpr const char* no_tensors = "the log does not list tensors: give the model's file";

/// The term of a budget that a log's line is about.
[[nodiscard]] term_kind kind_of(log_term t, bool draft);
/// Its name: "kv_cache", "draft_kv_cache".
[[nodiscard]] std::string term_name(log_term t, bool draft);

}  // namespace vrambudget
