// Marks of templates that are single tokens in the vocabulary of a model that was trained with them.
#pragma once

#include <string_view>

namespace vrambudget::detail {

enum class mark_kind { role, tool, reasoning };

struct known_mark {
  std::string_view text;
  mark_kind kind;
};

inline constexpr known_mark known_marks[] = {{"<|im_start|>", mark_kind::role},
                                             {"<|start_header_id|>", mark_kind::role},
                                             {"<start_of_turn>", mark_kind::role},
                                             {"<|turn>", mark_kind::role},
                                             {"<|start|>", mark_kind::role},
                                             {"<｜User｜>", mark_kind::role},
                                             {"<|START_OF_TURN_TOKEN|>", mark_kind::role},
                                             {"<|start_of_role|>", mark_kind::role},
                                             {"<|open|>", mark_kind::role},
                                             {"<|im_user|>", mark_kind::role},
                                             {"<tool_call>", mark_kind::tool},
                                             {"<|tool_call>", mark_kind::tool},
                                             {"[TOOL_CALLS]", mark_kind::tool},
                                             {"[ARGS]", mark_kind::tool},
                                             {"<|channel|>", mark_kind::tool},
                                             {"<｜tool▁calls▁begin｜>", mark_kind::tool},
                                             {"<|tool_calls_section_begin|>", mark_kind::tool},
                                             {"<|tool_call_start|>", mark_kind::tool},
                                             {"<minimax:tool_call>", mark_kind::tool},
                                             {"<seed:tool_call>", mark_kind::tool},
                                             {"<|START_ACTION|>", mark_kind::tool},
                                             {"<|tools_prefix|>", mark_kind::tool},
                                             {"<arg_key>", mark_kind::tool},
                                             {"<think>", mark_kind::reasoning},
                                             {"<seed:think>", mark_kind::reasoning},
                                             {"[THINK]", mark_kind::reasoning},
                                             {"<|START_THINKING|>", mark_kind::reasoning}};

}  // namespace vrambudget::detail
