// Tables that take a while: computed when somebody opens them.
import { useState } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { count, expected_rate, in_gib, size } from "./numbers.js";

function Folded({ title, core, kind, method, args, children }) {
  const [is_open, set_open] = useState(false);
  const { value, error, pending } = useAnswer(core, kind, method, is_open ? args : null, 200);
  return (
    <details class="panel wide" onToggle={(e) => set_open(e.currentTarget.open)}>
      <summary>
        <h2>{title}</h2>
      </summary>
      {error && (
        <p class="problem" role="alert">
          {error.message}
        </p>
      )}
      {is_open && !value && !error && (
        <p class="quiet" role="status">
          Planning…
        </p>
      )}
      {value && (
        <div class={`scroll${pending ? " stale" : ""}`} tabIndex={0} role="region" aria-label={title}>
          {children(value)}
        </div>
      )}
    </details>
  );
}

const expected = (speed) => expected_rate(speed?.decode?.at(-1) ?? speed);

/// The best runs by what is wanted most.
export function BestRuns({ core, reference, options, on_flags }) {
  return (
    <Folded title="The best runs here" core={core} kind="best" method="bestRuns" args={[reference, options]}>
      {({ runs }) =>
        runs.length === 0 ? (
          <p>No run of this model fits here.</p>
        ) : (
          <table>
            <thead>
              <tr>
                <th scope="col">Best for</th>
                <th scope="col">context</th>
                <th scope="col">KV</th>
                <th scope="col">on the host</th>
                <th scope="col">tokens/s when full</th>
                <th scope="col">
                  <span class="unseen">Set</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((r) => (
                <tr key={r.prefer}>
                  <th scope="row">{r.prefer}</th>
                  <td>{count(r.n_ctx)}</td>
                  <td>{r.type_k === r.type_v ? r.type_k : `${r.type_k}/${r.type_v}`}</td>
                  <td>{r.best.on_host.replaceAll("_", " ")}</td>
                  <td>{expected(r.speed)}</td>
                  <td>
                    <button
                      type="button"
                      onClick={() => on_flags(r.best.flags)}
                      title={r.best.flags}
                      aria-label={`Plan it: the run that is best for ${r.prefer}`}
                    >
                      Plan it
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )
      }
    </Folded>
  );
}

function nearest_text({ name, missing_bytes: missing, suggestion }) {
  const change = suggestion ? `; with ${suggestion.flags} it holds it` : "";
  return `Nearest of those that do not: ${name}, ${size(missing)} short${change}.`;
}

/// Which known cards hold the run.
export function HoldingCards({ core, reference, options, on_cards }) {
  return (
    <Folded
      title="Which cards hold this run"
      core={core}
      kind="cards"
      method="cards"
      args={[reference, options]}
    >
      {({ cards, nearest }) => {
        const holding = cards.filter((c) => c.fits);
        return (
          <>
            {nearest && <p>{nearest_text(nearest)}</p>}
            {holding.length === 0 ? (
              <p>None of the catalogue, alone or in pairs.</p>
            ) : (
              <table>
                <thead>
                  <tr>
                    <th scope="col">Card</th>
                    <th scope="col">memory</th>
                    <th scope="col">used</th>
                    <th scope="col">spare</th>
                    <th scope="col">largest context</th>
                  </tr>
                </thead>
                <tbody>
                  {holding.map((c) => (
                    <tr key={`${c.count} ${c.id}`}>
                      <th scope="row">
                        <button
                          type="button"
                          class="plain"
                          onClick={() => on_cards([c.count > 1 ? `${c.count}x${c.id}` : c.id])}
                        >{`${c.count > 1 ? `${c.count} × ` : ""}${c.name.replace(/^NVIDIA (GeForce )?/, "")}`}</button>
                      </th>
                      <td>{in_gib(c.memory_bytes, 0)}</td>
                      <td>{in_gib(c.used_bytes)}</td>
                      <td>{c.verdict === "tight" ? "tight" : size(c.spare_bytes)}</td>
                      <td>{c.max_context?.n_ctx ? count(c.max_context.n_ctx) : "–"}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </>
        );
      }}
    </Folded>
  );
}

/// Which models of the catalogue fit on the same cards.
export function FittingModels({ core, options, on_model }) {
  return (
    <Folded
      title="Which models fit on these cards"
      core={core}
      kind="rank"
      method="rank"
      args={[options, {}]}
    >
      {({ models }) => (
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">file</th>
              <th scope="col">used</th>
              <th scope="col">largest context</th>
              <th scope="col">tokens/s</th>
            </tr>
          </thead>
          <tbody>
            {models.slice(0, 60).map((m) => (
              <tr key={`${m.id} ${m.quantization}`}>
                <th scope="row">
                  <button type="button" class="plain" onClick={() => on_model(`${m.name}-${m.quantization}`)}>
                    {m.name}
                  </button>
                </th>
                <td>{m.quantization}</td>
                <td>{in_gib(m.used_bytes)}</td>
                <td>{m.max_context ? count(m.max_context.n_ctx) : ""}</td>
                <td>{expected(m.speed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Folded>
  );
}
