import { Navigate, Route, Routes } from "react-router";
import { may } from "./api/permissions";
import { useSessionState, useWords } from "./context";
import { AccountScreen } from "./screens/account/account-screen";
import { EnrolScreen } from "./screens/account/enrol";
import { AlertFormScreen } from "./screens/alerts/alert-form";
import { AlertScreen } from "./screens/alerts/alert-screen";
import { AlertsScreen } from "./screens/alerts/alerts-screen";
import { BriefingScreen } from "./screens/briefing/briefing";
import { DeskScreen } from "./screens/desk/desk";
import { FiguresScreen } from "./screens/figures";
import { IncidentScreen } from "./screens/incident/incident-screen";
import { NewIncidentScreen } from "./screens/new-incident/new-incident";
import { RecordsScreen } from "./screens/records";
import { ShiftsScreen } from "./screens/shifts/shifts";
import { SignInScreen } from "./screens/sign-in";
import { TerritoriesScreen } from "./screens/territories";
import { AidScreen } from "./screens/units/aid";
import { UnitsScreen } from "./screens/units/units";
import { session } from "./session";
import { later } from "./ui/later";
import { Shell } from "./ui/shell";

const OversightScreen = later(() => import("./screens/oversight/oversight-screen").then((part) => part.OversightScreen));
const MapScreen = later(() => import("./screens/map-screen").then((part) => part.MapScreen));

export function App() {
  const state = useSessionState();
  const { t } = useWords();
  if (state.kind === "loading") return <p className="whole-page quiet">{t("app.loading")}</p>;
  if (state.kind === "signed_out") return <SignInScreen />;
  if (state.kind === "enrol") return <EnrolScreen />;
  if (state.kind === "unreachable") {
    return (
      <main className="whole-page">
        <h1>{t("app.title")}</h1>
        <p role="alert">{t("problem.unreachable_start")}</p>
        <button type="button" className="button is-primary" onClick={() => void session.open()}>
          {t("problem.try_again")}
        </button>
      </main>
    );
  }
  return (
    <Shell>
      <Routes>
        <Route path="/" element={<Navigate to={may(state.me, "picture") || !may(state.me, "oversight") ? "/desk" : "/oversight"} replace />} />
        <Route path="/account" element={<AccountScreen />} />
        <Route path="/desk/:id?" element={<DeskScreen />} />
        <Route path="/map/:territory?" element={<MapScreen />} />
        <Route path="/new" element={<NewIncidentScreen />} />
        <Route path="/incidents" element={<RecordsScreen />} />
        <Route path="/incidents/:id" element={<IncidentScreen />} />
        <Route path="/units" element={<UnitsScreen />} />
        <Route path="/shifts" element={<ShiftsScreen />} />
        <Route path="/units/aid" element={<AidScreen />} />
        <Route path="/figures" element={<FiguresScreen />} />
        <Route path="/briefing/:part?/:id?" element={<BriefingScreen />} />
        <Route path="/territories/:territory?" element={<TerritoriesScreen />} />
        <Route path="/alerts" element={<AlertsScreen />} />
        <Route path="/alerts/new" element={<AlertFormScreen />} />
        <Route path="/alerts/:id" element={<AlertScreen />} />
        <Route path="/alerts/:id/edit" element={<AlertFormScreen />} />
        <Route path="/oversight/:part?/:id?" element={<OversightScreen />} />
        <Route path="*" element={<NotFound />} />
      </Routes>
    </Shell>
  );
}

function NotFound() {
  const { t } = useWords();
  return (
    <div className="page">
      <h1>{t("app.not_found")}</h1>
    </div>
  );
}
