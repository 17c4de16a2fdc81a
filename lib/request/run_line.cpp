#include "vrambudget/request/run_line.hpp"

#include <utility>

namespace vrambudget::request {
namespace {

/// An argument as the row it names, with a value that stands behind "=".
struct named_option {
  const option* row = nullptr;
  std::optional<std::string_view> value;
};

named_option named(std::string_view arg) {
  if (!arg.starts_with('-')) return {};
  named_option n;
  const std::size_t end = arg.starts_with("--") ? arg.find('=') : arg.npos;
  n.row = find_option(arg.substr(0, end));
  if (end != arg.npos) n.value = arg.substr(end + 1);
  if (n.row != nullptr && !is_of_run(n.row->topic)) n.row = nullptr;
  return n;
}

result<run> parse(const std::vector<std::string>& args, bool others) {
  plan_request q;
  for (std::size_t i = 0; i < args.size(); ++i) {
    named_option n = named(args[i]);
    if (n.row == nullptr && others) continue;
    if (n.row == nullptr)
      return error{errc::invalid_argument, "'" + args[i] + "' is no option of a run"};
    const bool is_last = i + 1 == args.size();
    if (plan_request scratch; n.row->has_value() && !n.value && !n.row->alone().empty() &&
                              (is_last || !set(*n.row, scratch, args[i + 1])))
      n.value = n.row->alone();
    if (n.row->has_value() && !n.value && is_last)
      return error{errc::invalid_argument, args[i] + ": wants a value"};
    if (n.row->has_value() && !n.value) n.value = args[++i];
    if (const auto done = set(*n.row, q, n.value.value_or("")); !done) return done.error();
  }
  return q.r;
}

/// The first of `-ot`, `-cmoe`, `-ncmoe` and `-ncffn` that matches a tensor decides, in their order.
class ordered_overrides {
 public:
  explicit ordered_overrides(const plan_request& q) : q_(q) {}

  [[nodiscard]] static bool has(const option& o) {
    return &o == find_option("overrides") || &o == find_option("--cpu-moe") ||
           &o == find_option("--n-cpu-moe") || &o == find_option("--n-cpu-ffn");
  }

  arguments take() {
    for (const tensor_override& o : q_.r.overrides) {
      if (o.after_cpu_moe) tell_moe();
      if (o.after_cpu_ffn) tell_ffn();
      row_.push_back(o);
    }
    flush();
    tell_moe();
    tell_ffn();
    return std::move(all_);
  }

 private:
  void tell(const plan_request& q, std::string_view name) {
    const option& o = *find_option(name);
    if (auto value = told(o, q)) all_.push_back({std::string(o.flag()), std::move(*value)});
  }
  void flush() {
    plan_request part;
    part.r.overrides = std::exchange(row_, {});
    tell(part, "overrides");
  }
  void tell_moe() {
    if (std::exchange(is_moe_told_, true)) return;
    flush();
    tell(q_, "--cpu-moe");
    tell(q_, "--n-cpu-moe");
  }
  void tell_ffn() {
    if (std::exchange(is_ffn_told_, true)) return;
    flush();
    tell(q_, "--n-cpu-ffn");
  }

  const plan_request& q_;
  arguments all_;
  std::vector<tensor_override> row_;
  bool is_moe_told_ = false, is_ffn_told_ = false;
};

void append(arguments& to, arguments more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

result<run> parse_run(const std::vector<std::string>& args) { return parse(args, false); }

result<run> parse_known_run(const std::vector<std::string>& args) { return parse(args, true); }

arguments arguments_of(const run& r, topic about) {
  plan_request q;
  q.r = r;
  arguments all;
  bool are_overrides_told = false;
  for (const option& o : options()) {
    if (o.topic != about) continue;
    if (ordered_overrides::has(o)) {
      if (!std::exchange(are_overrides_told, true)) append(all, ordered_overrides(q).take());
    } else if (auto value = told(o, q)) {
      all.push_back({std::string(o.flag()), std::move(*value)});
    }
  }
  return all;
}

arguments arguments_of(const run& r) {
  arguments all;
  for (const topic about :
       {topic::context, topic::placement, topic::host, topic::draft, topic::projector})
    append(all, arguments_of(r, about));
  return all;
}

}  // namespace vrambudget::request
