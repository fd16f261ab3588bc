// The words anomalies are told apart by: kinds, and severities in their order.

export const anomalyKinds = [
  // What processors meet while they carry events.
  ...(['conflict', 'unreadable-record', 'ledger-mismatch'] as const),
  // By rule.
  ...(['missing', 'inconsistent', 'out-of-range', 'clock-skew', 'burst', 'silence', 'personal-data'] as const),
  'schema-drift',
  // By what is usual.
  ...(['unusual-volume', 'unusual-rejections', 'unusual-duplicates', 'unusual-missing', 'unusual-values'] as const),
  ...(['unusual-delay', 'drift'] as const),
] as const

export type AnomalyKind = (typeof anomalyKinds)[number]

/** From the least to the most severe. */
export const severities = ['low', 'medium', 'high', 'critical'] as const

export type Severity = (typeof severities)[number]

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
