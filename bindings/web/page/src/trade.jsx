// What a longer context costs: the largest one by KV type, micro-batch and slots.
import { useState } from "preact/hooks";
import { count } from "./numbers.js";

const unique = (values) => [...new Set(values)];

export function Trade({ trade, chosen, on_choose }) {
  const types = unique(trade.runs.map((r) => r.cache_type));
  const [type, set_type] = useState(types.includes(chosen) ? chosen : types[0]);
  const runs = trade.runs.filter((r) => r.cache_type === type);
  const ubatches = unique(runs.map((r) => r.n_ubatch)),
    slots = unique(runs.map((r) => r.n_parallel));
  return (
    <section class="panel wide" aria-labelledby="trade-title">
      <div class="row spread">
        <h2 id="trade-title">What the context costs</h2>
        <span class="chips" role="group" aria-label="Type of KV cache">
          {types.map((t) => (
            <button
              key={t}
              type="button"
              aria-pressed={t === type}
              onClick={() => set_type(t)}
            >{`KV ${t}`}</button>
          ))}
        </span>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Largest contexts by micro-batch and slots">
        <table class="trade">
          <thead>
            <tr>
              <th scope="col">Micro-batch</th>
              {slots.map((n) => (
                <th scope="col" key={n}>
                  {n === 1 ? "1 slot" : `${n} slots`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ubatches.map((u) => (
              <tr key={u}>
                <th scope="row">{count(u)}</th>
                {slots.map((n) => {
                  const run = runs.find((r) => r.n_ubatch === u && r.n_parallel === n);
                  return (
                    <td key={n}>
                      {run?.n_ctx ? (
                        <button
                          type="button"
                          class="plain"
                          onClick={() => on_choose(run)}
                          aria-label={`${count(run.n_ctx)} tokens: plan this`}
                        >
                          {count(run.n_ctx)}
                        </button>
                      ) : (
                        "–"
                      )}
                      {run?.n_ctx && n > 1 ? <small>{` ${count(run.n_ctx_seq)} each`}</small> : null}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
