// Completions and the manual page have every option that help has, and shells and man read them.
#include <algorithm>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "program.hpp"

namespace {

const char* const commands[] = {"plan",   "cards",   "together", "recipe", "inspect",  "gpus",
                                "models", "engines", "probe",    "check",  "batch",  "calibrate"};

/// "--ctx-size", "-ub", ... as the help of a command has them.
std::set<std::string> options_of(const std::string& command) {
  const std::string help = run(command + " --help").out;
  std::set<std::string> all;
  const std::regex name("(?:^|[\\s,])(--?[a-z][-a-z]*)(?=[\\s,]|$)");
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) continue;
    line.resize(std::min(line.find("  ", 2), line.size()));
    for (std::sregex_iterator at(line.begin(), line.end(), name), end; at != end; ++at)
      all.insert((*at)[1]);
  }
  return all;
}

/// What bash offers after these words, of which the last one is begun.
std::string offered(const std::string& words, int at) {
  const fs::path script = fs::temp_directory_path() / ("completion-" + std::to_string(::getpid()));
  std::ofstream(script) << run("completion bash").out << "COMP_WORDS=(" << words
                        << ")\nCOMP_CWORD=" << at << "\n_vrambudget " VRAMBUDGET_PROGRAM
                        << "\necho \" ${COMPREPLY[*]} \"\n";
  FILE* pipe = ::popen(("bash " + script.string() + " 2>&1").c_str(), "r");
  REQUIRE(pipe);
  std::string out;
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), n);
  CHECK(::pclose(pipe) == 0);
  fs::remove(script);
  return out;
}

/// Whether a program, if it is there, reads a file of ours without a complaint.
void check_read_by(const std::string& program, const std::string& form) {
  CAPTURE(program);
  const std::string name = program.substr(0, program.find(' '));
  if (std::system(("command -v " + name + " >/dev/null").c_str()) != 0) return;
  const fs::path file = fs::temp_directory_path() / ("form-" + std::to_string(::getpid()));
  std::ofstream(file) << run("completion " + form).out;
  CHECK(std::system((program + " " + file.string() + " 2>&1 | (! grep .)").c_str()) == 0);
  fs::remove(file);
}

}  // namespace

TEST_CASE("the manual page and completions have what help has") {
  std::string page = run("completion man").out;
  page = std::regex_replace(page, std::regex(R"(\\-)"), "-");
  const std::string bash = run("completion bash").out, zsh = run("completion zsh").out,
                    fish = run("completion fish").out;
  for (const char* command : commands) {
    CAPTURE(std::string(command));
    CHECK(contains(page, std::string(".SS ") + command + "\n"));
    const auto options = options_of(command);
    CHECK(options.contains("--help"));
    for (const std::string& o : options) {
      CAPTURE(o);
      CHECK(contains(page, o));
      CHECK(contains(bash, o));
      CHECK(contains(zsh, o));
      CHECK(contains(fish, (o.starts_with("--") ? " -l " + o.substr(2) : " -s " + o.substr(1))));
    }
  }
  const auto of_plan = options_of("plan");
  CHECK(of_plan.contains("--cache-type-k"));
  CHECK(of_plan.contains("-c"));
  CHECK(contains(page, "-ctk"));  // which help has in its text
  CHECK(contains(fish, " -o ctk "));
}

TEST_CASE("bash completes options, values and names") {
  CHECK(contains(offered("vrambudget --ctx-", 1), " --ctx-size "));
  CHECK(contains(offered("vrambudget insp", 1), " inspect "));
  CHECK(offered("vrambudget inspect --n-gpu", 2) == "  \n");
  CHECK(offered("vrambudget x -fa o", 3) == " on off \n");
  CHECK(offered("vrambudget -ctk q8", 2) == " q8_0 \n");
  CHECK(offered("vrambudget -sm ''", 2) == " none layer row tensor \n");
  CHECK(contains(offered("vrambudget --gpu rtx-309", 2), " rtx-3090 "));
  CHECK(contains(offered("vrambudget Qwen3-8B", 1), " Qwen3-8B-Q8_0 "));
  CHECK(contains(offered("vrambudget probe --allocate Qwen3-8B", 3), " Qwen3-8B-Q8_0 "));
  CHECK(contains(offered("vrambudget x -md Qwen3-8B", 3), " Qwen3-8B-Q8_0 "));
}

TEST_CASE("shells and man read it") {
  check_read_by("bash -n", "bash");
  check_read_by("zsh -n", "zsh");
  check_read_by("fish -n", "fish");
  check_read_by("groff -man -ww -z", "man");
}

TEST_CASE("nothing else is described") {
  const outcome o = run("completion powershell");
  CHECK(o.status == 2);
  CHECK(contains(o.err, "powershell"));
}
