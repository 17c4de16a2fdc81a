// The curves of a question as state: coarse ones first, fine ones where they are cheap.
import { useMemo } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { number_of_cards } from "./cards_box.jsx";
import { without } from "./question.js";
import { coarse_steps, curves_of, fine_steps, grid_of, is_cheap, types_shown } from "./sweep.js";

/// {curves, error, is_current}: not current while these are of the question before.
export function useSweep(core, reference, { settings, cards }, most) {
  const types = types_shown(settings.type_k ?? "f16", settings.type_v ?? "f16");
  const rest = without(settings, "n_ctx", "n_parallel", "type_k", "type_v", "fit");
  const asked = (steps) =>
    reference && [reference, grid_of(cards, types, most, Number(settings.n_parallel) || 0, steps), rest];
  const coarse = useAnswer(core, "sweep", "sweep", asked(coarse_steps));
  const wants_fine = coarse.value && !coarse.pending && is_cheap(number_of_cards(cards), coarse.value);
  const fine = useAnswer(core, "fine_sweep", "sweep", wants_fine ? asked(fine_steps) : null);
  const best = wants_fine && fine.value && !fine.pending ? fine : coarse;
  const curves = useMemo(() => best.value && curves_of(best.value, best.args[1].cache_types), [best.value]);
  return { curves, error: coarse.error, is_current: Boolean(curves && reference && !coarse.pending) };
}
