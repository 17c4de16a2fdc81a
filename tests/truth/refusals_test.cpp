// Which edits of a model's header the engine refuses, and which it loads all the same.
// Usage: refusals_test CASES SHAPES...
#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <filesystem>
#include <string>
#include <vector>

#include "recorded_cases.hpp"
#include "recorded_devices.hpp"
#include "vrambudget/catalogue/asked_tensors.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/reader.hpp"
#include "vrambudget/plan/planner.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
namespace fs = std::filesystem;

using testing::read_text;
using testing::text;

/// The layers that "{0-2,5}" stands for.
std::vector<int> layers_of(std::string_view ranges) {
  std::vector<int> all;
  while (!ranges.empty()) {
    int first = 0, last = 0;
    const char* const end = ranges.data() + ranges.size();
    const char* at = std::from_chars(ranges.data(), end, first).ptr;
    last = first;
    if (at != end && *at == '-') at = std::from_chars(at + 1, end, last).ptr;
    for (int n = first; n <= last; ++n) all.push_back(n);
    ranges = at == end ? std::string_view() : std::string_view(at + 1, end);
  }
  return all;
}

/// One row a tensor.
json::array unfolded(const json::array& rows) {
  json::array all;
  for (const json::value& row : rows) {
    const std::string name = text(row.at(0));
    const auto open = name.find('{'), close = name.find('}');
    if (open == name.npos) {
      all.push_back(row);
      continue;
    }
    for (const int il : layers_of(std::string_view(name).substr(open + 1, close - open - 1)))
      all.push_back(json::array{name.substr(0, open) + std::to_string(il) + name.substr(close + 1),
                                row.at(1), row.at(2)});
  }
  return all;
}

/// A value of another type as good as it goes: the type alone is what counts.
json::value as_type(const std::string& type, const json::value& v) {
  if (type == "str") return json::array{type, v.is_string() ? v : json::value(json::serialize(v))};
  if (type == "bool") return json::array{type, true};
  return json::array{type, v.is_number() || v.is_array() ? v : json::value(1)};
}

void edit_metadata(json::object& shape, const json::object& edit) {
  json::object& metadata = shape["metadata"].as_object();
  const std::string prefix = text(shape["architecture"]) + ".";
  const auto key_of = [&](std::string_view key) {
    return key.starts_with("ARCH.") ? prefix + std::string(key.substr(5)) : std::string(key);
  };
  if (const json::value* set = edit.if_contains("set"))
    for (const auto& [key, v] : set->as_object()) {
      metadata[key_of(key)] = v;
      if (v.is_null()) metadata.erase(key_of(key));
    }
  if (const json::value* types = edit.if_contains("retype"))
    for (const auto& [key, type] : types->as_object()) {
      const json::value* was = metadata.if_contains(key_of(key));
      metadata[key_of(key)] = as_type(text(type), was ? was->at(1) : json::value(32));
    }
}

void edit_tensors(json::object& shape, const json::object& edit) {
  json::array rows = unfolded(shape["tensors"].as_array()), kept;
  const json::value *removed = edit.if_contains("remove"), *shaped = edit.if_contains("shape");
  for (json::value& row : rows) {
    const json::string name = row.at(0).as_string();
    if (removed && std::count(removed->as_array().begin(), removed->as_array().end(), name))
      continue;
    if (const json::value* ne = shaped ? shaped->as_object().if_contains(name) : nullptr)
      row.at(2) = *ne;
    kept.push_back(std::move(row));
  }
  if (const json::value* added = edit.if_contains("add"))
    for (const json::value& t : added->as_array())
      kept.push_back(json::array{t.at(0), t.at(2), t.at(1)});
  shape["tensors"] = std::move(kept);
}

result<model> read_shape_text(const std::string& shape) {
  const auto header = header_from_shape(shape);
  if (!header) return header.error();
  const auto parsed = gguf::parse(*header, {.check_data = false});
  if (!parsed) return parsed.error();
  return read_model({&*parsed, 1});
}

/// Whether a run of an edited model is planned; if not, why.
result<void> planned(json::object shape, const json::object& edit) {
  edit_metadata(shape, edit);
  edit_tensors(shape, edit);
  if (const json::value* arch = edit.if_contains("arch")) shape["architecture"] = *arch;
  const auto m = read_shape_text(json::serialize(shape));
  if (!m) return m.error();
  if (!m->is_known()) return error{errc::unsupported, "the architecture is not known"};
  if (auto asked = check_asked_tensors(*m); !asked) return asked;
  run r{.n_ctx = 4096};
  if (edit.contains("flags")) r.spec_types = {spec_type::draft_mtp};
  const device card{"a large card", 900, 132, 1024_GiB, 1024_GiB};
  const auto b = plan(*m, r, {card});
  return b ? result<void>{} : b.error();
}

/// How many shapes of a folder are refused as they are, which the engine loads.
int refused_shapes(const fs::path& folder) {
  int n = 0;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    const auto m = read_shape_text(read_text(file.path().string()));
    const auto asked = m ? check_asked_tensors(*m) : result<void>(m.error());
    if (asked) continue;
    ++n;
    fmt::print("{}: {}\n", file.path().filename().string(), asked.error().message);
  }
  return n;
}

json::object read_shape_of(const std::string& name, int argc, char** argv) {
  for (int i = 2; i < argc; ++i)
    if (const fs::path file = fs::path(argv[i]) / (name + ".json"); fs::exists(file))
      return json::parse(read_text(file.string())).as_object();
  throw std::runtime_error("no shape " + name);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    fmt::print(stderr, "usage: refusals_test CASES SHAPES...\n");
    return 2;
  }
  int n = 0, n_same = 0, n_known = 0, n_surprises = 0;
  for (int i = 2; i < argc; ++i) n_surprises += refused_shapes(argv[i]);
  testing::each_case(argv[1], [&](const json::value& c) {
    const std::string id = text(c.at("id")), wanted = text(c.at("result"));
    const auto got =
        planned(read_shape_of(text(c.at("model")), argc, argv), c.at("edit").as_object());
    const bool same = got.has_value() == (wanted == "loads");
    const json::value* reason = c.as_object().if_contains("reason");
    ++n, n_same += same, n_known += !same && reason;
    if (same != (reason != nullptr)) return;
    ++n_surprises;
    if (same)
      fmt::print("{} is decided as by the engine, and has a reason why not\n", id);
    else
      fmt::print("{}, {}: the engine says \"{}\", and we {}\n", id, text(c.at("what")), wanted,
                 got ? "plan it" : "refuse it: " + got.error().message);
  });
  fmt::print("{} of {} as the engine, {} otherwise for a reason\n", n_same, n, n_known);
  return n > 0 && n_surprises == 0 ? 0 : 1;
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 2;
}
