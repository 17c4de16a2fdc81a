// The answer: verdict, context, bars, curve, and what follows from them.
import { useAnswer } from "./answer.js";
import { Bars, bar_of_device, bar_of_host } from "./bars.jsx";
import { number_of_cards } from "./cards_box.jsx";
import { ContextSlider } from "./context_slider.jsx";
import { Curve } from "./curve.jsx";
import { BestRuns, FittingModels, HoldingCards } from "./folded_table.jsx";
import { EngineFit, Largest, binding } from "./largest.jsx";
import { Launch } from "./launch.jsx";
import { parsed_tokens, tokens } from "./numbers.js";
import { options_of, without } from "./question.js";
import { Speed } from "./speed.jsx";
import { Still } from "./still.js";
import { Suggestions } from "./suggestions.jsx";
import { kv_name } from "./sweep.js";
import { useSweep } from "./swept.js";
import { Trade } from "./trade.jsx";
import { Verdict, quick_verdict, verdict_of } from "./verdict.jsx";

const fallback_most = 131072;

/// The context of a question: 0 is as many tokens as the model was trained for, what is no number is not asked.
function asked_context(told, summary) {
  if (told === undefined) return undefined;
  if (Number(told) === 0) return summary?.n_ctx_train;
  return parsed_tokens(String(told)) ?? undefined;
}

/// How long the context has to stand still before it is planned: what a table shows needs no plan at once, and one that
/// does not fit takes long, since what would fit is looked for.
function plan_delay_ms(budget, n_cards) {
  if (!budget) return 0;
  return n_cards === 1 && !budget.between ? 90 : budget.spare < 0 ? 150 : 0;
}

/// Bars of one card from the sweep's row, with what only a plan says from the last one.
function quick_bars(budget, plan) {
  const [device] = plan.devices;
  const terms = budget.terms.map((t) => ({
    ...t,
    basis: device.terms.find((d) => d.term === t.term)?.basis,
  }));
  const card = {
    ...bar_of_device(device),
    terms,
    used: budget.used,
    usable: budget.usable,
    fits: budget.fits,
  };
  return [card, { ...bar_of_host(plan.host) }];
}

