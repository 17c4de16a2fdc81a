#include "vrambudget/report/sweep_arrow.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string_view>
#include <type_traits>

#include "vrambudget/basis.hpp"

namespace vrambudget {
namespace {

using words = std::vector<std::string>;

/// A column as Arrow has it; with a dictionary its values are numbers of words.
struct arrow_column {
  std::string name;
  const char* format;  ///< of the values: "l" 64 bits, "i" 32, "C" 8 without a sign, "b" single bits
  std::shared_ptr<const void> keeps;
  const void* values;
  std::shared_ptr<const words> dictionary;  ///< null: none
};

struct arrow_table {
  std::int64_t n_rows;
  std::vector<arrow_column> columns;
};

/// What is not read where there are no rows; a null is no buffer for some.
constexpr std::int64_t nothing = 0;

template <class T>
const void* begin_of(const std::vector<T>& v) {
  return v.empty() ? static_cast<const void*>(&nothing) : v.data();
}

template <class T>
arrow_column column_of(std::string name, const char* format, std::vector<T> values) {
  const auto kept = std::make_shared<const std::vector<T>>(std::move(values));
  return {std::move(name), format, kept, begin_of(*kept), nullptr};
}

/// One bit a flag, the first the lowest. Flags are 0 or 1.
std::vector<std::uint8_t> bits_of(const std::vector<std::uint8_t>& flags) {
  std::vector<std::uint8_t> bits((flags.size() + 7) / 8);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, flags.data() + 8 * i, std::min<std::size_t>(8, flags.size() - 8 * i));
    // the product's highest byte has bit 8k of the eight at k
    bits[i] = static_cast<std::uint8_t>(eight * 0x0102040810204080u >> 56);
  }
  return bits;
}

/// Adds the columns of one sweep.
class columns_of_sweep {
 public:
  columns_of_sweep(std::shared_ptr<const sweep_result> rows, arrow_table& to)
      : rows_(std::move(rows)), to_(to) {}

  template <class T>
  void add(std::string name, const std::vector<T>& values) {
    static_assert(std::is_same_v<T, std::int64_t>);
    to_.columns.push_back({std::move(name), "l", rows_, begin_of(values), nullptr});
  }

  void add_flags(std::string name, const std::vector<std::uint8_t>& flags) {
    to_.columns.push_back(column_of(std::move(name), "b", bits_of(flags)));
  }

  /// Numbers of words. Where words repeat the numbers are others: a dictionary has each once.
  template <class T>
  void add_words(std::string name, const std::vector<T>& numbers, const words& all) {
    std::map<std::string_view, T> number_of;
    words once;
    std::vector<T> means;
    for (const std::string& word : all) {
      const auto [at, is_new] = number_of.try_emplace(word, static_cast<T>(once.size()));
      if (is_new) once.push_back(word);
      means.push_back(at->second);
    }
    const char* const format = std::is_same_v<T, std::uint8_t> ? "C" : "i";
    if (once.size() == all.size()) {
      to_.columns.push_back({std::move(name), format, rows_, begin_of(numbers), nullptr});
    } else {
      std::vector<T> others(numbers.size());
      std::transform(numbers.begin(), numbers.end(), others.begin(),
                     [&](T n) { return means[static_cast<std::size_t>(n)]; });
      to_.columns.push_back(column_of(std::move(name), format, std::move(others)));
    }
    to_.columns.back().dictionary = std::make_shared<const words>(std::move(once));
  }

 private:
  std::shared_ptr<const sweep_result> rows_;
  arrow_table& to_;
};

words names_of_bases() {
  words all;
  for (const basis b : {basis::exact, basis::bound, basis::fitted, basis::assumed})
    all.emplace_back(name(b));
  return all;
}

arrow_table table_of(const std::shared_ptr<const sweep_result>& rows, const sweep_labels& labels) {
  const sweep_columns& c = rows->columns;
  arrow_table table{static_cast<std::int64_t>(c.n_ctx.size()), {}};
  columns_of_sweep to(rows, table);
  words k, v;
  for (const auto& [of_k, of_v] : labels.cache_types) {
    k.push_back(of_k);
    v.push_back(of_v);
  }
  to.add_words("model", c.model, labels.models);
  to.add_words("gpu", c.gpu, labels.gpus);
  to.add_words("type_k", c.cache_types, k);
  to.add_words("type_v", c.cache_types, v);
  sweep_columns::for_each(c, [&](std::string_view name, const auto& values) {
    using value = typename std::decay_t<decltype(values)>::value_type;
    if constexpr (std::is_same_v<value, std::int64_t>) to.add(std::string(name), values);
    if constexpr (std::is_same_v<value, std::uint8_t>) {
      if (name == "basis")
        to.add_words("basis", values, names_of_bases());
      else
        to.add_flags(std::string(name), values);
    }
  });
  return table;
}

