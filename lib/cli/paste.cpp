// `vrambudget paste`: plans the runs in what people paste.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <iterator>
#include <memory>
#include <system_error>
#include <variant>

#include "cli.hpp"
#include "input_text.hpp"
#include "inputs.hpp"
#include "io/json_text.hpp"
#include "options.hpp"
#include "os/files.hpp"
#include "output.hpp"
#include "report/launch/arguments.hpp"
#include "vrambudget/report/json.hpp"
#include "vrambudget/request/option.hpp"
#include "vrambudget/request/pasted_run.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::cli {
namespace {

struct paste_request : plan_request {
  std::string file;
};

std::vector<pasted_run> runs_in(const std::string& file) {
  std::string text;
  read_text(file, [&](std::string_view piece) {
    text += piece;
    return text.size() <= request::most_pasted_bytes;
  });
  auto runs = request::find_runs(text);
  if (!runs) throw failure{bad_input, file + ": " + runs.error().message};
  return std::move(*runs);
}

std::string heading(const pasted_run& r) {
  std::string line = r.name.empty() ? "" : r.name + ": ";
  line += fmt::format("{} in line {}, read as\n  llama-server", r.program, r.line);
  for (const std::string& a : r.args) line += " " + launching::quoted(a);
  return line + "\n\n";
}

boost::json::object as_json(const pasted_run& r) {
  boost::json::object o{{"program", r.program}, {"line", r.line}};
  if (!r.name.empty()) o["name"] = r.name;
  o["args"] = boost::json::array(r.args.begin(), r.args.end());
  return o;
}

/// What was typed besides the file, which is stronger than what was pasted.
std::vector<std::string> typed_besides(const std::vector<std::string>& args,
                                       const std::string& file) {
  std::vector<std::string> more(args.begin() + 1, args.end());
  if (const auto at = std::find(more.begin(), more.end(), file); at != more.end()) more.erase(at);
  return more;
}

/// Whether all files lie here that a value of `--lora` and its like names.
bool are_here(const request::option& o, const std::string& value) {
  plan_request q;
  if (!set(o, q, value)) return true;  // the plan refuses it
  const auto is_here = [](const request::adapter_file& f) { return detail::is_there(f.path); };
  return std::all_of(q.loras.begin(), q.loras.end(), is_here) &&
         std::all_of(q.control_vectors.begin(), q.control_vectors.end(), is_here);
}

/// Of another machine's adapters nothing is known here: they are left out, and a note says so.
pasted_run without_absent_adapters(pasted_run r) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < r.args.size(); ++i) {
    const request::option* o = request::find_option(r.args[i]);
    const bool is_adapter = o && std::holds_alternative<request::kind::adapters>(o->value);
    if (!is_adapter || i + 1 == r.args.size() || are_here(*o, r.args[i + 1])) {
      kept.push_back(std::move(r.args[i]));
      continue;
    }
    r.notes.push_back(r.args[i] + " " + r.args[i + 1] + ": not here, and not counted");
    ++i;
  }
  r.args = std::move(kept);
  return r;
}

int plan_all(const paste_request& q, const std::vector<std::string>& more,
             const plan_command& plan) {
  const std::vector<pasted_run> runs = runs_in(q.file);
  if (runs.size() > 1 && (q.svg || !q.emit.empty()))
    throw failure{usage, fmt::format("{}: {} runs are in it: --svg and --emit take one", q.file,
                                     runs.size())};
  const bool is_bare = q.svg || !q.emit.empty();
  int worst = yes;
  if (q.json)
    print_out("{{\"schema\":{},\"vrambudget\":\"{}\",\"runs\":[\n", json_schema, version);
  for (const pasted_run& r : runs) {
    const bool is_first = &r == &runs.front();
    if (q.json)
      print_out("{}{{\"pasted\":{},\"plan\":\n", is_first ? "" : ",\n",
                 json_text(as_json(r)));
    else if (!is_bare)
      print_out("{}{}", is_first ? "" : "\n\n", heading(r));
    std::fflush(stdout);  // what is said of it on stderr comes after
    std::vector<std::string> args = {"plan"};
    const pasted_run here = without_absent_adapters(r);
    args.insert(args.end(), here.args.begin(), here.args.end());
    args.insert(args.end(), more.begin(), more.end());
    worst = std::max(worst, plan(std::move(args), here.notes));
    if (q.json) print_out("}}");
  }
  if (q.json) print_out("]}}\n");
  return worst;
}

}  // namespace

std::function<int()> add_paste(command_options& can, const std::vector<std::string>& args,
                               plan_command plan) {
  auto q = std::make_shared<paste_request>();
  can.required_text("FILE", q->file, "what was pasted; -: standard input");
  can.rows({topic::model}, *q);
  add_options_of_plan(can, *q);
  return [q, args, plan = std::move(plan)] {
    return plan_all(*q, typed_besides(args, q->file), plan);
  };
}

}  // namespace vrambudget::cli
