// generalise: a coarser value in place of the exact one. What it does not understand becomes null, never the raw
// value: a text without the separator, a date that is none.

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import Type from 'typebox'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { ActionDefinition } from './action.ts'

const closed = { additionalProperties: false }
const parameters = Type.Union([
  Type.Object(
    {
      keep: Type.Union([Type.Literal('first'), Type.Literal('last')]),
      separator: Type.String({ minLength: 1, maxLength: 8 }),
    },
    { ...closed, description: 'The first or last part of a text: Paris, Rue de Paris -> Paris' },
  ),
  Type.Object(
    { date: Type.Union([Type.Literal('year'), Type.Literal('month'), Type.Literal('day')]) },
    { ...closed, description: 'A date or date-time to its year, month or day, as it is written: 1966-06-26 -> 1966' },
  ),
  Type.Object(
    { band: Type.Number({ exclusiveMinimum: 0 }) },
    { ...closed, description: 'A number to its band of this width: 27 -> "[20, 30)"' },
  ),
  Type.Object(
    { grid: Type.Number({ exclusiveMinimum: 0, maximum: 90 }) },
    { ...closed, description: 'A coordinate in degrees to the lower edge of its grid cell: 48.8566 -> 48.5' },
  ),
  Type.Object(
    { network: Type.Literal(true) },
    { ...closed, description: 'An IP address to its network: IPv4 /24, IPv6 /48' },
  ),
])

type GeneraliseParameters =
  | { keep: 'first' | 'last'; separator: string }
  | { date: 'year' | 'month' | 'day' }
  | { band: number }
  | { grid: number }
  | { network: true }

export const generalise: ActionDefinition = {
  name: 'generalise',
  parameters,
  bare: false,
  hashLike: false,
  needsPerson: () => false,
  make: given => {
    const how = generalisation(given as GeneraliseParameters)
    return { name: 'generalise', apply: value => how.apply(value), derive: () => how.schema }
  },
}

interface Generalisation {
  apply(value: JsonValue): JsonValue
  schema: JsonObject
}

const textOrNull: JsonObject = { type: ['string', 'null'] }

function generalisation(given: GeneraliseParameters): Generalisation {
  if ('separator' in given) return { apply: value => part(value, given.keep, given.separator), schema: textOrNull }
  if ('date' in given) return { apply: value => calendar(value, given.date), schema: textOrNull }
  if ('band' in given) return { apply: value => band(value, given.band), schema: textOrNull }
  if ('network' in given) return { apply: network, schema: textOrNull }
  return { apply: value => cell(value, given.grid), schema: { type: ['number', 'string', 'null'] } }
}

function part(value: JsonValue, keep: 'first' | 'last', separator: string): JsonValue {
  if (typeof value !== 'string') return null
  const at = keep === 'first' ? value.indexOf(separator) : value.lastIndexOf(separator)
  if (at < 0) return null
  return (keep === 'first' ? value.slice(0, at) : value.slice(at + separator.length)).trim()
}

const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?=$|[Tt ])/

function calendar(value: JsonValue, unit: 'year' | 'month' | 'day'): JsonValue {
  const day = typeof value === 'string' ? DATE.exec(value)?.[0] : undefined
  // 31 February reads as a day in March.
  if (day === undefined || new Date(Date.parse(day)).getUTCDate() !== Number(day.slice(8))) return null
  return day.slice(0, unit === 'year' ? 4 : unit === 'month' ? 7 : 10)
}

function band(value: JsonValue, width: number): JsonValue {
  const edges = typeof value === 'number' ? edgesAround(value, width) : undefined
  return edges ? `[${edges.low}, ${edges.high})` : null
}

function cell(value: JsonValue, size: number): JsonValue {
  if (typeof value === 'number') return Math.abs(value) <= 180 ? (edgesAround(value, size)?.low ?? null) : null
  if (typeof value !== 'string' || !/^[+-]?\d{1,3}(\.\d+)?$/.test(value)) return null
  const low = cell(Number(value), size)
  return low === null ? null : String(low)
}

/** The multiples of the width, as decimals, around a value; undefined where numbers are too coarse to have them. */
function edgesAround(value: number, width: number): { low: number; high: number } | undefined {
  const decimals = decimalsOf(width)
  // 3 × 0.1 is 0.3 here, and -0 is 0.
  const edge = (n: number) => Number((n * width).toFixed(decimals)) + 0
  let n = Math.floor(value / width)
  // 0.3 ÷ 0.1 is less than 3 in binary fractions.
  if (edge(n + 1) <= value) n++
  else if (edge(n) > value) n--
  const [low, high] = [edge(n), edge(n + 1)]
  return low <= value && value < high ? { low, high } : undefined
}

/** How many decimals a number is written with; 100 at most. */
function decimalsOf(number: number): number {
  const [digits, exponent] = String(number).split('e')
  return Math.min(100, Math.max(0, (digits!.split('.')[1]?.length ?? 0) - Number(exponent ?? 0)))
}

function network(value: JsonValue): JsonValue {
  // ipaddr.js alone would also read `12345` and `010.0.0.1`.
  if (typeof value !== 'string' || isIP(value) === 0 || value.includes('%')) return null
  // A mapped IPv4 address is judged as the IPv4 address it stands for (RFC 4291, section 2.5.5.2).
  const address = ipaddr.process(value)
  const bits = address.kind() === 'ipv4' ? 24 : 48
  const base =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${bits}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`)
  return `${base}/${bits}`
}
