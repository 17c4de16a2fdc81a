// `vrambudget inspect`: what is inside of a file, and how two differ.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/report/inspection.hpp"

namespace vrambudget::cli {
namespace {

struct question {
  plan_request q;
  std::vector<std::string> files;
  std::string keys;
};

inspected open_or_fail(model_reader& reader, const std::string& typed) {
  if (const auto ok = reader.check(typed); !ok) throw failure{usage, ok.error().message};
  opened_model file = value_or_fail(reader.open(typed), bad_input);
  return {typed, std::move(file), reader.used()};
}

/// What is said of a file that is the same still.
std::string unchanged_or_fail(const inspected& f, std::string says) {
  if (const auto same = f.file.check_unchanged(); !same)
    throw failure{bad_input, same.error().message};
  return says;
}

/// A file that is no model says what it is; one that should be and is none fails.
int show(const question& a, const inspected& f) {
  if (!f.file.m && f.kind() == file_kind::model) throw failure{bad_input, f.file.m.error().message};
  if (a.q.json)
    print_out("{}", unchanged_or_fail(f, inspection_json(f)));
  else
    print_text(unchanged_or_fail(f, inspection_text(f)));
  return yes;
}

int compare(const question& a, const inspected& first, const inspected& second) {
  for (const inspected* f : {&first, &second})
    if (!f->file.m) throw failure{bad_input, f->file.m.error().message};
  const model &ma = *first.file.m, &mb = *second.file.m;
  if (a.q.json)
    print_out("{}", difference_json(ma, mb));
  else
    print_text(difference_text(ma, mb));
  return have_same_tensors(ma, mb) ? yes : does_not_fit;
}

int run_inspect(const question& a) {
  if (a.files.empty()) throw failure{usage, "inspect: name a model: vrambudget inspect FILE"};
  if (a.files.size() > 2) throw failure{usage, "inspect: one file, or two that are compared"};
  if (a.files.size() == 2 && !a.keys.empty())
    throw failure{usage, "inspect: --keys shows those of one file"};
  model_reader reader = reader_of(a.q.sources);
  const inspected first = open_or_fail(reader, a.files.front());
  if (a.files.size() == 2) return compare(a, first, open_or_fail(reader, a.files.back()));
  if (a.keys.empty()) return show(a, first);
  const gguf::header& h = first.file.headers.front();
  const std::string text = unchanged_or_fail(
      first, value_or_fail(a.q.json ? metadata_json(h, a.keys) : metadata_text(h, a.keys)));
  print_out("{}", text);
  if (text.empty()) throw failure{does_not_fit, "--keys: no key has '" + a.keys + "'"};
  return yes;
}

}  // namespace

std::function<int()> add_inspect(command_options& can) {
  auto a = std::make_shared<question>();
  can.texts("MODEL,-m,--model", a->files,
            "a GGUF file, an address, hf:org/repo:QUANT, ollama:name, or a model's name; two are "
            "compared tensor by tensor");
  can.text("--keys", a->keys, "PATTERN",
           "instead the metadata whose keys have this regular expression; '.' all");
  can.flag("--json", a->q.json, "JSON on stdout, schema 1");
  can.rows({topic::sources}, a->q);
  return [a] { return run_inspect(*a); };
}

}  // namespace vrambudget::cli
