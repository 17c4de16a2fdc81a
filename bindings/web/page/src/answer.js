// Answers of the core as state of a component: the last good one stays while the next is on its way.
import { useEffect, useRef, useState } from "preact/hooks";
import { Superseded } from "./core.js";

/// {value, error, pending, args} of core.ask(kind, method, args); args null: nothing is asked yet. `args` given back:
/// what `value` is the answer to.
export function useAnswer(core, kind, method, args, delay_ms = 0) {
  const owner = useRef({});
  const key = args && JSON.stringify(args);
  const [state, set_state] = useState({ value: null, error: null, key: null });
  useEffect(() => {
    if (!args) return undefined;
    let wanted = true;
    const ask = () =>
      core.ask(kind, method, args, owner.current).then(
        (value) => wanted && set_state({ value, error: null, key, args }),
        (error) => wanted && !(error instanceof Superseded) && set_state({ value: null, error, key }),
      );
    const timer = delay_ms ? setTimeout(ask, delay_ms) : ask();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  return { ...state, pending: Boolean(args) && state.key !== key };
}
