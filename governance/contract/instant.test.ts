import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTimeZone, readInstant } from './instant.ts'

const read = (text: string, zone?: string) => {
  const instant = readInstant(text, zone)
  if (typeof instant === 'string') return instant
  return `${new Date(instant.epochMs).toISOString()}${instant.ambiguous ? ' ambiguous' : ''}`
}

const promises: [promise: string, text: string, zone: string | undefined, result: string][] = [
  ['a time with Z is an instant', '2025-04-17T10:30:00Z', undefined, '2025-04-17T10:30:00.000Z'],
  ['an offset wins over the zone', '2025-04-17t10:30:00.5+05:30', 'Europe/Paris', '2025-04-17T05:00:00.500Z'],
  ['a negative offset is added', '2025-04-17 10:30-02:00', undefined, '2025-04-17T12:30:00.000Z'],
  ['digits beyond milliseconds are cut', '2025-04-17T10:30:00.123999Z', undefined, '2025-04-17T10:30:00.123Z'],
  ['a local time is read in its zone', '2025-04-17T10:30:00', 'Europe/Paris', '2025-04-17T08:30:00.000Z'],
  ['a date is its midnight', '2025-01-01', 'Europe/Paris', '2024-12-31T23:00:00.000Z'],
  ['a time in a gap is none', '2025-03-30T02:30:00', 'Europe/Paris', 'gap'],
  ['the last moment before a gap is one', '2025-03-30T01:59:59', 'Europe/Paris', '2025-03-30T00:59:59.000Z'],
  ['the first moment after a gap is one', '2025-03-30T03:00:00', 'Europe/Paris', '2025-03-30T01:00:00.000Z'],
  ['a time in a fold is the first of two', '2025-10-26T02:30:00', 'Europe/Paris', '2025-10-26T00:30:00.000Z ambiguous'],
  ['the moment after a fold is not ambiguous', '2025-10-26T03:00:00', 'Europe/Paris', '2025-10-26T02:00:00.000Z'],
  ['a fold west of Greenwich too', '2025-11-02T01:30:00', 'America/New_York', '2025-11-02T05:30:00.000Z ambiguous'],
  [
    'half an hour of summer time is known',
    '2025-04-06T01:45:00',
    'Australia/Lord_Howe',
    '2025-04-05T14:45:00.000Z ambiguous',
  ],
  ['a day that a zone left out is a gap', '2011-12-30T10:00:00', 'Pacific/Apia', 'gap'],
  ['local mean time is known to the second', '1900-01-01T00:00:00', 'Europe/Paris', '1899-12-31T23:50:39.000Z'],
  ['a leap second is the next second', '2016-12-31T23:59:60Z', undefined, '2017-01-01T00:00:00.000Z'],
  ['a leap day is a day', '2024-02-29', 'UTC', '2024-02-29T00:00:00.000Z'],
  ['a day that is in no calendar is impossible', '2025-02-30T00:00:00Z', undefined, 'impossible'],
  ['hour 24 is impossible', '2025-02-03T24:00:00Z', undefined, 'impossible'],
  ['an offset of a day is impossible', '2025-02-03T10:00:00+24:00', undefined, 'impossible'],
  ['a year 0 is impossible', '0000-01-01T00:00:00Z', undefined, 'impossible'],
  ['no offset and no zone is no instant', '2025-04-17T10:30:00', undefined, 'offset'],
  ['words are malformed', 'yesterday', 'Europe/Paris', 'malformed'],
]

for (const [promise, text, zone, result] of promises) test(promise, () => assert.equal(read(text, zone), result))

test('a local time that a zone really shows leads back to it', () => {
  const zones = ['Europe/Paris', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Casablanca']
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), fc.constantFrom(...zones), (seconds, zone) => {
      const shown = new Date(seconds * 1000).toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T')
      const instant = readInstant(shown, zone)
      assert.ok(typeof instant === 'object')
      if (!instant.ambiguous) assert.equal(instant.epochMs, seconds * 1000)
      assert.equal(new Date(instant.epochMs).toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T'), shown)
    }),
    { numRuns: 300 },
  )
})

test('many days of many zones stay bounded', () => {
  for (let day = 0; day < 11_000; day++) readInstant(new Date(day * 86_400_000).toISOString().slice(0, 19), 'UTC')
  assert.equal(read('2025-04-17T10:30:00', 'UTC'), '2025-04-17T10:30:00.000Z')
})

test('a zone is known by its IANA name', () => {
  assert.ok(isTimeZone('Europe/Paris'))
  assert.ok(!isTimeZone('Paris'))
})
