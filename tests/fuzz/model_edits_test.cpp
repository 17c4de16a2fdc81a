// Recorded models and projectors with one thing of their headers edited at a time: a plan or a refusal with a message comes
// back, within a stated time and memory. Usage: model_edits_test keys|tensors|all-keys|all-tensors SHAPES... (files or
// folders); without "all" one model of each architecture, and one projector of each type.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/gguf/writer.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/projector_budget.hpp"

using namespace vrambudget;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
/// What planning an edited model may take, of a processor's time and of memory.
constexpr time_t most_seconds = sanitized ? 20 : 1;
constexpr rlim_t most_bytes = 200'000'000;

struct edit {
  std::string what;
  std::function<std::vector<std::byte>(const gguf::header&)> header;
};

// Keys

using key_writer = std::function<void(gguf::writer&, std::string_view)>;

/// The header with another entry, or none, in the place of a key's.
edit of_key(std::string_view key, std::string what, key_writer write) {
  return {std::string(key) + " " + std::move(what),
          [key = std::string(key), write = std::move(write)](const gguf::header& h) {
            gguf::writer out(h.version());
            for (const gguf::entry& e : h.metadata())
              e.key == key ? write(out, e.key) : void(out.add(e.key, e.v));
            for (const gguf::tensor_info& t : h.tensors())
              out.add_tensor(t.name, t.type, std::span(t.ne).first(t.n_dims));
            return out.finish();
          }};
}
template <class T>
edit of_key(std::string_view key, std::string what, T v) {
  return of_key(key, std::move(what),
                key_writer([v](gguf::writer& out, std::string_view k) { out.add(k, v); }));
}

void add_other_types(const gguf::entry& e, std::vector<edit>& all) {
  all.push_back(of_key(e.key, "missing", key_writer([](gguf::writer&, std::string_view) {})));
  all.push_back(of_key(e.key, "a word", std::string("word")));
  all.push_back(of_key(e.key, "a boolean", true));
  all.push_back(of_key(e.key, "i32 -1", std::int32_t{-1}));
  all.push_back(of_key(e.key, "u64 of all ones", ~std::uint64_t{0}));
  all.push_back(of_key(e.key, "f32 1", 1.0f));
  all.push_back(of_key(e.key, "no words", std::vector<std::string>{}));
  for (const std::size_t n : {0, 1, 3, 4, 100000})
    for (const std::uint32_t v : {0u, 1u, ~0u})
      all.push_back(of_key(e.key, std::to_string(n) + " times " + std::to_string(v),
                           std::vector<std::uint32_t>(n, v)));
}

/// Other numbers in the place of `now`, the extremes of its type among them.
template <class T>
std::set<T> others(T now) {
  constexpr T most = std::numeric_limits<T>::max(), least = std::numeric_limits<T>::min();
  std::set<T> all{T{0}, T{1}, T{2}, T{3}, T{7}, most, static_cast<T>(most / 2), least};
  for (const T v : {now, T{0}}) all.insert({static_cast<T>(v + 1u), static_cast<T>(v - 1u)});
  all.insert({static_cast<T>(now / 2), static_cast<T>(now * 2u), static_cast<T>(1 << 16),
              static_cast<T>(1 << 24)});
  all.erase(now);
  return all;
}

template <class T>
void add_numbers(const gguf::entry& e, std::vector<edit>& all) {
  if (!e.v.is_array()) {
    for (const T v : others(static_cast<T>(e.v.signed_integer().value_or(0))))
      all.push_back(of_key(e.key, std::to_string(v), v));
    return;
  }
  std::vector<T> now;
  for (std::uint64_t i = 0; i < e.v.size(); ++i)
    now.push_back(static_cast<T>(e.v.signed_integer(i).value_or(0)));
  for (const T v : others(now.empty() ? T{0} : now.front())) {
    all.push_back(of_key(e.key, "all " + std::to_string(v), std::vector<T>(now.size(), v)));
    for (const std::size_t at : {std::size_t{0}, now.size() - 1}) {
      if (at >= now.size()) continue;
      auto with = now;
      with[at] = v;
      all.push_back(of_key(e.key, "[" + std::to_string(at) + "] " + std::to_string(v), with));
    }
  }
  auto longer = now, shorter = now;
  longer.insert(longer.end(), now.begin(), now.end());
  if (!shorter.empty()) shorter.pop_back();
  all.push_back(of_key(e.key, "twice as long", longer));
  all.push_back(of_key(e.key, "shorter by one", shorter));
}

