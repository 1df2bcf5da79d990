import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./app";
import { WordsProvider } from "./context";
import { session } from "./session";
import { applyTheme } from "./ui/theme";
import "./styles/index.css";

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
