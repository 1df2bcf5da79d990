import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app";
import { WordsProvider } from "./context";
import { session } from "./session";
import { applyTheme } from "./ui/theme";
import "./styles/index.css";

const RELOADED_KEY = "markaz.reloaded";
const RELOAD_AT_MOST_EVERY_MS = 60_000;

// The centre was upgraded under an open page: its later parts have new names, which only the new page knows.
addEventListener("vite:preloadError", (event) => {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED_KEY) ?? 0) < RELOAD_AT_MOST_EVERY_MS) return;
  sessionStorage.setItem(RELOADED_KEY, String(Date.now()));
  event.preventDefault();
  location.reload();
});

applyTheme();
void session.open();

createRoot(document.getElementById("root")!).render(
  // Not as transitions: where a key leads is drawn before anything the stream brings.
  <BrowserRouter useTransitions={false}>
    <WordsProvider>
      <App />
    </WordsProvider>
  </BrowserRouter>,
);
