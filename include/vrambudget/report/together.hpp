// Several models at once, as text and as JSON.
#pragma once

#include <cstddef>
#include <string>

#include "vrambudget/advise/together.hpp"

namespace vrambudget {

/// The verdict, what each takes of each device and of the host, what is left, and the largest common context;
/// where they do not fit, which of them do and what one after the other needs. `width`: columns that there are.
[[nodiscard]] std::string together_text(const together_question& q, const together_answer& a,
                                        std::size_t width = 80);
/// One JSON object, schema 1, and a line feed.
[[nodiscard]] std::string together_json(const together_question& q, const together_answer& a);

}  // namespace vrambudget
