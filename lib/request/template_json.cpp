// A file's chat template by the name of the model.
#include "vrambudget/report/template.hpp"
#include "vrambudget/request/answers.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::request {

result<std::string> template_of_json(const std::string& name, const source_options& sources) {
  model_reader reader(sources);
  chat_facts facts;
  const auto looked = reader.look_at(name, [&](const looked_at& file) -> result<void> {
    facts = chat_facts_of(file.headers.front());
    return {};
  });
  if (!looked) return looked.error();
  return template_json(facts, examine_template(facts), facts.name.empty() ? name : facts.name);
}

}  // namespace vrambudget::request
