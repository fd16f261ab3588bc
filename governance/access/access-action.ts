// What can be allowed or denied: the fourth column of the access policy.

/** On fields, by level. */
export const fieldActions = ['read', 'read-clear'] as const
/** On a dataset. */
export const datasetActions = [
  'ingest',
  'describe',
  'quarantine',
  'reveal',
  'replay',
  'discard',
  'anomalies',
  'judge',
  'ledger',
  'quality',
  'reidentify',
] as const
/** On everything at once. */
export const globalActions = [
  'erase',
  'export',
  'rectify',
  'restrict',
  'object',
  'hold',
  'approve',
  'reprotect',
  'audit',
  'administer',
  'retention',
] as const

export const accessActions = [...fieldActions, ...datasetActions, ...globalActions] as const

export type FieldAction = (typeof fieldActions)[number]
export type AccessAction = (typeof accessActions)[number]

export function isFieldAction(action: string): action is FieldAction {
  return (fieldActions as readonly string[]).includes(action)
}

/** About all datasets at once: the dataset is `*`. */
export function isGlobalAction(action: string): boolean {
  return (globalActions as readonly string[]).includes(action)
}