void add_floats(const gguf::entry& e, std::vector<edit>& all) {
  constexpr float most = std::numeric_limits<float>::max();
  constexpr float none = std::numeric_limits<float>::quiet_NaN();
  for (const float v : {0.0f, -1.0f, 1e-30f, most, none}) {
    if (e.v.is_array())
      all.push_back(
          of_key(e.key, "all " + std::to_string(v), std::vector<float>(e.v.size(), v)));
    else
      all.push_back(of_key(e.key, std::to_string(v), v));
  }
}

std::vector<edit> edits_of_keys(const gguf::header& h) {
  std::vector<edit> all;
  for (const gguf::entry& e : h.metadata()) {
    add_other_types(e, all);
    switch (e.v.element_type()) {
      case gguf::value_type::u32:
        add_numbers<std::uint32_t>(e, all);
        break;
      case gguf::value_type::i32:
        add_numbers<std::int32_t>(e, all);
        break;
      case gguf::value_type::f32:
        add_floats(e, all);
        break;
      case gguf::value_type::boolean:
        if (!e.v.is_array()) all.push_back(of_key(e.key, "the other", !*e.v.boolean()));
        break;
      default:
        break;
    }
  }
  return all;
}

// Tensors

using dimensions = std::vector<std::int64_t>;
/// Another shape of a tensor; nothing: the tensor is left out.
using reshape = std::function<std::optional<dimensions>(dimensions)>;

/// "blk.7.attn_q.weight" as "blk.#.attn_q.weight".
std::string kind_of(std::string_view name) {
  std::string kind;
  for (const char c : name)
    if (c < '0' || c > '9')
      kind += c;
    else if (!kind.ends_with('#'))
      kind += '#';
  return kind;
}

edit of_tensors(std::string what, std::function<bool(std::string_view)> is_meant, reshape to) {
  return {std::move(what), [=](const gguf::header& h) {
            gguf::writer out(h.version());
            for (const gguf::entry& e : h.metadata()) out.add(e.key, e.v);
            for (const gguf::tensor_info& t : h.tensors()) {
              const auto now = std::span(t.ne).first(t.n_dims);
              std::optional<dimensions> ne(std::in_place, now.begin(), now.end());
              if (is_meant(t.name)) ne = to(*ne);
              if (ne) out.add_tensor(t.name, t.type, *ne);
            }
            return out.finish();
          }};
}

const std::pair<const char*, reshape> reshapes[] = {
    {"missing", [](dimensions) { return std::nullopt; }},
    {"of no dimension", [](dimensions) { return dimensions{}; }},
    {"without elements", [](dimensions d) { return dimensions(d.size(), 0); }},
    {"of rows without elements", [](dimensions d) { return d.empty() ? d : (d[0] = 0, d); }},
    {"without rows", [](dimensions d) { return d.empty() ? d : (d.back() = 0, d); }},
    {"of one row", [](dimensions d) { return d.empty() ? d : (d.back() = 1, d); }},
    {"of half the rows", [](dimensions d) { return d.empty() ? d : (d.back() /= 2, d); }},
    {"of 2^24 rows", [](dimensions d) { return d.empty() ? d : (d.back() = 1 << 24, d); }},
    {"of 256 in a row", [](dimensions d) { return d.empty() ? d : (d[0] = 256, d); }},
    {"turned", [](dimensions d) { return dimensions(d.rbegin(), d.rend()); }},
    {"of four dimensions", [](dimensions d) { return d.resize(gguf::max_dims, 1), d[3] = 2, d; }},
};

std::vector<edit> edits_of_tensors(const gguf::header& h) {
  std::vector<edit> all;
  std::set<std::string> seen;
  for (const gguf::tensor_info& t : h.tensors()) {
    const std::string kind = kind_of(t.name);
    if (!seen.insert(kind).second) continue;
    for (const auto& [what, to] : reshapes) {
      const auto add = [&](const std::string& which, auto is_meant) {
        all.push_back(of_tensors(which + " " + what, is_meant, to));
      };
      add(kind, [kind](std::string_view name) { return kind_of(name) == kind; });
      const std::string first(t.name);
      if (kind != first) add(first, [first](std::string_view name) { return name == first; });
    }
  }
  return all;
}

// Trying them

const run runs[] = {
    {.n_ctx = 4096},
    {.n_ctx = 2048, .n_parallel = 2, .kv_unified = false, .flash_attn = flash_attn::off,
     .type_k = ggml_type::q8_0, .cpu_moe = true, .embeddings = true},
};

