// How the names of GPUs are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vrambudget::detail {

/// A name reduced to what tells cards apart: "NVIDIA GeForce RTX 4060 Ti 16 GB" -> "4060ti16g".
std::string gpu_key(std::string_view name);
/// Whether that is gpu_key(name).
bool has_gpu_key(std::string_view name, std::string_view key);

/// The text without that word, wherever it stands.
std::string without(std::string text, std::string_view word);

/// "rtx 3090 24gb" -> "rtx 3090" and 24; nothing when no separate size ends the name.
std::optional<std::pair<std::string_view, std::uint64_t>> split_memory(std::string_view typed);

/// Whether the text has each of the words typed, a number not within another one, and any is typed.
bool has_words(std::string_view text, std::string_view typed);

/// The chip in the name of a machine or a processor: "MacBook Pro 14 M3 Pro 36GB" -> "M3 Pro 36GB", "Ryzen AI 9 HX 370" ->
/// "AI HX 370", "i7-1260P" -> "1260P"; empty: the name has none of their words.
std::string chip_in(std::string_view name);

}  // namespace vrambudget::detail
