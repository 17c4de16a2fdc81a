// Chooses the cards: by name, one or several, or by numbers; and the machine around them.
import { useMemo, useState } from "preact/hooks";
import { useAnswer } from "./answer.js";
import { GiB, count } from "./numbers.js";
import { SearchBox } from "./search_box.jsx";
/* global OTHER_CARDS */

const most_cards = 15;

/// Cards of other vendors, once for each size that they are sold with.
const other_rows = OTHER_CARDS.flatMap(([id, name, vendor, sizes]) =>
  sizes.map((gib) => ({
    key: sizes.length > 1 ? `${id}-${gib}gb` : id,
    text: `${vendor} ${name} ${id} ${gib} gb`.toLowerCase(),
    name: `${name.startsWith(vendor) ? "" : `${vendor} `}${name}`,
    detail: `${gib} GiB${vendor === "Apple" ? ", shared" : ""}`,
  })),
);

const row_of = (gpu) => ({
  key: gpu.id,
  aliases: [...gpu.aliases, gpu.id.replace(/^rtx-|^gtx-/, "")],
  text: `${gpu.name.replace(/^NVIDIA (GeForce )?/, "")} ${gpu.id} ${gpu.aliases.join(" ")} NVIDIA`.toLowerCase(),
  name: gpu.name.replace(/^NVIDIA (GeForce )?/, ""),
  detail: `${count(Math.round(gpu.memory_bytes / GiB))} GiB${gpu.form === "desktop" ? "" : `, ${gpu.form}`}`,
});

/// "2xrtx-3090" in its parts.
export function counted(card) {
  const [, n, id] = /^(?:(\d{1,2})x)?(.*)$/.exec(card);
  return { n: n ? Number(n) : 1, id };
}
const card_of = (n, id) => (n > 1 ? `${n}x${id}` : id);

/// Total of all cards of a question.
export const number_of_cards = (cards) => cards.reduce((sum, card) => sum + counted(card).n, 0);

function OwnCard({ on_add }) {
  const [own, set_own] = useState({ size: "", cc: "", sm: "" });
  const field = (name, label, placeholder) => (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        inputMode="decimal"
        value={own[name]}
        placeholder={placeholder}
        onInput={(e) => set_own({ ...own, [name]: e.target.value.trim() })}
      />
    </label>
  );
  const add = (event) => {
    event.preventDefault();
    const total = /^[\d.]+$/.test(own.size) ? `${own.size}GiB` : own.size;
    if (!total) return;
    on_add(
      own.cc || own.sm
        ? ["name=card", `total=${total}`, own.cc && `cc=${own.cc}`, own.sm && `sm=${own.sm}`]
            .filter(Boolean)
            .join(",")
        : total,
    );
  };
  return (
    <details>
      <summary>A card that is not listed</summary>
      <form class="grid" onSubmit={add}>
        {field("size", "Memory", "24GiB or 24564MiB")}
        {field("cc", "Compute capability", "8.6, if known")}
        {field("sm", "Multiprocessors", "82, if known")}
        <button type="submit">Add it</button>
      </form>
    </details>
  );
}

function Chosen({ card, name, on_count, on_remove }) {
  const { n } = counted(card);
  return (
    <li class="chosen">
      <span>
        {n > 1 ? `${n} × ` : ""}
        {name}
      </span>
      <button
        type="button"
        onClick={() => on_count(n - 1)}
        disabled={n === 1}
        aria-label={`One ${name} less`}
      >
        −
      </button>
      <button type="button" onClick={() => on_count(n + 1)} aria-label={`One ${name} more`}>
        +
      </button>
      <button type="button" onClick={on_remove} aria-label={`Remove ${name}`}>
        ×
      </button>
    </li>
  );
}

export function CardsBox({ core, question, on_cards, open, children }) {
  const { value: gpus, error } = useAnswer(core, "gpus", "gpus", []);
  const rows = useMemo(
    () => [
      ...(gpus ?? []).map(row_of),
      ...other_rows,
      { key: "none", text: "none cpu no card", name: "No card", detail: "all on the CPU" },
    ],
    [gpus],
  );
  const { cards } = question;
  const named = (id) => rows.find((r) => r.key === id || r.aliases?.includes(id));
  const name_of = (id) =>
    named(id)?.name ?? (id.startsWith("name=") ? id.replace(/^name=\w+,/, "").replaceAll(",", ", ") : id);
  const replace = (i, card) => on_cards(cards.flatMap((c, j) => (i === j ? (card ? [card] : []) : [c])));
  const add = (id) => {
    if (id === "none") return on_cards(["none"]);
    const others = cards.filter((c) => c !== "none");
    const same = others.findIndex((c) => counted(c).id === id);
    if (number_of_cards(others) >= most_cards) return undefined;
    return on_cards(
      same < 0 ? [...others, id] : others.map((c, i) => (i === same ? card_of(counted(c).n + 1, id) : c)),
    );
  };
  return (
    <section class="box" aria-labelledby="cards-title">
      <h2 id="cards-title">Cards</h2>
      <ul class="plain-list">
        {cards.map((card, i) => (
          <Chosen
            key={card}
            card={card}
            name={name_of(counted(card).id)}
            on_count={(n) =>
              number_of_cards(cards) - counted(card).n + n <= most_cards &&
              replace(i, card_of(n, counted(card).id))
            }
            on_remove={() => (cards.length === 1 ? on_cards(["none"]) : replace(i))}
          />
        ))}
      </ul>
      <SearchBox
        label="Add a card"
        placeholder={cards.length ? "Add a card" : "Which card?"}
        rows={rows}
        other={(text) => ({ key: text, name: text, detail: "by this name" })}
        on_choose={add}
      />
      {cards.length === 1 && cards[0] !== "none" && <SwapCards on_cards={on_cards} current={cards[0]} />}
      {error && <p class="problem">{error.message}</p>}
      <OwnCard on_add={add} />
      <details open={open}>
        <summary>Memory, system, desktop</summary>
        {children}
      </details>
    </section>
  );
}

/// The cards that most people have, one press away.
function SwapCards({ on_cards, current }) {
  const usual = [
    ["rtx-3060", "3060"],
    ["rtx-4060-ti-16gb", "4060 Ti 16"],
    ["rtx-3090", "3090"],
    ["rtx-4090", "4090"],
    ["rtx-5090", "5090"],
    ["radeon-rx-7900-xtx", "7900 XTX"],
    ["m4-max-64gb", "M4 Max 64"],
  ];
  return (
    <div class="chips" role="group" aria-label="Instead">
      {usual.map(([id, name]) => (
        <button key={id} type="button" aria-pressed={current === id} onClick={() => on_cards([id])}>
          {name}
        </button>
      ))}
    </div>
  );
}
