// What would make a run fit: each a button that sets it.
import { expected_rate, in_gib, size } from "./numbers.js";

function Row({ flags, gives, spare, host, decode, on_choose }) {
  const speed = expected_rate(decode);
  return (
    <li>
      <button type="button" class="suggestion" onClick={on_choose}>
        <span>{gives}</span>
        <code>{flags}</code>
        <small>
          {`${size(spare)} spare`}
          {host !== undefined ? `, ${in_gib(host, 1)} of main memory` : ""}
          {speed && `, ${speed} tokens a second when full`}
        </small>
      </button>
    </li>
  );
}

export function Suggestions({ plan, on_flags, on_model }) {
  const { suggestions = [], smaller_file: smaller } = plan;
  if (plan.verdict === "fits") return null;
  return (
    <section class="panel" aria-labelledby="would-fit">
      <h2 id="would-fit">What would fit</h2>
      {suggestions.length === 0 && !smaller && (
        <p>Nothing that is tried makes this run fit here: a smaller model, a larger card, or more of them.</p>
      )}
      <ul class="plain-list suggestions">
        {suggestions.map((s) => (
          <Row
            key={s.flags}
            flags={s.flags}
            gives={s.gives}
            spare={s.free_bytes}
            host={s.host_bytes}
            decode={s.decode}
            on_choose={() => on_flags(s.flags)}
          />
        ))}
        {smaller && (
          <Row
            flags={`${smaller.model} ${smaller.flags}`.trim()}
            gives={smaller.gives}
            spare={smaller.free_bytes}
            host={smaller.host_bytes}
            decode={smaller.decode}
            on_choose={() => on_model(smaller.model, smaller.flags)}
          />
        )}
      </ul>
    </section>
  );
}
