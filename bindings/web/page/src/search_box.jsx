// A field that finds rows as one types: a combobox with a list, for mouse, keyboard and screen reader.
import { useId, useMemo, useRef, useState } from "preact/hooks";

const most_shown = 60;

/// How far a word is from being one of the row's: 0 it is, 1 one begins with it, 2 it is within one.
function distance(parts, word) {
  if (parts.includes(word)) return 0;
  return parts.some((part) => part.startsWith(word)) ? 1 : 2;
}

/// Rows whose text has all typed words, the nearest first.
export function found(rows, typed) {
  const words = typed
    .toLowerCase()
    .split(/[\s-]+/)
    .filter(Boolean);
  if (words.length === 0) return rows;
  return rows
    .filter((row) => words.every((word) => row.text.includes(word)))
    .map((row) => {
      const parts = row.text.split(/[\s-]+/);
      return {
        row,
        far: words.reduce(
          (sum, word) => sum + distance(parts, word),
          parts[0].startsWith(words[0]) ? 0 : 0.5,
        ),
      };
    })
    .sort((a, b) => a.far - b.far)
    .map(({ row }) => row);
}

/// `rows`: [{key, text (lower case, searched), name, detail}]; `other`: a row for typed text itself, or null.
export function SearchBox({ label, placeholder, rows, other, on_choose, value = "" }) {
  const [typed, set_typed] = useState(null);
  const [at, set_at] = useState(0);
  const id = useId();
  const list = useRef();
  const is_open = typed !== null;
  const shown = useMemo(() => {
    if (!is_open) return [];
    const hits = found(rows, typed).slice(0, most_shown);
    const own = typed.trim() && other?.(typed.trim());
    return own ? (own.first ? [own, ...hits] : [...hits, own]) : hits;
  }, [rows, typed, is_open]);

  const close = () => set_typed(null);
  const choose = (row) => {
    close();
    on_choose(row.key, row);
  };
  const move = (to) => {
    set_at(Math.max(0, Math.min(shown.length - 1, to)));
    list.current?.children[to]?.scrollIntoView({ block: "nearest" });
  };
  const on_key = (event) => {
    if (!is_open && (event.key === "ArrowDown" || event.key === "Enter")) set_typed("");
    else if (event.key === "ArrowDown") move(at + 1);
    else if (event.key === "ArrowUp") move(at - 1);
    else if (event.key === "Enter" && shown[at]) choose(shown[at]);
    else if (event.key === "Escape" && is_open) close();
    else return;
    event.preventDefault();
  };

  return (
    <div class="search">
      <input
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={is_open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={is_open && shown[at] ? `${id}-${at}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder={placeholder}
        value={typed ?? value}
        onFocus={(e) => e.target.select()}
        onClick={() => is_open || set_typed("")}
        onInput={(e) => {
          set_typed(e.target.value);
          set_at(0);
        }}
        onKeyDown={on_key}
        onBlur={close}
      />
      <ul
        class="search-list"
        role="listbox"
        id={`${id}-list`}
        aria-label={label}
        ref={list}
        hidden={!is_open}
      >
        {shown.map((row, i) => (
          <li
            key={row.key}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            onMouseDown={(e) => {
              e.preventDefault();
              choose(row);
            }}
            onMouseMove={() => set_at(i)}
          >
            <span>{row.name}</span>
            {row.detail && <small>{row.detail}</small>}
          </li>
        ))}
        {is_open && shown.length === 0 && (
          <li role="option" aria-disabled="true" aria-selected="false">
            <small>Nothing of that name</small>
          </li>
        )}
      </ul>
    </div>
  );
}
