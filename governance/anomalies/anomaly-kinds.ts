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

/** All that stand in `GET /v1/anomalies`: those of single records and of the ledger too. */
export const anomalyKinds = [
  ...['conflict', 'unreadable-record', 'ledger-mismatch'],
  ...Object.keys(windowKinds),
] as readonly string[]
