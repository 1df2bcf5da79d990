/** Who sits at the desks, as the snapshot and the frame `presence` say it. */

/** A desk that is there, with the incident it has open as far as one may see it. */
export interface Presence {
  account_id: string;
  here: boolean;
  incident_id: string | null;
}

export interface Colleague {
  id: string;
  display_name: string;
  roles: string[];
}

export interface PresenceFrame {
  presence: Presence[];
}
