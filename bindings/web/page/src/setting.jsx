// One setting as a field, of whatever kind the core's table says it is.
const types = ["f16", "bf16", "f32", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"];

const choices = {
  type_k: types,
  type_v: types,
  draft_type_k: types,
  draft_type_v: types,
  flash_attn: ["on", "off"],
  split_mode: ["none", "layer", "row", "tensor"],
  pooling: ["none", "mean", "cls", "last", "rank"],
  fit: ["on", "off"],
  kv_unified: null,
};

/// What holds where the table has no short word for it.
const usual_values = {
  n_parallel: "4, one cache",
  n_cpu_moe: "0",
  n_cpu_ffn: "0",
  mmproj: "none",
  draft: "none",
  loras: "none",
};

/// "micro-batch [512]" in its parts.
export function help_parts(help) {
  const parts = /^(.*?)(?: \[(.*)\])?$/s.exec(help);
  return { what: parts[1], usual: parts[2] ?? "" };
}

/// `option`: a row of the core's table, {name, names, kind, help, turns_off}.
export function Setting({ option, label, value, on_change }) {
  const { what, usual: told } = help_parts(option.help);
  const usual = told || usual_values[option.name] || "";
  const flag = flag_of(option);
  const name = label ?? flag;
  const help = label ? `${flag}: ${what}` : what;
  if (option.kind === "switch")
    return (
      <label class="switch" title={help}>
        <input
          type="checkbox"
          checked={value === !option.turns_off}
          onChange={(e) => on_change(e.target.checked ? !option.turns_off : undefined)}
        />
        <span>{name}</span>
        {label ? null : <small>{what}</small>}
      </label>
    );
  const words = choices[option.name];
  return (
    <label class="field" title={help}>
      <span>
        {name}
        {label ? null : <small>{what}</small>}
      </span>
      {words ? (
        <select value={value ?? ""} onChange={(e) => on_change(e.target.value || undefined)}>
          <option value="">{usual || "as usual"}</option>
          {words.map((w) => (
            <option key={w} value={w}>
              {w}
            </option>
          ))}
        </select>
      ) : (
        <input
          type="text"
          value={value ?? ""}
          placeholder={usual}
          spellcheck={false}
          autocomplete="off"
          onChange={(e) => on_change(e.target.value.trim() || undefined)}
        />
      )}
    </label>
  );
}

/// Its longest name as a command line has it, shortest first: "-ctk, --cache-type-k".
export function flag_of(option) {
  const names = [...option.names].sort((a, b) => a.length - b.length);
  const written = (n) =>
    n.length <= 6 && !n.includes("_") && names.length > 1 ? `-${n}` : `--${n.replaceAll("_", "-")}`;
  return names.length > 1
    ? `${written(names[0])}, --${names[names.length - 1].replaceAll("_", "-")}`
    : written(names[0]);
}
