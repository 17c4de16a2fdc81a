// Light or dark: the system's, unless somebody chose.
import { useState } from "preact/hooks";

const key = "vrambudget-theme";

function kept() {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

const is_dark = () =>
  (document.documentElement.dataset.theme ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

export function apply_kept_theme() {
  const theme = kept();
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
}

export function ThemeButton() {
  const [dark, set_dark] = useState(is_dark());
  const turn = () => {
    const theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(key, theme);
    } catch {
      // Not kept, then: a page that is opened from a file may have no storage.
    }
    set_dark(!dark);
  };
  return (
    <button
      type="button"
      class="plain"
      onClick={turn}
      aria-label={dark ? "Light colours" : "Dark colours"}
      title={dark ? "Light colours" : "Dark colours"}
    >
      {dark ? "☀" : "☾"}
    </button>
  );
}
