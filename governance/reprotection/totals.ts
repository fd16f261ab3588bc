// What a re-protection did, or would do: counts by schema version and field, never values.

import type { JsonObject } from '../../storage/json.ts'
import type { ReprotectedEvent, Reprotection } from './reprotect-event.ts'

/** One field of one schema version: from the action it was stored by, to the one of today. */
interface FieldTotal {
  schema: string
  pointer: string
  from: string
  to: string
  /** Values. */
  count: number
}

export interface Totals {
  /** Events gone over, copies of conflicting ones included. */
  read: number
  /** Of these, those with something to protect or renew. */
  changed: number
  /** Events left alone whole, since no live schema version or known contract speaks of them, or a person’s key is not known. */
  skipped: number
  protected: FieldTotal[]
  renewed: FieldTotal[]
  left: FieldTotal[]
  /** When the log’s last record of a changed event ends, RFC 3339; null where there is none, or nobody says. */
  logUntil: string | null
}

export const noTotals = (): Totals => ({
  read: 0,
  changed: 0,
  skipped: 0,
  protected: [],
  renewed: [],
  left: [],
  logUntil: null,
})

/** Adds the values of one event. */
export function countFields(totals: Totals, { before, steps }: Reprotection, event: ReprotectedEvent): void {
  for (const effect of ['protected', 'renewed', 'left'] as const)
    for (const [pointer, count] of event[effect]) {
      const { from, to } = steps.get(pointer)!
      const isSame = (total: FieldTotal) =>
        total.schema === before.schema && total.pointer === pointer && total.from === from && total.to === to
      const known = totals[effect].find(isSame)
      if (known) known.count += count
      else totals[effect].push({ schema: before.schema, pointer, from, to, count })
    }
}

export const asOutcome = (totals: Totals) => totals as unknown as JsonObject
