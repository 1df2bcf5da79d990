import { createRoot } from "react-dom/client";
import { applyTheme } from "../ui/theme";
import { UnitApp } from "./unit-app";
import { Phone } from "./field";
import { UnitWords } from "./words";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/parts.css";
import "../styles/shell.css";
import "./unit.css";

applyTheme();
const phone = new Phone();
void phone.open();
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/unit/sw.js", { scope: "/unit/" }).catch(() => undefined);

createRoot(document.getElementById("root")!).render(
  <UnitWords>
    <UnitApp phone={phone} />
  </UnitWords>,
);
