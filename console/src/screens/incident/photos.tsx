/** The photos of an incident. One is fetched only when somebody asks to look at it, because every look is recorded. */
import { useEffect, useRef, useState } from "react";
import { readFile } from "../../api/client";
import type { Photo } from "../../api/contents";
import type { IncidentView } from "../../api/types";
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";

export function Photos({ incident, photos, canAdd, onReload }: { incident: IncidentView; photos: Photo[]; canAdd: boolean; onReload: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const input = useRef<HTMLInputElement>(null);
  const add = (file: File | undefined) => {
    if (!file) return;
    sending.send("POST", `/api/incidents/${incident.id}/attachments`, file, onReload);
    if (input.current) input.current.value = "";
  };
  return (
    <section aria-labelledby="photos-title">
      <h3 id="photos-title">{t("photos.title")}</h3>
      {photos.length === 0 && <p className="quiet">{t("photos.none")}</p>}
      <ul className="photos">
        {photos.map((photo, index) => (
          <PhotoRow key={photo.id} incidentId={incident.id} photo={photo} n={index + 1} />
        ))}
      </ul>
      {canAdd && (
        <label className="photo-add">
          <span className="button is-small">{sending.busy ? t("sending.busy") : t("photos.add")}</span>
          <input ref={input} className="sr-only" type="file" accept="image/jpeg,image/png,image/webp" disabled={sending.busy} onChange={(event) => add(event.target.files?.[0])} aria-describedby="photos-hint" />
          <small id="photos-hint" className="quiet">
            {t("photos.hint")}
          </small>
        </label>
      )}
      {sending.attempt > 0 && <p className="notice">{t("sending.retrying", { n: sending.attempt })}</p>}
      {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
    </section>
  );
}

function PhotoRow({ incidentId, photo, n }: { incidentId: string; photo: Photo; n: number }) {
  const { t, f } = useWords();
  const [shown, setShown] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => () => void (shown && URL.revokeObjectURL(shown)), [shown]);
  const look = async () => {
    try {
      setError(null);
      setShown(URL.createObjectURL(await readFile(`/api/incidents/${incidentId}/attachments/${photo.id}`)));
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <li>
      <span className="quiet small num">
        {f.full(photo.at)} · <bdi>{photo.by}</bdi> · {photo.width_px}×{photo.height_px}
      </span>{" "}
      {photo.erased || photo.restricted ? (
        <span className="quiet">{t(photo.erased ? "parties.erased" : "sealed.restricted")}</span>
      ) : (
        <button type="button" className="button is-small" aria-expanded={shown !== null} onClick={() => (shown ? setShown(null) : void look())}>
          {shown ? t("photos.close", { n }) : t("photos.look", { n })}
        </button>
      )}
      {shown && <img src={shown} alt={t("photos.alt", { n })} />}
      {error !== null && <Problem error={error} />}
    </li>
  );
}
