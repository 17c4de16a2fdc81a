// How much context: a slider that follows the pointer, and the number itself.
import { useRef } from "preact/hooks";
import { count, parsed_tokens, short_tokens, tokens } from "./numbers.js";

const step = 256;

/// Calls with the last value once a frame.
function useEachFrame(call) {
  const latest = useRef();
  const frame = useRef(0);
  latest.current = { ...latest.current, call };
  return (value) => {
    latest.current.value = value;
    frame.current ||= requestAnimationFrame(() => {
      frame.current = 0;
      latest.current.call(latest.current.value);
    });
  };
}

export function ContextSlider({ n_ctx, most, largest, trained, is_largest, on_context }) {
  const slide = useEachFrame(on_context);
  const share = (n) => `${Math.min(100, (100 * n) / most)}%`;
  return (
    <div class="context">
      <div class="row spread">
        <label for="context-range">
          <strong>Context</strong>
        </label>
        <span class="row">
          <input
            type="text"
            inputMode="numeric"
            aria-label="Context in tokens"
            class="tokens"
            value={count(n_ctx)}
            onChange={(e) => {
              const n = parsed_tokens(e.target.value);
              if (n) on_context(n);
              else e.target.value = count(n_ctx);
            }}
          />
          <button
            type="button"
            aria-pressed={is_largest}
            onClick={() => on_context(undefined)}
            disabled={!largest}
          >
            Largest that fits
          </button>
        </span>
      </div>
      <div class="slider">
        {largest > 0 && <span class="slider-fits" style={{ width: share(largest) }} aria-hidden="true" />}
        <input
          id="context-range"
          type="range"
          min={0}
          max={most}
          step={step}
          value={n_ctx}
          aria-valuetext={tokens(n_ctx)}
          onInput={(e) => slide(Math.max(step, Number(e.target.value)))}
        />
      </div>
      <div class="row spread quiet small" aria-hidden="true">
        <span>0</span>
        <span>
          {short_tokens(most)}
          {most === trained ? ", as trained" : ""}
        </span>
      </div>
    </div>
  );
}
