// One event, measured: what of it counts in a dataset's quality. No value of it is kept but numbers that are summed up
// and values that the schema lists.

import type { EventRecord } from '../../storage/event-record.ts'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { looksPersonal, type SuspectKind } from './looks-personal.ts'
import type { MeasuredField, MeasuredPlace, MeasuringPlan, TextPlace } from './measuring-plan.ts'

/** Texts are looked at in one of so many events, by their offset: whoever reads the log again looks at the same. */
export const SAMPLE_EVERY = 10
/** Looked at of one event's texts, and of one array's items. */
const MAX_TEXTS = 200
const MAX_ITEMS = 20

export interface MeasuredEvent {
  plan: MeasuringPlan
  missing: string[]
  numbers: { pointer: string; number: number; isSpread: boolean }[]
  /** Listed values, as JSON. */
  values: { pointer: string; value: string }[]
  /** From its own time to its reception, the first where it was replayed; undefined where it has none of its own. */
  delayMs: number | undefined
  isLate: boolean
  isAhead: boolean
  rules: { name: string; holds: boolean }[]
  isSampled: boolean
  suspects: { pointer: string; kind: SuspectKind }[]
}

/** When an event counts as come in: of what was replayed, then. RFC 3339. */
export function receptionOf({ replay, receivedAt }: Pick<EventRecord, 'replay' | 'receivedAt'>): string {
  return replay?.at ?? receivedAt
}

/** @param offset its record's, in the log */
export function measureEvent(plan: MeasuringPlan, record: EventRecord, offset: number): MeasuredEvent {
  const { event, time, receivedAt } = record
  // An event that does not say when it was has the time of its reception. What waited in quarantine did not come late.
  const delayMs = time === receivedAt ? undefined : Date.parse(receivedAt) - Date.parse(time)
  const { timeliness, skewMs } = plan.promises
  const measured: MeasuredEvent = {
    plan,
    missing: [],
    numbers: [],
    values: [],
    delayMs,
    isLate: delayMs !== undefined && timeliness !== undefined && delayMs > timeliness.withinMs,
    isAhead: delayMs !== undefined && -delayMs > skewMs,
    rules: [],
    isSampled: offset % SAMPLE_EVERY === 0,
    suspects: [],
  }
  look(measured, plan.root, event)
  for (const rule of plan.rules) {
    const holds = rule.holds(event)
    if (holds !== undefined) measured.rules.push({ name: rule.name, holds })
  }
  if (measured.isSampled) findSuspects(measured, event)
  return measured
}

function look(measured: MeasuredEvent, { field, members }: MeasuredPlace, value: JsonValue | undefined): void {
  if (field) lookAt(measured, field, value)
  const inside = membersOf(value)
  for (const [name, member] of members)
    look(measured, member, inside && Object.hasOwn(inside, name) ? inside[name] : undefined)
}

function lookAt(measured: MeasuredEvent, field: MeasuredField, value: JsonValue | undefined): void {
  const { pointer, listed, isNumber, isSpread } = field
  if (value === undefined || value === null) measured.missing.push(pointer)
  else {
    if (isNumber && typeof value === 'number')
      measured.numbers.push({ pointer, number: value, isSpread: isSpread && !listed })
    const json = listed && isSpread ? JSON.stringify(value) : undefined
    if (json !== undefined && listed!.has(json)) measured.values.push({ pointer, value: json })
  }
}

function findSuspects({ suspects, plan }: MeasuredEvent, event: JsonValue): void {
  let looked = 0
  findIn(plan.texts, event)

  function findIn({ pointer, members, items }: TextPlace, value: JsonValue): void {
    if (typeof value === 'string') {
      if (pointer === undefined || looked++ >= MAX_TEXTS) return
      const kind = looksPersonal(value)
      if (kind) suspects.push({ pointer, kind })
    } else if (Array.isArray(value)) {
      if (items) for (const item of value.slice(0, MAX_ITEMS)) findIn(items, item)
    } else {
      const inside = membersOf(value)
      for (const [name, member] of members) if (inside && Object.hasOwn(inside, name)) findIn(member, inside[name]!)
    }
  }
}

function membersOf(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}
