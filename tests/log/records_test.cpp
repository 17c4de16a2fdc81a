// Checks every recorded log with the shape of its model and prints, by term and age, how many of the
// numbers are predicted as they were printed. README.md here says what the records are.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "vrambudget/request/run_line.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/log/log_check.hpp"
#include "vrambudget/log/log_parser.hpp"

using namespace vrambudget;

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string read_text(const fs::path& p) {
  std::ifstream f(p, std::ios::binary);
  if (!f) throw std::runtime_error("cannot open " + p.string());
  return {std::istreambuf_iterator<char>(f), {}};
}
std::string text(const json::value& v) { return std::string(v.as_string()); }

const std::vector<std::string> ages = {"<=2025H1",  "2025H2", "mar-may26",
                                       "jun-jul26", "aug26+", "undated"};
const std::vector<std::string> columns = {"weights", "KV",    "states", "compute",
                                          "output",  "draft", "table",  "counts"};

std::string column_of(const std::string& term) {
  if (term.starts_with("draft_")) return "draft";
  if (term.starts_with("table_")) return "table";
  if (term == "weights") return "weights";
  if (term == "kv_cache") return "KV";
  if (term == "recurrent_state") return "states";
  if (term == "compute_buffer") return "compute";
  if (term == "output_buffer") return "output";
  return "counts";
}

struct tally {
  int equal = 0, all = 0, apart = 0;
};

class records {
 public:
  records(fs::path folder, fs::path catalogue, bool verbose)
      : folder_(std::move(folder)), catalogue_(std::move(catalogue)), verbose_(verbose) {}

  void run() {
    std::ifstream f(folder_ / "records.jsonl");
    for (std::string line; std::getline(f, line);) one(json::parse(line));
  }

  /// Prints the table; whether it is as good as it has to be.
  bool report() const {
    fmt::print("| age |");
    for (const auto& c : columns) fmt::print(" {} |", c);
    fmt::print("\n|---|");
    for (std::size_t i = 0; i < columns.size(); ++i) fmt::print("---|");
    fmt::print("\n");
    for (const auto& age : ages) {
      fmt::print("| {} |", age);
      for (const auto& c : columns) cell(at(age, c));
      fmt::print("\n");
    }
    fmt::print("| all |");
    tally kept, compute;
    for (const auto& c : columns) {
      tally sum;
      for (const auto& age : ages) add(sum, at(age, c));
      cell(sum);
      if (c == "weights" || c == "KV" || c == "states") add(kept, sum);
    }
    for (const char* age : {"mar-may26", "jun-jul26", "aug26+"}) add(compute, at(age, "compute"));
    fmt::print(
        "\n{} records; caches, states and weights: {} of {}; compute of 2026: {} of {}; {} not "
        "comparable\n",
        n_, kept.equal, kept.all, compute.equal, compute.all, apart_);
    return kept.equal * 100 >= kept.all * 97 && compute.equal * 100 >= compute.all * 90;
  }

 private:
  static void add(tally& to, const tally& t) {
    to.equal += t.equal;
    to.all += t.all;
    to.apart += t.apart;
  }
  static void cell(const tally& t) {
    t.all ? fmt::print(" {}/{} |", t.equal, t.all) : fmt::print(" |");
  }
  [[nodiscard]] tally at(const std::string& age, const std::string& c) const {
    const auto it = tallies_.find({age, c});
    return it == tallies_.end() ? tally{} : it->second;
  }

  const model* shape(const std::string& name) {
    auto it = shapes_.find(name);
    if (it == shapes_.end()) {
      fs::path p = folder_ / "shapes" / (name + ".json");
      if (!fs::exists(p)) p = catalogue_ / (name + ".json");
      const auto header = header_from_shape(read_text(p)).value();
      const auto parsed = gguf::parse(header, {.check_data = false}).value();
      it = shapes_.emplace(name, read_model({&parsed, 1}).value()).first;
    }
    return &it->second;
  }

  void one(const json::value& r) {
    ++n_;
    const std::string id = text(r.at("id")), age = text(r.at("age"));
    const json::value* name = r.as_object().if_contains("shape");
    const model* given = name ? shape(text(*name)) : nullptr;
    parsed_log log = parse_log(read_text(folder_ / "logs" / (id + ".log")));
    rebuild_options options;
    if (auto base = request::parse_known_run(log.args)) options.base = *base;
    const log_check c = check_log(std::move(log), options, given);
    for (const json::value& e : r.at("expect").as_array()) expect(id, age, c, e);
  }

