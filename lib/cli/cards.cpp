// `vrambudget cards`: which known cards hold a run.
#include "vrambudget/report/cards.hpp"

#include <fmt/format.h>

#include <memory>

#include "cli.hpp"
#include "inputs.hpp"
#include "options.hpp"
#include "output.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/request/known_cards.hpp"

namespace vrambudget::cli {
namespace {

int run_cards(const plan_request& q) {
  if (q.model.empty())
    throw failure{usage, "cards: name a model: vrambudget cards Qwen3-8B-Q8_0 -c 32768"};
  const std::vector<known_card> known = value_or_fail(known_cards(q, environment_of_process()));
  model_reader reader = reader_of(q.sources);
  const named_models models = models_or_fail(q, reader);
  const cards_question asked =
      value_or_fail(cards_question_of(q, *models.main, models.draft.get(), models.mmproj.get()));
  const found_cards found = value_or_fail(find_cards(asked, known, on_threads()));
  if (q.json)
    print_out("{}", cards_json(asked, known, found));
  else
    print_text(cards_text(asked, known, found, stdout_style().width));
  return found.any() ? yes : does_not_fit;
}

}  // namespace

std::function<int()> add_cards(command_options& can) {
  auto q = std::make_shared<plan_request>();
  can.rows({topic::model, topic::gpus, topic::plan}, *q);
  can.rows_of_run(*q);
  can.flag("--json", q->json, "JSON on stdout, schema 1, of all cards");
  return [q] { return run_cards(*q); };
}

}  // namespace vrambudget::cli
