// The kinds of anomalies that are found in a dataset's windows, and how severe each is: one list for whoever finds,
// stores, filters and documents them.

export const severities = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

/** By kind: its severity, and that of one that is far from what should be. */
export const windowKinds = {
  missing: ['medium', 'high'],
  inconsistent: ['medium', 'high'],
  'out-of-range': ['medium', 'high'],
  'clock-skew': ['medium', 'high'],
  burst: ['medium', 'high'],
  silence: ['high', 'high'],
  'personal-data': ['high', 'high'],
  'schema-drift': ['medium', 'high'],
  'unusual-volume': ['medium', 'high'],
  'unusual-rejections': ['medium', 'high'],
  'unusual-duplicates': ['low', 'medium'],
  'unusual-missing': ['low', 'medium'],
  'unusual-values': ['medium', 'high'],
  'unusual-delay': ['low', 'medium'],
  drift: ['low', 'medium'],
} as const satisfies Record<string, [Severity, Severity]>

export type WindowKind = keyof typeof windowKinds

/** What processors meet while they carry records, and in the ledger. */
const recordKinds = ['conflict', 'unreadable-record', 'ledger-mismatch'] as const

export type AnomalyKind = WindowKind | (typeof recordKinds)[number]

/** All that stand in `GET /v1/anomalies`. */
export const anomalyKinds: readonly AnomalyKind[] = [...recordKinds, ...(Object.keys(windowKinds) as WindowKind[])]

/** The most severe of them; of none, the least there is. What is no severity counts as the highest: it is told. */
export function mostSevere(given: Iterable<string>): Severity {
  const ranks = [...given].map(rankOf)
  return severities[Math.max(0, ...ranks)]!
}

/** 0 for the least severe. */
export function rankOf(severity: string): number {
  const rank = severities.indexOf(severity as Severity)
  return rank < 0 ? severities.length - 1 : rank
}
