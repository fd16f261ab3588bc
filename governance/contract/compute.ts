// Computes the fields that a policy adds to its events, from the raw event and the moments that are known of it. Compiled
// once per contract version; never throws, whatever an event holds: what cannot be computed is absent.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { Computation } from './computed-shape.ts'
import { readPointer } from './event-parts.ts'
import { readInstant } from './instant.ts'

/** When an event happened, and when it was received: RFC 3339, UTC. */
export interface Moments {
  time: string
  receivedAt: string
}

/** A new event with computed members added at its end; the very event where nothing is computed. */
export type Compute = (event: JsonObject, moments: Moments) => JsonObject

export function compileComputed(fields: { name: string; computation: Computation }[]): Compute {
  if (fields.length === 0) return event => event
  const compiled = fields.map(({ name, computation }) => ({ name, compute: compileOne(computation) }))
  return (event, moments) => {
    const result = { ...event }
    for (const { name, compute } of compiled) {
      const value = compute(event, moments)
      if (value !== undefined) result[name] = value
    }
    return result
  }
}

function compileOne(computation: Computation): (event: JsonObject, moments: Moments) => JsonValue | undefined {
  if (computation === 'received') return (_, { receivedAt }) => receivedAt
  if ('join' in computation) {
    const { separator = ' ' } = computation
    const reads = computation.join.map(readPointer)
    return event => {
      const texts = reads.map(read => read(event)).filter(value => typeof value === 'string' && value !== '')
      return texts.length > 0 ? texts.join(separator) : undefined
    }
  }
  const read = readPointer(computation.years.since)
  return (event, { time }) => {
    const value = read(event)
    const since = typeof value === 'string' ? readInstant(value, 'UTC') : undefined
    return typeof since === 'object' ? wholeYears(new Date(since.epochMs), new Date(time)) : undefined
  }
}

/** By the calendar, in UTC: one more on each anniversary, of 29 February on 1 March; undefined for a time before. */
function wholeYears(since: Date, until: Date): number | undefined {
  const [month, day] = [until.getUTCMonth() - since.getUTCMonth(), until.getUTCDate() - since.getUTCDate()]
  const years = until.getUTCFullYear() - since.getUTCFullYear() - Number(month < 0 || (month === 0 && day < 0))
  return years < 0 ? undefined : years
}
