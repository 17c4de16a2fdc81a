// The largest context by KV type, what binds it, and what the engine's own fit would do.
import { count, tokens } from "./numbers.js";

/// "CUDA0 is full", "the model was trained for no more"
export function binding(bound_by) {
  if (!bound_by) return "";
  return bound_by === "n_ctx_train"
    ? "as many as the model was trained for"
    : bound_by === "host"
      ? "bound by main memory"
      : `bound by ${bound_by}`;
}

export function Largest({ limits, chosen, on_choose }) {
  const types = Object.entries(limits.max_context_by_type ?? {});
  return (
    <section class="panel" aria-labelledby="largest-title">
      <h2 id="largest-title">Largest context</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">KV cache</th>
            <th scope="col">tokens</th>
            <th scope="col">bound by</th>
          </tr>
        </thead>
        <tbody>
          {types.map(([type, { n_ctx, bound_by }]) => (
            <tr key={type} class={type === chosen ? "current" : ""}>
              <th scope="row">
                <button type="button" onClick={() => on_choose(type)} disabled={!n_ctx}>
                  {type}
                </button>
              </th>
              <td>{n_ctx ? count(n_ctx) : "none"}</td>
              <td>{n_ctx ? binding(bound_by).replace(/^bound by /, "") : "does not fit"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {types.length === 0 && limits.max_context && (
        <p>
          {tokens(limits.max_context.n_ctx)}, {binding(limits.max_context.bound_by)}
        </p>
      )}
    </section>
  );
}

function changes_of(fit, asked) {
  const parts = [];
  if (asked && fit.n_ctx && fit.n_ctx !== asked) parts.push(`shorten the context to ${tokens(fit.n_ctx)}`);
  else if (fit.n_ctx) parts.push(`${asked ? "keep" : "take"} ${tokens(fit.n_ctx)}`);
  if (fit.n_gpu_layers >= 0) parts.push(`put ${count(fit.n_gpu_layers)} layers on the cards`);
  if (fit.tensor_split?.length) parts.push(`split them ${fit.tensor_split.join(" : ")}`);
  if (fit.overrides?.length) parts.push(`leave ${count(fit.overrides.length)} groups of tensors on the host`);
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts[0];
}

export function EngineFit({ fit, asked, on_take }) {
  if (!fit) return null;
  return (
    <section class="panel" aria-labelledby="fit-title">
      <h2 id="fit-title">What llama-server would do by itself</h2>
      {fit.status === "success" ? (
        <>
          <p>
            Its --fit, which is on unless told off and keeps 1 GiB of each card free, would{" "}
            {changes_of(fit, asked) ?? "change nothing"}.
          </p>
          <button type="button" onClick={on_take}>
            Plan that run
          </button>
        </>
      ) : (
        <p>Its --fit finds no way to run this here.</p>
      )}
    </section>
  );
}
