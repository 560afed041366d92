const day = 24 * 60 * 60 * 1000;

/** Ten years, for authorities that were made here. */
export const authorityLifetimeMs = 3650 * day;
/** Of certificates of webhooks and of the control plane's own doors. */
export const servingLifetimeMs = 90 * day;
/** Of workloads, where they do not ask for another, and at most. */
export const workloadLifetimeMs = day;
export const longestWorkloadLifetimeMs = 90 * day;

/** Certificates begin to be valid so much before they are made: clocks differ. */
export const backdatedMs = 60 * 60 * 1000;

/** After this part of its life a certificate of the control plane, or an authority, is renewed. */
export const renewedAt = 2 / 3;
