// From a written date and time to an instant: with an offset (RFC 3339) it is one; without, its time zone decides,
// and knows of hours that never were (spring) and hours that were twice (autumn). Offsets come from Intl.

const DAY_MS = 86_400_000
/** Zones times days whose offset is remembered. */
const MAX_CACHED_DAYS = 10_000

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?$/

export interface Instant {
  epochMs: number
  /** The zone had this local time twice; this is the first. */
  ambiguous: boolean
}

/**
 * @param zone IANA zone of times without offset
 * @returns what is wrong instead: not a date-time; no such date or time; a time that the zone skipped; no offset and
 * no zone to take it from
 */
export function readInstant(text: string, zone?: string): Instant | 'malformed' | 'impossible' | 'gap' | 'offset' {
  const match = DATE_TIME.exec(text)
  if (!match) return 'malformed'
  const [
    ,
    year,
    month,
    day,
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '',
    utc,
    sign,
    offsetHour,
    offsetMinute,
  ] = match as unknown as [string, string, string, string, ...(string | undefined)[]]
  const wallMs = wallClock(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  if (wallMs === undefined) return 'impossible'
  const ms = wallMs + Number(fraction.padEnd(3, '0').slice(0, 3))
  if (utc) return { epochMs: ms, ambiguous: false }
  if (sign) {
    if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return 'impossible'
    const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
    return { epochMs: sign === '+' ? ms - offsetMs : ms + offsetMs, ambiguous: false }
  }
  return zone === undefined ? 'offset' : localInstant(ms, zone)
}

/** Whether Intl knows a time zone of this name. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

/** The wall clock read as if it were UTC; undefined when no calendar or clock shows it. Second 60 is a leap second. */
function wallClock(year: number, month: number, day: number, hour: number, minute: number, second: number) {
  if (year < 1 || hour > 23 || minute > 59 || second > 60) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return date.setUTCHours(hour, minute, second)
}

/** Candidate method: an offset in use a day before or after is right if it is in use at the instant it leads to. */
function localInstant(wallMs: number, zone: string): Instant | 'gap' {
  const steady = steadyOffset(wallMs, zone)
  if (steady !== undefined) return { epochMs: wallMs - steady, ambiguous: false }
  const candidates = new Set([offsetAt(wallMs - DAY_MS, zone), offsetAt(wallMs + DAY_MS, zone)])
  const instants = [...candidates].map(offset => wallMs - offset).filter(ms => offsetAt(ms, zone) === wallMs - ms)
  return instants.length === 0 ? 'gap' : { epochMs: Math.min(...instants), ambiguous: instants.length > 1 }
}

const steadyOffsets = new Map<string, number | undefined>()

/** The one offset of a day and the days around it; undefined when the clocks are changed near it. */
function steadyOffset(wallMs: number, zone: string): number | undefined {
  const day = Math.floor(wallMs / DAY_MS)
  const key = `${zone} ${day}`
  if (steadyOffsets.has(key)) return steadyOffsets.get(key)
  const before = offsetAt((day - 1) * DAY_MS, zone)
  const steady = before === offsetAt((day + 2) * DAY_MS, zone) ? before : undefined
  if (steadyOffsets.size >= MAX_CACHED_DAYS) steadyOffsets.clear()
  steadyOffsets.set(key, steady)
  return steady
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (!format) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
    format = new Intl.DateTimeFormat('en-US', {
      ...parts,
      second: 'numeric',
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
    })
    formats.set(zone, format)
  }
  return format
}

/** How far the zone's clocks are ahead of UTC at an instant, in ms. */
function offsetAt(epochMs: number, zone: string): number {
  const part: Record<string, string> = {}
  for (const { type, value } of formatOf(zone).formatToParts(epochMs)) part[type] = value
  const date = new Date(0)
  date.setUTCFullYear(
    part.era === 'BC' ? 1 - Number(part.year) : Number(part.year),
    Number(part.month) - 1,
    Number(part.day),
  )
  date.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second))
  return date.getTime() - Math.floor(epochMs / 1000) * 1000
}
