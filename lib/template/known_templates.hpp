// The templates of llama.cpp's repository, by the first eight bytes of their SHA-256, with and without a line feed
// at the end.
// Source: llama.cpp, models/templates
#pragma once

#include <cstdint>
#include <string_view>

namespace vrambudget::detail {

struct known_template {
  std::string_view name;
  std::uint64_t hash, hash_without_line_feed;
};

inline constexpr known_template known_templates[] = {
    {"Apertus-8B-Instruct", 0xdea688e9f24a339a, 0xdea688e9f24a339a},
    {"Apriel-1.6-15b-Thinker-fixed", 0x2f5ce4b3c1e0ab30, 0x86bc625842f60e1a},
    {"Bielik-11B-v3.0-Instruct", 0xa30b8c4531dda191, 0xa30b8c4531dda191},
    {"ByteDance-Seed-OSS", 0x3f9e0dc4adeb8032, 0x3f9e0dc4adeb8032},
    {"Cohere2MoE", 0xd8366efb9f07c571, 0xd8366efb9f07c571},
    {"CohereForAI-c4ai-command-r-plus-tool_use", 0xbf9e9ee8c0f2297c, 0x658919e2d822e7b3},
    {"CohereForAI-c4ai-command-r7b-12-2024-tool_use", 0xcc60b553279347d8, 0xcc60b553279347d8},
    {"GLM-4.6", 0x8804f445c761b9f2, 0xe6e2ddfb13f8aef5},
    {"GLM-4.7-Flash", 0xd63ad536c3c81880, 0xd63ad536c3c81880},
    {"GigaChat3-10B-A1.8B", 0xbbbf2de800b645df, 0xbbbf2de800b645df},
    {"GigaChat3.1-10B-A1.8B", 0x304f0d64aa3ba30e, 0x304f0d64aa3ba30e},
    {"HuggingFaceTB-SmolLM3-3B", 0x19eacf64569032f0, 0xcbc1d50f777ec029},
    {"Kimi-K2-Instruct", 0x1d396d5b128cdb9b, 0x02e91795d2270374},
    {"Kimi-K2-Thinking", 0x2f6c593d50682612, 0x4027d478e682204e},
    {"Kimi-K3", 0x4578103bf225f58d, 0xf0c33f4b63ef8403},
    {"LFM2-8B-A1B", 0x2294f49b51a0b9a1, 0x2294f49b51a0b9a1},
    {"LFM2.5-8B-A1B", 0x6d65c8804847ad74, 0x6d65c8804847ad74},
    {"LFM2.5-Instruct", 0xf05bf4b967dc993b, 0xf05bf4b967dc993b},
    {"MiMo-VL", 0x10490379c20af484, 0xe7fa3f870aabfc1c},
    {"MiniMax-M1", 0xe1790d8fbe1c587e, 0xe1790d8fbe1c587e},
    {"MiniMax-M2", 0x967ff7e387676f4b, 0xa3e05b110e2d1ccf},
    {"MiniMax-M3", 0x11421244f6755349, 0xc56d1f3ab70881b0},
    {"Mistral-Small-3.2-24B-Instruct-2506", 0x5b8f31f111986965, 0xd990bccdaaa20611},
    {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", 0xab7813c3abdd9cb6, 0x43a92aacc2e169bb},
    {"NVIDIA-Nemotron-Nano-v2", 0x52ae8e50fa083e63, 0x52ae8e50fa083e63},
    {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", 0x7ce09d55d3690e06, 0xce62e308475b364e},
    {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", 0x7ce09d55d3690e06, 0xce62e308475b364e},
    {"Qwen-QwQ-32B", 0x5ed15374ce53e19a, 0x94c6035b4f0eb905},
    {"Qwen-Qwen2.5-7B-Instruct", 0xcd8e9439f0570856, 0x55b2f4a26ac9ee71},
    {"Qwen-Qwen3-0.6B", 0x87a2728cb8dc9fe4, 0x87a2728cb8dc9fe4},
    {"Qwen3-Coder", 0xd287fb2edf144207, 0xeae48a3307931acb},
    {"Qwen3.5-4B", 0xa4aee8afcf2e0711, 0xa4aee8afcf2e0711},
    {"Reka-Edge", 0x546b04dba74993ef, 0x546b04dba74993ef},
    {"Spark2.5", 0xafea0f7114d5d35b, 0xc88f16f22024c5c5},
    {"StepFun3.5-Flash", 0xb18b99dff7261214, 0x3a7cb642bf35cb41},
    {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", 0xdd2675619a64a449, 0xdd2675619a64a449},
    {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", 0xbbe594884b44d740, 0xbbe594884b44d740},
    {"deepseek-ai-DeepSeek-V3.1", 0xd9f5f351b276cf9e, 0xd9f5f351b276cf9e},
    {"deepseek-ai-DeepSeek-V3.2", 0x8e5a13fcc4bdd4d9, 0x53b9683b3653cec3},
    {"deepseek-ai-DeepSeek-V4-Flash-0731", 0xaec3d906bce80d43, 0x8b6f730567ea3e0a},
    {"deepseek-ai-DeepSeek-V4", 0x7bd4fbdf0c06cd73, 0xf8b442fab67e75b3},
    {"fireworks-ai-llama-3-firefunction-v2", 0xfcb749f5c5d6bbc4, 0x5f259f602c593bdc},
    {"google-gemma-2-2b-it", 0xecd6ae513fe103f0, 0xecd6ae513fe103f0},
    {"google-gemma-4-31B-it-interleaved", 0x65f93a25708c9524, 0xdf900edd2fcee5de},
    {"google-gemma-4-31B-it", 0x85a08664d16d8f3b, 0x1d35a24a2a63cc60},
    {"ibm-granite-granite-3.3-2B-Instruct", 0x3c71df5f65998746, 0xd0657ba05651bd21},
    {"ibm-granite-granite-4.0", 0x9524df67b77a7b25, 0x9524df67b77a7b25},
    {"ibm-granite-granite-4.1", 0xfed2756d2d24e127, 0xfed2756d2d24e127},
    {"inclusionai-ling-3.0-flash", 0xb4ab3a1c8f748e6f, 0xb4ab3a1c8f748e6f},
    {"llama-cpp-deepseek-r1", 0x0d11fd8d7cf3f212, 0xe0d5e227f0aedba8},
    {"llama-cpp-rwkv-world", 0xe70723034f092809, 0xe70723034f092809},
    {"meetkai-functionary-medium-v3.1", 0x2fc9dbfaea552f86, 0x2fc9dbfaea552f86},
    {"meetkai-functionary-medium-v3.2", 0x5c7c96c27cfecf34, 0x5c7c96c27cfecf34},
    {"meta-llama-Llama-3.1-8B-Instruct", 0xe10ca381b1ccc5cf, 0x93c0e9aa3629bbd7},
    {"meta-llama-Llama-3.2-3B-Instruct", 0x5816fce10444e03c, 0xd82792f95932f1c9},
    {"meta-llama-Llama-3.3-70B-Instruct", 0xe10ca381b1ccc5cf, 0x93c0e9aa3629bbd7},
    {"microsoft-Phi-3.5-mini-instruct", 0x78d976a442bcde2f, 0x78d976a442bcde2f},
    {"mistralai-Ministral-3-14B-Reasoning-2512", 0x39f03c383413f531, 0x31b50c917746ef1c},
    {"mistralai-Mistral-Nemo-Instruct-2407", 0xe4676cb56dffea77, 0xe7deee034838db2b},
    {"moonshotai-Kimi-K2", 0x9fcc72b7c248a720, 0xaab20feb9bc6881f},
    {"muse-glimmer", 0xcfc67e5f349f3769, 0x6cd0e94d9b489fdb},
    {"openai-gpt-oss-120b", 0xa4c9919cbbd4acdd, 0xa4c9919cbbd4acdd},
    {"openbmb-MiniCPM5-1B", 0x7451a05cf1e28a79, 0x86c78150a71c4c5b},
    {"poolside-Laguna-S-2.1", 0x444819b8ad461287, 0x444819b8ad461287},
    {"poolside-Laguna-XS-2.1", 0x5f1bf14725b6a0e6, 0xc64086c5feaef448},
    {"poolside-Laguna-XS.2", 0xcefcef90515772c0, 0xdadad29ff28c3806},
    {"tencent-Hy3", 0x84437b9746423f04, 0x84437b9746423f04},
    {"unsloth-Apriel-1.5", 0xfae87682d3551b1c, 0x156dd2c74e961f05},
    {"unsloth-mistral-Devstral-Small-2507", 0x039a4710e2aabaa7, 0x039a4710e2aabaa7},
    {"upstage-Solar-Open-100B", 0x4618a1ec1a3442b9, 0xc2e6220e74d32601}};

}  // namespace vrambudget::detail