/// What an exported schema or array owns. A consumer may take a child away and keep it longer.
template <class Node>
struct owned {
  std::shared_ptr<const void> keeps;
  std::string format, name;
  std::array<const void*, 3> buffers{};
  std::vector<std::int32_t> offsets;  ///< of a dictionary's words in `text`
  std::string text;
  std::vector<Node> children;
  std::vector<Node*> to_children;
  Node dictionary{};
};

template <class Node>
void release_one(Node* node) {
  auto* const own = static_cast<owned<Node>*>(node->private_data);
  for (Node& child : own->children)
    if (child.release) child.release(&child);
  if (own->dictionary.release) own->dictionary.release(&own->dictionary);
  delete own;
  node->release = nullptr;
}

/// Gives the node what it owns.
template <class Node>
void hand_over(Node& node, std::unique_ptr<owned<Node>> own) {
  for (Node& child : own->children) own->to_children.push_back(&child);
  node.n_children = static_cast<std::int64_t>(own->children.size());
  node.children = own->to_children.data();
  node.dictionary = own->dictionary.release ? &own->dictionary : nullptr;
  if constexpr (std::is_same_v<Node, ArrowSchema>) {
    node.format = own->format.c_str();
    node.name = own->name.c_str();
  } else {
    node.buffers = own->buffers.data();
  }
  node.release = &release_one<Node>;
  node.private_data = own.release();
}

ArrowSchema schema_of(std::string format, std::string name,
                      std::span<const arrow_column> children = {}, bool has_words = false) {
  ArrowSchema s{};
  auto own = std::make_unique<owned<ArrowSchema>>();
  own->format = std::move(format);
  own->name = std::move(name);
  for (const arrow_column& c : children)
    own->children.push_back(schema_of(c.format, c.name, {}, c.dictionary != nullptr));
  if (has_words) own->dictionary = schema_of("u", "");
  hand_over(s, std::move(own));
  return s;
}

ArrowArray array_of_words(const words& all) {
  ArrowArray a{};
  auto own = std::make_unique<owned<ArrowArray>>();
  own->offsets.push_back(0);
  for (const std::string& word : all) {
    own->text += word;
    own->offsets.push_back(static_cast<std::int32_t>(own->text.size()));
  }
  own->buffers = {nullptr, own->offsets.data(), own->text.data()};
  a.length = static_cast<std::int64_t>(all.size());
  a.n_buffers = 3;
  hand_over(a, std::move(own));
  return a;
}

ArrowArray array_of(const arrow_column& c, std::int64_t n_rows) {
  ArrowArray a{};
  auto own = std::make_unique<owned<ArrowArray>>();
  own->keeps = c.keeps;
  own->buffers = {nullptr, c.values};
  if (c.dictionary) own->dictionary = array_of_words(*c.dictionary);
  a.length = n_rows;
  a.n_buffers = 2;
  hand_over(a, std::move(own));
  return a;
}

ArrowArray batch_of(const arrow_table& table) {
  ArrowArray a{};
  auto own = std::make_unique<owned<ArrowArray>>();
  for (const arrow_column& c : table.columns) own->children.push_back(array_of(c, table.n_rows));
  a.length = table.n_rows;
  a.n_buffers = 1;
  hand_over(a, std::move(own));
  return a;
}

struct stream {
  arrow_table table;
  bool is_over = false;
};

stream& of(ArrowArrayStream* s) { return *static_cast<stream*>(s->private_data); }

int get_schema(ArrowArrayStream* s, ArrowSchema* out) noexcept {
  *out = schema_of("+s", "", of(s).table.columns);
  return 0;
}

int get_next(ArrowArrayStream* s, ArrowArray* out) noexcept {
  *out = ArrowArray{};  // without a release it is the end
  if (std::exchange(of(s).is_over, true)) return 0;
  *out = batch_of(of(s).table);
  return 0;
}

const char* get_last_error(ArrowArrayStream*) noexcept { return nullptr; }

void release_stream(ArrowArrayStream* s) noexcept {
  delete static_cast<stream*>(s->private_data);
  s->release = nullptr;
}

}  // namespace

void export_arrow(std::shared_ptr<const sweep_result> rows, const sweep_labels& labels,
                  ArrowArrayStream& out) {
  out = {&get_schema, &get_next, &get_last_error, &release_stream,
         new stream{table_of(rows, labels)}};
}

}  // namespace vrambudget
