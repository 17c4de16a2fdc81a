// What lines say of memory that a device refused.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "log/scan.hpp"
#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

namespace {

constexpr int to_the_byte = 6;  ///< decimals of a MiB that tell bytes apart

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 60;  ///< more is no card's

log_size exact_size(std::uint64_t bytes, std::size_t line) {
  return {.mib = static_cast<double>(bytes) / 0x1p20, .decimals = to_the_byte, .line = line};
}

}  // namespace

/// "allocating 10240.00 MiB on device 0: cudaMalloc failed: out of memory", then
/// "failed to allocate CUDA0 buffer of size 10737418240", then what it was for, and whether it is tried again.
bool log_line_reader::read_refusal(log_source from, std::string_view text) {
  const auto last = [&]() -> log_refusal* {
    return log_.refused.empty() ? nullptr : &log_.refused.back();
  };
  const auto add = [&](std::string device, const log_size& size) {
    log_refusal r{.device = std::move(device), .size = size};
    r.term = log_.contexts.empty() ? log_term::weights : log_term::kv_cache;
    r.context = log_.contexts.empty() ? 0 : log_.contexts.size() - 1;
    keep(log_.refused, std::move(r));
  };
  if (from == log_source::device_memory) {
    std::string_view rest = text;
    if (!skip(rest, "allocating") || text.find("failed") == text.npos) return false;
    const auto size = take_size(rest, line_);
    if (!size || !skip(rest, "on") || !skip(rest, "device")) return false;
    const auto device = take_u32(rest);
    if (!device) return false;
    add("CUDA" + std::to_string(*device), *size);
    return true;
  }
  if (from == log_source::tensor_memory || from == log_source::graph_memory) {
    const auto device = between(text, "failed to allocate ", " buffer of size ");
    if (!device) return false;
    std::string_view rest = text.substr(text.find(" buffer of size ") + 16);
    const auto bytes = take_number(rest);
    if (!bytes || *bytes >= most_bytes) return false;
    const log_size size = exact_size(*bytes, line_);
    // the line before said the same, rounded
    log_refusal* said = last();
    const bool is_new = said == nullptr || said->device != *device ||
                        said->size.decimals == to_the_byte ||
                        !said->size.prints(vrambudget::bytes{*bytes});
    if (is_new) {
      add(std::string(*device), size);
      said = last();
    }
    said->size = size;
    if (from == log_source::graph_memory) said->term = log_term::compute;
    return true;
  }
  if (log_refusal* r = last();
      r && text.find("failed to allocate buffer for rs cache") != text.npos)
    return r->term = log_term::recurrent_state, true;
  if (text.find("retrying without pipeline parallelism") == text.npos) return false;
  if (log_refusal* r = last(); r && r->term == log_term::compute) r->retried = true;
  return true;
}

}  // namespace vrambudget
