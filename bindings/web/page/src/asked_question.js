// The question as state of the page, which the address's fragment follows.
import { useEffect, useRef, useState } from "preact/hooks";
import { first_question, fragment_of, question_of, with_settings } from "./question.js";

/// The question, which the address's fragment follows once it stands still.
export function useQuestion() {
  const [question, set_question] = useState(() => question_of(location.hash) ?? first_question_here());
  const written = useRef(location.hash);
  useEffect(() => {
    const timer = setTimeout(() => {
      // Another one stands there since: hashchange is about to tell of it.
      if (location.hash !== written.current) return;
      history.replaceState(null, "", fragment_of(question));
      written.current = location.hash;
    }, 250);
    return () => clearTimeout(timer);
  }, [question]);
  useEffect(() => {
    const follow = () => {
      const other = location.hash !== written.current && question_of(location.hash);
      written.current = location.hash;
      if (other) set_question(other);
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return [question, set_question];
}

/// A first visit's system is the reader's own.
function first_question_here() {
  return with_settings(first_question, { os: /Windows/.test(navigator.userAgent) ? "windows" : "linux" });
}
