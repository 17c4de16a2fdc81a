// Models that were read for one question and are kept for the next.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "os/file_facts.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::cli {

/// At most so many, those that were asked for last.
class loaded_models {
 public:
  explicit loaded_models(std::size_t most) : most_(most) {}

  /// The model that a file, an address or a name of Ollama's means; read again where its file is another than it was.
  /// Null: the name is one of the catalogue or of a store, of which which file is meant depends on the question.
  /// Errors: those of model_reader::read()
  [[nodiscard]] result<std::shared_ptr<const model>> get(const std::string& name,
                                                         const request::source_options& sources);

  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  struct loaded {
    std::shared_ptr<const model> is;
    std::optional<detail::file_facts> at;  ///< of its file
    std::list<std::string>::iterator turn;  ///< in `turns_`
  };

  /// Whether nobody has written its file.
  [[nodiscard]] static bool is_as_it_was(const loaded& kept);

  std::size_t most_;
  std::list<std::string> turns_;  ///< the last one asked for first
  std::map<std::string, loaded> all_;
};

}  // namespace vrambudget::cli
