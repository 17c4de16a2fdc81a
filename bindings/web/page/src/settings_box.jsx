// The settings of a run, as llama-server has them: common ones in sight, the rest folded away.
import { useState } from "preact/hooks";
import { Setting } from "./setting.jsx";

const common = [
  ["type_k", "K cache"],
  ["type_v", "V cache"],
  ["n_parallel", "Slots"],
  ["n_gpu_layers", "Layers on GPUs"],
  ["n_ubatch", "Micro-batch"],
  ["n_cpu_moe", "Experts of layers on the host"],
  ["flash_attn", "Flash attention"],
];
const machine = [
  ["ram", "Host memory"],
  ["free", "Free memory of each card"],
  ["os", "System"],
  ["display", "Desktop on the first card"],
  ["cpu", "CPU"],
];
const beside = [
  ["mmproj", "Projector"],
  ["draft", "Draft model"],
  ["loras", "LoRA adapters"],
];
/// Not of a page's plan: it has the model, cards and context elsewhere, and reads no servers through the core.
const hidden = new Set([
  "model",
  "gpu",
  "n_ctx",
  "offline",
  "no_cache",
  "timeout",
  "retries",
  "explain",
  "max_context",
  "no_calibration",
  "prefer",
]);
const is_known = new Set([...common, ...machine, ...beside].map(([name]) => name));

function Choice({ label, value, words, on_change }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value ?? ""} onChange={(e) => on_change(e.target.value || undefined)}>
        {words.map(([word, text]) => (
          <option key={word} value={word}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/// Host memory, free memory, system and desktop.
export function MachineSettings({ settings, on_change, options }) {
  const option = (name) =>
    options?.find((o) => o.name === name) ?? { name, names: [name], kind: "text", help: "" };
  const set = (name) => (value) => on_change({ [name]: value });
  const system = settings.system ?? settings.os ?? "linux";
  const usual = system === "linux" ? "none" : "typical";
  return (
    <div class="grid">
      <Setting
        option={{ ...option("ram"), help: "memory that the server may take [64GiB]" }}
        label="Host memory"
        value={settings.ram}
        on_change={set("ram")}
      />
      <Setting
        option={{ ...option("free"), help: "free memory of each card [all of it]" }}
        label="Free on each card"
        value={settings.free}
        on_change={set("free")}
      />
      <Choice
        label="System"
        value={system}
        words={[
          ["linux", "Linux"],
          ["windows", "Windows"],
          ["wsl2", "WSL2"],
        ]}
        on_change={(os) => on_change({ os, system: undefined })}
      />
      <Choice
        label="Desktop on the card"
        value={settings.display}
        words={[
          ["", usual],
          ...["none", "light", "typical", "heavy"].filter((w) => w !== usual).map((w) => [w, w]),
        ]}
        on_change={set("display")}
      />
    </div>
  );
}

export function SettingsBox({ settings, options, on_change, on_file, open, children }) {
  const [typed, set_typed] = useState("");
  const by_name = (name) => options?.find((o) => o.name === name);
  const fields = (rows) =>
    rows.map(
      ([name, label]) =>
        by_name(name) && (
          <Setting
            key={name}
            option={by_name(name)}
            label={label}
            value={settings[name]}
            on_change={(v) => on_change({ [name]: v })}
          />
        ),
    );
  const rest = (options ?? []).filter(
    (o) => !hidden.has(o.name) && !is_known.has(o.name) && o.name !== "system",
  );
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = rest.filter((o) =>
    words.every((w) => `${o.name} ${o.names.join(" ")} ${o.help}`.toLowerCase().includes(w)),
  );
  const n_set = Object.keys(settings).filter(
    (k) => !["n_ctx", "os", "system", "display", "ram", "free"].includes(k),
  ).length;
  return (
    <details class="box" open={open}>
      <summary>
        <h2>Settings</h2>
        {n_set > 0 && <small class="badge">{n_set} set</small>}
      </summary>
      <div class="grid">{fields(common)}</div>
      {children}
      <details>
        <summary>Projector, draft, adapters</summary>
        <div class="grid one">
          {beside.map(
            ([name, label]) =>
              by_name(name) && (
                <div key={name} class="row tight">
                  <Setting
                    option={by_name(name)}
                    label={label}
                    value={settings[name]}
                    on_change={(v) => on_change({ [name]: v })}
                  />
                  <label class="button">
                    File…
                    <input
                      type="file"
                      class="unseen"
                      accept=".gguf"
                      aria-label={`${label}: a file`}
                      onChange={(e) => e.target.files[0] && on_file(name, e.target.files[0])}
                    />
                  </label>
                </div>
              ),
          )}
        </div>
      </details>
      <details>
        <summary>All other settings</summary>
        <label class="field">
          <span class="unseen">Find a setting</span>
          <input
            type="search"
            placeholder="Find a setting"
            value={typed}
            onInput={(e) => set_typed(e.target.value)}
          />
        </label>
        <div class="grid one all-settings">
          {by_name("cpu") && fields([["cpu", "CPU"]])}
          {shown.map((o) => (
            <Setting
              key={`${o.name} ${o.turns_off}`}
              option={o}
              value={settings[o.name]}
              on_change={(v) => on_change({ [o.name]: v })}
            />
          ))}
        </div>
      </details>
      {n_set > 0 && (
        <button
          type="button"
          onClick={() =>
            on_change(
              Object.fromEntries(
                Object.keys(settings)
                  .filter((k) => k !== "os")
                  .map((k) => [k, undefined]),
              ),
            )
          }
        >
          Reset all settings
        </button>
      )}
    </details>
  );
}