void require(bool holds) {
  if (!holds) std::abort();
}

void plan_encoders(const gguf::header& header, const device& card) {
  const auto p = read_projector(header);
  if (!p) return require(!p.error().message.empty());
  for (const device* on : {&card, static_cast<const device*>(nullptr)}) {
    const auto b = plan_projector(*p, {}, on);
    if (!b) require(!b.error().message.empty());
  }
}

void plan_all(const std::vector<std::byte>& header) {
  const auto parsed = gguf::parse(header, {.check_data = false});
  if (!parsed) return require(!parsed.error().message.empty());
  static const device card = to_device(find_gpu("3090").value());
  if (is_projector(*parsed)) return plan_encoders(*parsed, card);
  const auto m = read_model({&*parsed, 1});
  if (!m) return require(!m.error().message.empty());
  for (const run& r : runs) {
    const auto b = plan(*m, r, {card});
    if (!b) require(!b.error().message.empty());
  }
}

/// Where a process that tries edits is, seen by the one that started it.
struct progress {
  std::size_t at;
};

void limit_memory() {
  if (sanitized) return;  // which reserves terabytes of addresses
  const rlimit most{most_bytes, most_bytes};
  require(setrlimit(RLIMIT_DATA, &most) == 0);
}

[[noreturn]] void try_from(std::size_t first, const gguf::header& h, const std::vector<edit>& edits,
                           progress& now) {
  limit_memory();
  for (now.at = first; now.at < edits.size(); ++now.at) {
    const itimerval most{{}, {most_seconds, 0}};
    require(setitimer(ITIMER_PROF, &most, nullptr) == 0);  // ends the process by SIGPROF
    plan_all(edits[now.at].header(h));
  }
  _exit(0);
}

std::string end_of(int status) {
  if (!WIFSIGNALED(status)) return "status " + std::to_string(WEXITSTATUS(status));
  return std::string(strsignal(WTERMSIG(status))) +
         (WTERMSIG(status) == SIGPROF ? " after " + std::to_string(most_seconds) + " s" : "");
}

/// How many edits end the process that plans them.
std::size_t count_ended(const std::string& name, const gguf::header& h,
                        const std::vector<edit>& edits, progress& now) {
  std::size_t n_ended = 0;
  for (std::size_t first = 0; first < edits.size(); first = now.at + 1) {
    now.at = first;
    const pid_t child = fork();
    require(child >= 0);
    if (child == 0) try_from(first, h, edits, now);
    int status = 0;
    require(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    std::cout << name << ": " << edits[now.at].what << ": " << end_of(status) << std::endl;
    ++n_ended;
  }
  return n_ended;
}

/// The architecture; of a projector, what its encoders are.
std::string type_of(const gguf::header& h) {
  std::string type(h.find("general.architecture")->string().value());
  if (const auto p = is_projector(h) ? read_projector(h) : result<projector>(error{}); p)
    for (const encoder& e : p->encoders) type += " " + e.type_name;
  return type;
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& given) {
  std::vector<std::filesystem::path> all;
  if (!std::filesystem::is_directory(given)) return {given};
  for (const auto& e : std::filesystem::directory_iterator(given))
    if (e.path().extension() == ".json") all.push_back(e.path());
  std::sort(all.begin(), all.end());
  return all;
}

std::string read_text(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 2 ? argv[1] : "";
  const bool all = what.starts_with("all-");
  if (all) what.remove_prefix(4);
  if (what != "keys" && what != "tensors") {
    std::cerr << "usage: model_edits_test keys|tensors|all-keys|all-tensors SHAPES...\n";
    return 2;
  }
  auto* const now = static_cast<progress*>(mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE,
                                                MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  require(now != MAP_FAILED);
  std::size_t n_edits = 0, n_ended = 0;
  std::set<std::string, std::less<>> seen;  // architectures
  for (int i = 2; i < argc; ++i)
    for (const std::filesystem::path& file : files_of(argv[i])) {
      const auto header = header_from_shape(read_text(file)).value();
      const auto parsed = gguf::parse(header, {.check_data = false}).value();
      if (!seen.insert(type_of(parsed)).second && !all) continue;
      const auto edits = what == "keys" ? edits_of_keys(parsed) : edits_of_tensors(parsed);
      n_edits += edits.size();
      n_ended += count_ended(file.stem().string(), parsed, edits, *now);
    }
  std::cout << n_edits << " edits, " << n_ended << " end the process\n";
  return n_edits == 0 || n_ended > 0;
}
