// A program that runs under another locale than C: its numbers are read and written as under C. Arguments: locales to be
// under besides one made here.
#include <vrambudget.h>

#include <clocale>
#include <cstdio>
#include <locale>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// 1.234.567,5
struct commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

std::string answers() {
  std::string all;
  vrambudget_model* model = nullptr;
  vrambudget_open_model("Qwen3-8B-Q8_0", nullptr, &model, nullptr);
  const auto add = [&](vrambudget_status s, char* json, char* error) {
    all += std::to_string(s) + " " + (json ? json : "") + (error ? error : "") + "\n";
    vrambudget_free(json);
    vrambudget_free(error);
  };
  for (const char* options :
       {R"({"gpu": "2x3090", "ctx_size": 65536, "tensor_split": [0.375, 1.25], "explain": true})",
        R"({"gpu": "3090", "reserve": "1.5GiB", "ctx_size": "12k"})",
        R"({"gpu": "name=X,total=23.5GiB,cc=8.6,sm=82,bandwidth=936.2", "ctx_size": 4096})",
        R"({"gpu": "3090", "free": "20.25GiB", "ctx_size": "1,5k"})"}) {
    char *json = nullptr, *error = nullptr;
    const vrambudget_status s = vrambudget_plan(model, options, &json, &error);
    add(s, json, error);
  }
  char *json = nullptr, *error = nullptr;
  vrambudget_status s = vrambudget_rank(R"({"gpu": "3090", "ctx_size": 8192})", "gpt-oss", 0, &json, &error);
  add(s, json, error);
  json = error = nullptr;
  s = vrambudget_recipe("Qwen3-8B", R"({"base": "Q4_K_M..Q5_K_M"})", R"({"gpu": "3090"})", &json, &error);
  add(s, json, error);
  vrambudget_close_model(model);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string before = answers();
  int n_failed = before.find("\"devices\"") == std::string::npos;
  const auto compare = [&](const char* name) {
    if (answers() == before) return;
    ++n_failed;
    std::fprintf(stderr, "%s: other answers than under C\n", name);
  };
  for (int i = 1; i < argc; ++i) {
    if (std::setlocale(LC_ALL, argv[i]) == nullptr) {
      std::fprintf(stderr, "%s: no such locale\n", argv[i]);
      ++n_failed;
    }
    compare(argv[i]);
  }
  std::locale::global(std::locale(std::locale::classic(), new commas));
  std::ostringstream shown;
  shown << 1234567;
  if (shown.str() != "1.234.567") ++n_failed;  // it is in force
  compare("std::locale with commas");
  return n_failed;
}