  void expect(const std::string& id, const std::string& age, const log_check& c,
              const json::value& e) {
    const std::string term = text(e.at("term"));
    const json::object& o = e.as_object();
    tally& t = tallies_[{age, column_of(term)}];
    std::string got;
    const verdict v = o.contains("total_mib") || o.contains("each_mib") ? by_sum(c, term, o, got)
                                                                        : by_line(c, term, o, got);
    // a line that check sets apart only because it differs is a miss here: an equal one counts too
    const bool set_apart = term != "weights" && (got.find(" is not in the log") != got.npos ||
                                                 got.find(" are not in the log") != got.npos);
    if (v == verdict::not_comparable && !set_apart) {
      ++t.apart;
      ++apart_;
    } else {
      ++t.all;
      t.equal += v == verdict::equal;
    }
    if (verbose_ && v != verdict::equal)
      fmt::print("{} {}: {} {}: {}\n", id, age, v == verdict::differs ? "DIFFERS" : "apart",
                 json::serialize(e), got);
  }

  static verdict by_line(const log_check& c, const std::string& term, const json::object& o,
                         std::string& got) {
    const auto is = [&](const log_comparison& l) {
      if (l.term != term) return false;
      if (const auto* d = o.if_contains("device"))
        if (l.device != text(*d) && l.device.find(text(*d)) == l.device.npos) return false;
      if (const auto* d = o.if_contains("device"); d && text(*d).empty() && !l.device.empty())
        return false;
      // without caches by name all are one
      const auto* k = o.if_contains("cache");
      return !k || l.cache == text(*k) || l.cache.empty();
    };
    for (const checked_context& k : c.contexts)
      for (const log_comparison& l : k.lines)
        if (is(l)) {
          got = l.logged ? fmt::format("logged {:.2f}, ", l.logged->mib) : "";
          if (l.logged_count) got += fmt::format("logged {}, ", *l.logged_count);
          if (l.predicted)
            got +=
                fmt::format("predicted {:.2f}", static_cast<double>(l.predicted->count) / 0x1p20);
          if (l.predicted_count) got += fmt::format("predicted {}", *l.predicted_count);
          got += "; " + l.why.value_or("");
          return l.verdict;
        }
    got = "no prediction";
    for (const checked_context& k : c.contexts)
      for (const std::string& n : k.notes) got += "; " + n;
    return verdict::not_comparable;
  }

  static verdict by_sum(const log_check& c, const std::string& term, const json::object& o,
                        std::string& got) {
    const bool each = o.contains("each_mib");
    const double mib = o.at(each ? "each_mib" : "total_mib").to_number<double>(),
                 tolerance = o.at("tol_mib").to_number<double>();
    for (const checked_context& k : c.contexts) {
      if (!k.planned) continue;
      if (term == "weights" && k.source != model_source::file &&
          k.source != model_source::same_file) {
        got = "other tensor types";
        return verdict::not_comparable;
      }
      bytes sum;
      const term_kind kind = find_term_kind(term).value();
      for (const device_budget& d : k.planned->devices)
        sum = each ? std::max(sum, d.of(kind)) : sum + d.of(kind);
      const double mine = static_cast<double>(sum.count) / 0x1p20;
      got = fmt::format("predicted {:.2f}, {} devices", mine, k.planned->devices.size());
      return std::abs(mine - mib) <= tolerance ? verdict::equal : verdict::differs;
    }
    got = "no plan";
    for (const checked_context& k : c.contexts)
      for (const std::string& n : k.notes) got += "; " + n;
    return verdict::not_comparable;
  }

  fs::path folder_, catalogue_;
  bool verbose_;
  std::map<std::pair<std::string, std::string>, tally> tallies_;
  std::map<std::string, model> shapes_;
  int n_ = 0, apart_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    fmt::print(stderr, "usage: records_test FOLDER CATALOGUE [-v]\n");
    return 2;
  }
  records all(argv[1], argv[2], argc > 3);
  all.run();
  return all.report() ? 0 : 1;
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 2;
}