export function PlanView({ core, question, opened, on_settings, on_flags, on_model, on_cards }) {
  const { reference, summary } = opened;
  const { settings, cards } = question;
  const options = options_of({ cards, settings: without(settings, "n_ctx") });
  const n_cards = cards[0] === "none" ? 0 : number_of_cards(cards);
  const chosen = kv_name(settings.type_k ?? "f16", settings.type_v ?? "f16");

  const asked = asked_context(settings.n_ctx, summary);
  const limits = useAnswer(core, "limits", "plan", reference && [reference, options]);
  const largest = limits.value?.max_context?.n_ctx ?? 0;
  const n_ctx = asked ?? (largest || 4096);
  const knows_context = asked !== undefined || (limits.value !== null && !limits.pending);
  const most = Math.max(summary?.n_ctx_train || fallback_most, asked ?? 0);
  const sweep = useSweep(core, reference, question, most);
  const curve = sweep.curves?.find((c) => c.name === chosen)?.curve;
  const budget = sweep.is_current ? curve?.budget_at(n_ctx) : null;
  const plan = useAnswer(
    core,
    "plan",
    "plan",
    reference && knows_context && [reference, { ...options, n_ctx }],
    plan_delay_ms(budget, n_cards),
  );
  const own_fit = useAnswer(
    core,
    "fit",
    "plan",
    reference && asked !== undefined && settings.fit === undefined
      ? [reference, { ...options, n_ctx, fit: "on" }]
      : null,
    400,
  );
  const trade = useAnswer(
    core,
    "trade",
    "trade",
    reference && n_cards > 0 && [reference, without(options, "type_k", "type_v", "n_ubatch", "n_parallel")],
    300,
  );

  const error = opened.error ?? plan.error ?? limits.error;
  const planned = plan.value;
  const is_current = Boolean(planned && knows_context && !plan.pending && !opened.pending);
  const verdict = is_current
    ? verdict_of(planned)
    : budget && n_cards === planned?.devices.length
      ? quick_verdict(budget, n_ctx, n_cards)
      : planned
        ? verdict_of(planned)
        : null;
  const quick = !is_current && budget && !budget.between && n_cards === 1 && planned?.devices.length === 1;
  const bars =
    planned &&
    (quick
      ? quick_bars(budget, planned)
      : [...planned.devices.map(bar_of_device), bar_of_host(planned.host)]);
  const limit = n_cards === 0 ? planned?.host.ram_bytes : curve?.budget_at(n_ctx)?.usable;
  const fit = asked === undefined ? limits.value?.fit : own_fit.value?.fit;
  const bound = limits.value?.max_context;
  const on_context = (n) => on_settings({ n_ctx: n });
  const on_type = (k, v) =>
    on_settings({ type_k: k === "f16" ? undefined : k, type_v: v === "f16" ? undefined : v });

  const on_trade = ({ cache_type, n_ubatch, n_parallel, n_ctx: most_then }) =>
    on_settings({ type_k: cache_type, type_v: cache_type, n_ubatch, n_parallel, n_ctx: most_then });

  const slider = (
    <ContextSlider
      n_ctx={n_ctx}
      most={most}
      largest={error ? 0 : largest}
      trained={summary?.n_ctx_train}
      is_largest={asked === undefined}
      on_context={on_context}
    />
  );
  if (error)
    return (
      <div class="answer" id="answer" tabIndex={-1} aria-busy={false}>
        <p class="problem large" role="alert">
          {error.message}
        </p>
        {summary && !opened.error && slider}
      </div>
    );

  return (
    <div class={`answer${opened.pending ? " stale" : ""}`} id="answer" tabIndex={-1} aria-busy={!is_current}>
      <Verdict verdict={verdict} />
      {slider}
      {bound && (
        <p class="quiet bound">
          {bound.n_ctx
            ? `At most ${tokens(bound.n_ctx)} fit: ${binding(bound.bound_by)}.`
            : "No context is short enough for these settings."}
        </p>
      )}
      {bars && <Bars bars={bars} />}
      {planned && <Suggestions plan={planned} on_flags={on_flags} on_model={on_model} />}
      {planned?.notes?.length > 0 && <Notes notes={planned.notes} />}
      {sweep.curves && (
        <Curve
          curves={sweep.curves}
          chosen={chosen}
          n_ctx={n_ctx}
          most={most}
          n_cards={n_cards}
          limit={limit}
          on_context={on_context}
          on_type={on_type}
        />
      )}
      <div class="panels">
        <div class={`stack${planned?.speed ? "" : " alone"}`}>
          {limits.value && (
            <Still on={[limits.value, chosen]}>
              <Largest
                limits={limits.value}
                chosen={chosen}
                on_choose={(type) => on_settings({ type_k: type, type_v: type, n_ctx: undefined })}
              />
            </Still>
          )}
          <EngineFit
            fit={fit}
            asked={asked}
            on_take={() => on_settings({ n_ctx: fit.n_ctx || undefined, fit: "on" })}
          />
        </div>
        <Speed speed={planned?.speed} />
        {trade.value?.runs.some((run) => run.n_ctx) && (
          <Still on={[trade.value, chosen]}>
            <Trade trade={trade.value} chosen={chosen} on_choose={on_trade} />
          </Still>
        )}
        {planned && reference && (
          <Launch core={core} reference={reference} options={{ ...options, n_ctx }} model={question.model} />
        )}
        {reference && n_cards > 0 && (
          <BestRuns core={core} reference={reference} options={options} on_flags={on_flags} />
        )}
        {reference && (
          <HoldingCards
            core={core}
            reference={reference}
            options={{ ...without(options, "gpu", "free"), n_ctx }}
            on_cards={on_cards}
          />
        )}
        {n_cards > 0 && (
          <FittingModels
            core={core}
            options={{ ...without(options, "mmproj", "draft", "loras", "file_size"), n_ctx }}
            on_model={on_model}
          />
        )}
      </div>
      {planned && <p class="small">By the rules of {planned.engine}.</p>}
    </div>
  );
}

function Notes({ notes }) {
  return (
    <ul class="notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}
