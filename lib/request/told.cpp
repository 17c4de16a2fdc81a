// Values of a request as a command line has them.
#include <fmt/format.h>

#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/request/option.hpp"

namespace vrambudget::request {
namespace {

using told_value = std::optional<std::string>;

/// A list as "a,b,c"; nothing of none.
template <class List, class Text>
told_value told_list(const List& all, Text text) {
  std::string out;
  for (const auto& one : all) out += (out.empty() ? "" : ",") + std::string(text(one));
  return all.empty() ? told_value() : told_value(out);
}

/// Values against those that hold anyway.
struct teller {
  plan_request& q;
  plan_request& usual;

  template <class Kind>
  [[nodiscard]] bool is_usual(const Kind& k) const {
    return k.at(q) == k.at(usual);
  }
  template <class Kind>
  told_value number(const Kind& k) const {
    return is_usual(k) ? told_value() : std::to_string(k.at(q));
  }

  told_value operator()(const kind::count& k) const { return number(k); }
  told_value operator()(const kind::index& k) const { return number(k); }
  told_value operator()(const kind::layers& k) const { return number(k); }
  told_value operator()(const kind::optional_count& k) const {
    return k.at(q) ? told_value(std::to_string(*k.at(q))) : told_value();
  }
  template <class Enum>
  told_value operator()(const kind::choice<Enum>& k) const {
    if (is_usual(k)) return {};
    for (const auto& [word, value] : k.words)
      if (value == k.at(q)) return std::string(word);
    return {};
  }
  told_value operator()(const kind::cache_type& k) const {
    return is_usual(k) ? told_value() : std::string(traits(k.at(q)).name);
  }
  told_value operator()(const kind::on_off& k) const {
    return k.at == nullptr || is_usual(k) || k.at(q) != k.sets ? told_value() : "";
  }
  told_value operator()(const kind::optional_on_off& k) const {
    return k.at(q) == k.sets ? told_value("") : told_value();
  }
  told_value operator()(const kind::shares& k) const {
    return told_list(k.at(q), [](float f) { return fmt::format("{}", f); });
  }
  told_value operator()(const kind::overrides& k) const {
    return told_list(k.at(q), [](const tensor_override& o) { return o.pattern + "=" + o.buffer; });
  }
  told_value operator()(const kind::spec_types& k) const {
    return told_list(k.at(q), [](spec_type t) { return name(t); });
  }
  told_value operator()(const kind::backends& k) const {
    return told_list(k.at(q), [](asked_backend b) { return std::string(word_of(b)); });
  }
  told_value operator()(const kind::projector_device& k) const {
    const projector_run& p = k.at(q);
    return p.offload && p.device ? told_value(name(*p.device)) : told_value();
  }
  told_value operator()(const kind::engine_version& k) const {
    const engine_profile& p = k.at(q).r.profile;
    return p == k.at(usual).r.profile ? told_value() : std::string(p.name);
  }
  told_value operator()(const kind::display& k) const {
    const auto& d = k.at(q);
    if (!d) return {};
    const bytes* size = std::get_if<bytes>(&*d);
    return size ? std::to_string(size->count) : std::string(name(std::get<desktop>(*d)));
  }
  told_value operator()(const kind::adapters& k) const {
    std::vector<std::string> all;
    for (const adapter_file& f : k.at(q))
      if (k.scaled == (f.scale != 1))
        all.push_back(k.scaled ? fmt::format("{}:{}", f.path, f.scale) : f.path);
    return told_list(all, [](const std::string& s) { return s; });
  }
  told_value operator()(const kind::text& k) const { return is_usual(k) ? told_value() : k.at(q); }
  told_value operator()(const kind::texts& k) const {
    return told_list(k.at(q), [](const std::string& s) { return s; });
  }
  told_value operator()(const kind::size& k) const {
    return is_usual(k) ? told_value() : std::to_string(k.at(q).count);
  }
  told_value operator()(const kind::optional_size& k) const {
    return k.at(q) ? told_value(std::to_string(k.at(q)->count)) : told_value();
  }
  told_value operator()(const kind::limit& k) const { return number(k); }
  told_value operator()(const kind::sizes& k) const {
    return told_list(k.at(q), [](bytes b) { return std::to_string(b.count); });
  }
};

}  // namespace

told_value told(const option& o, const plan_request& q) {
  plan_request usual, asked = q;  // places are of requests that may be changed
  return std::visit(teller{asked, usual}, o.value);
}

}  // namespace vrambudget::request
