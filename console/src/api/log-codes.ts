/** The closed sets of the log that a person may ask by; `contract-check.ts` holds both to the server's. */
export const KINDS = ["look_up", "view", "disclosure", "export", "purpose", "break_glass", "refusal", "review", "correction", "deletion", "access_change", "administration", "policy", "right_request"] as const;
export const OFFICES = ["observer", "call_taker", "dispatcher", "duty_officer", "supervisor", "unit_officer", "unit_device", "importer", "administrator", "data_protection_officer", "auditor", "appeal_body"] as const;
