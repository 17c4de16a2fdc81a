// Copies a text to the clipboard, and says so.
import { useState } from "preact/hooks";

async function to_clipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a file or over plain http has no clipboard of its own.
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/// `text`: gives what is copied when the button is pressed.
export function Copy({ text, children = "Copy", ...rest }) {
  const [done, set_done] = useState(false);
  const copy = async () => {
    await to_clipboard(text());
    set_done(true);
    setTimeout(() => set_done(false), 2000);
  };
  return (
    <>
      <button type="button" onClick={copy} {...rest}>
        {done ? "Copied" : children}
      </button>
      <span class="unseen" role="status">
        {done ? "Copied to the clipboard" : ""}
      </span>
    </>
  );
}

export const CopyLink = () => <Copy text={() => location.href}>Copy link</Copy>;
