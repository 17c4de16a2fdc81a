// All that the C ABI gives, asked for by many threads at once from the first call on. Python's threads call the same
// functions without the interpreter's lock. What each is told is what one thread alone is told; `tsan` (CMakePresets.json)
// says whether two touch the same memory.
#include <vrambudget.h>

#include <barrier>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr int n_threads = 8;

/// The answer, or what went wrong.
std::string told(const std::function<vrambudget_status(char**, char**)>& ask) {
  char *json = nullptr, *error = nullptr;
  const vrambudget_status s = ask(&json, &error);
  std::string text = std::to_string(s) + " " + (json ? json : error ? error : "nothing");
  vrambudget_free(json);
  vrambudget_free(error);
  return text;
}

struct opened {
  explicit opened(const char* name) { vrambudget_open_model(name, nullptr, &model, nullptr); }
  opened(const opened&) = delete;
  opened& operator=(const opened&) = delete;
  ~opened() { vrambudget_close_model(model); }
  vrambudget_model* model = nullptr;
};

std::string swept(const vrambudget_model* model) {
  vrambudget_table* table = nullptr;
  const char* const grid = R"({"gpus": ["3090", "4090"], "n_ctx": [4096, 8192, 12288], "threads": 3})";
  return told([&](char** json, char** error) {
    vrambudget_status s =
        vrambudget_sweep(&model, 1, grid, nullptr, nullptr, nullptr, &table, error);
    if (s == VRAMBUDGET_OK) s = vrambudget_table_json(table, json, error);
    vrambudget_close_table(table);
    return s;
  });
}

/// One of each kind, on a model of its own or on one that all threads share.
std::vector<std::function<std::string()>> questions(const opened& shared) {
  using asked = std::function<std::string()>;
  const char* const run = R"({"gpu": "3090", "ctx_size": 4096})";
  const auto plan = [](const vrambudget_model* m, const char* options) {
    return told([&](char** j, char** e) { return vrambudget_plan(m, options, j, e); });
  };
  std::vector<asked> all;
  for (const char* name : {"Qwen3-8B-Q8_0", "Qwen3.6-27B-UD-Q4_K_XL", "gpt-oss-20b"})
    all.push_back([=] { return plan(opened(name).model, run); });
  for (const char* options :
       {run, R"({"gpu": "2x3090", "ctx_size": 8192})", R"({"gpu": "7900xtx", "ctx_size": 4096})",
        R"({"gpu": "m4-max-64gb", "ctx_size": 4096})", R"({"gpu": "none", "cpu": "zen4", "ram": "64GiB", "ctx_size": 4096})",
        R"({"gpu": "3090", "ctx_size": 4096, "ot": "blk.*ffn=CPU"})",
        R"({"gpu": "3090", "ctx_size": -1})"})
    all.push_back([=, &shared] { return plan(shared.model, options); });
  const vrambudget_model* const m = shared.model;
  all.push_back([=] {
    return told([&](char** j, char** e) {
      return vrambudget_trade(m, R"({"gpu": "3090"})", j, e);
    });
  });
  all.push_back([=] {
    return told([&](char** j, char** e) { return vrambudget_cards(m, R"({"ctx_size": 4096})", j, e); });
  });
  all.push_back([=] {
    return told([&](char** j, char** e) {
      return vrambudget_best_runs(m, R"({"gpu": "3060"})", j, e);
    });
  });
  all.push_back([=] {
    return told([&](char** j, char** e) {
      return vrambudget_recipe("Qwen3-8B", R"({"base": "Q4_K_M"})", run, j, e);
    });
  });
  all.push_back([=] {
    return told([&](char** j, char** e) {
      return vrambudget_inspect("Qwen3-8B-Q8_0", nullptr, nullptr, nullptr, j, e);
    });
  });
  all.push_back([=] {
    return told([&](char** j, char** e) {
      return vrambudget_rank(run, "gpt-oss", 0, j, e);
    });
  });
  all.push_back([=] { return swept(m); });
  return all;
}

}  // namespace

int main() {
  const opened shared("Qwen3-8B-Q8_0");
  const auto all = questions(shared);
  std::vector<std::vector<std::string>> answers(n_threads, std::vector<std::string>(all.size()));
  {
    std::barrier start(n_threads);
    std::vector<std::jthread> threads;
    for (int t = 0; t < n_threads; ++t)
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        for (std::size_t i = 0; i < all.size(); ++i) {  // half of them begin with the same
          const std::size_t k = (i + static_cast<std::size_t>(t / 2) * 3) % all.size();
          answers[static_cast<std::size_t>(t)][k] = all[k]();
        }
      });
  }
  int n_failed = 0;
  for (std::size_t k = 0; k < all.size(); ++k) {
    const std::string alone = all[k]();
    for (const auto& of_thread : answers)
      if (of_thread[k] != alone) {
        ++n_failed;
        std::fprintf(stderr, "question %zu: among others %.200s\nalone %.200s\n", k,
                     of_thread[k].c_str(), alone.c_str());
      }
  }
  return n_failed == 0 ? 0 : 1;
}
