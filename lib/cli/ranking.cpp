// Asks which models fit, and prints it.
#include "ranking.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "output.hpp"
#include "vrambudget/catalogue/ranked_models.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/report/ranking.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_adapters.hpp"

namespace vrambudget::cli {

int show_ranking(const plan_request& q, const std::vector<device>& devices, const limits& l) {
  one_model_or_fail(q, request::of_all_models);
  const ranking_question asked{devices, l, q.r, q.min_ctx, q.prefer.value_or(preference::quality)};
  model_reader reader = reader_of(q.sources);
  const known_models among{.on_disk = reader.stored(),
                           .read = read_stored,
                           .family = q.family,
                           .plans_refused = q.json,  // the table does not show them
                           .counts_q8_0 = !q.json};
  const auto [all, n_more] = rank_models(asked, among, on_threads());
  if (all.empty() && !q.family.empty() && !q.json)
    throw failure{usage, "--family " + q.family + ": no known model's name or architecture has it"};
  if (names_that_run(all).empty() && q.family.empty())
    if (const auto ok = check_ranking(asked); !ok)
      throw failure{status_of(ok.error()), ok.error().message};
  const std::size_t most = q.top ? std::min<std::size_t>(q.top, all.size()) : all.size();
  if (q.json)
    print_out("{}",
               ranking_json(asked, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most)}));
  else
    print_text(ranking_text(asked, all, n_more, stdout_style().width, most));
  return names_that_run(all).empty() ? does_not_fit : yes;
}

}  // namespace vrambudget::cli
