#include "loaded_models.hpp"

#include <utility>

#include "os/files.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::cli {

using namespace request;

bool loaded_models::is_as_it_was(const loaded& kept) {
  const auto now = detail::facts_of(kept.is->path);
  return now && kept.at && now->is_same_file(*kept.at) && now->is_as_written(*kept.at);
}

result<std::shared_ptr<const model>> loaded_models::get(const std::string& name,
                                                        const source_options& sources) {
  if (!is_remote(name) && !is_ollamas(name) && !detail::is_there(name))
    return std::shared_ptr<const model>();
  const auto found = all_.find(name);
  if (found != all_.end()) {
    const loaded& kept = found->second;
    turns_.splice(turns_.begin(), turns_, kept.turn);
    if (is_remote(name) || is_as_it_was(kept)) return kept.is;
    turns_.pop_front();
    all_.erase(found);
  }
  auto read = model_reader(sources).read(name);
  if (!read) return read.error();
  auto is = std::make_shared<const model>(std::move(*read));
  if (most_ == 0) return is;
  if (all_.size() == most_) {
    all_.erase(turns_.back());
    turns_.pop_back();
  }
  turns_.push_front(name);
  all_.emplace(name, loaded{is, detail::facts_of(is->path), turns_.begin()});
  return is;
}

}  // namespace vrambudget::cli
