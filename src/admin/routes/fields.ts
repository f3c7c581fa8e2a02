/** What several routes are asked with. */
export const page = {
  limit: { kind: 'number', least: 1, about: 'items in the page; 50 when absent, at most 200' },
  cursor: { kind: 'text', charactersMax: 300, about: '`next` of the page before' },
} as const;
export const reason = {
  kind: 'text',
  charactersMax: 2_000,
  about: 'why, in a sentence; stands in the log',
} as const;
export const note = {
  reason,
  until: { kind: 'time', about: 'when it ends by itself' },
  reviewAt: { kind: 'time', about: 'when somebody should look at it again' },
  publicComment: { kind: 'text', charactersMax: 5_000, about: 'what everybody may read' },
  privateComment: { kind: 'text', charactersMax: 5_000, about: 'what only moderators read' },
} as const;
export const requiredReason = { ...reason, required: true } as const;
