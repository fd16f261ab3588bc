import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../storage/json.ts'
import { sentences } from './anomaly-sentences.ts'
import { describeAnomaly, describeMismatches, type MismatchEvidence } from './describe-anomaly.ts'
import type { MetricName } from './metrics-of.ts'

const numbers = { value: 0.1234, of: 567, usual: 0.089 }
const about: Partial<Record<MetricName, string>> = { broken: 'not-negative', causes: 'type', suspects: 'email' }
const kinds: Partial<Record<MetricName, string>> = { volume: 'unusual-volume' }

/** An anomaly as it is stored, of a metric. */
function stored(metric: MetricName, more: JsonObject = {}, kind = kinds[metric] ?? 'any') {
  const evidence = { metric, ...numbers, ...(about[metric] && { about: about[metric] }), ...more }
  const seen = { ...evidence, kind, pointer: '/amount', about: about[metric] ?? '' }
  return { kind, pointer: '/amount', evidence, detail: sentences.en[metric](seen) }
}

const figuresIn = (text: string) =>
  [...text.matchAll(/\d+(?:[.,]\d+)?/g)].map(([found]) => found.replace(',', '.')).sort()

test('both languages tell the same numbers, names and pointers', () => {
  const all = [
    ...(Object.keys(sentences.en) as MetricName[]).map(metric =>
      stored(metric, metric === 'spread' ? { allowed: 0.25 } : metric === 'volume' ? { value: 340 } : {}),
    ),
    stored('rejections', { allowed: 0.01 }),
    stored('volume', { value: 900, allowed: 500 }),
    stored('volume', { value: 0, usual: 12, allowed: 900_000, since: '2026-11-21T12:00:00.000Z' }, 'silence'),
    stored('volume', { value: 0 }, 'silence'),
    stored('causes', { about: 'required' }),
  ]
  for (const anomaly of all) {
    assert.equal(describeAnomaly(anomaly, 'en'), anomaly.detail)
    const french = describeAnomaly(anomaly, 'fr')
    assert.notEqual(french, anomaly.detail)
    assert.deepEqual(figuresIn(french), figuresIn(anomaly.detail), french)
    assert.equal(french.includes('/amount'), anomaly.detail.includes('/amount'), french)
    assert.equal(french.includes('not-negative'), anomaly.detail.includes('not-negative'), french)
    assert.doesNotMatch(french, /undefined|NaN|\d\.\d(?!\d*Z)/)
  }
})

test('a ledger that does not balance says so in both languages', () => {
  const evidence: MismatchEvidence = {
    mismatches: [
      { equation: 'received', expected: 3, found: 4 },
      { equation: 'accepted', expected: 5, found: 6 },
      { equation: 'archive', expected: 7, found: 8 },
    ],
    line: { window: { start: '2026-11-21T12:00:00.000Z', end: '2026-11-21T12:01:00.000Z' } },
  }
  const detail = describeMismatches(evidence, 'en')
  const anomaly = { kind: 'ledger-mismatch', evidence: evidence as unknown as JsonObject, detail }
  const french = describeAnomaly(anomaly, 'fr')
  assert.match(french, /^De ce qui a été reçu du /)
  assert.deepEqual(figuresIn(french), figuresIn(detail))
})

test('what is not known is told as it is stored', () => {
  const anomaly = { kind: 'of-a-later-version', evidence: { metric: 'tides' }, detail: 'The tide was high.' }
  assert.equal(describeAnomaly(anomaly, 'fr'), anomaly.detail)
  assert.match(describeAnomaly({ kind: 'conflict', detail: 'x' }, 'fr'), /première copie/)
  assert.match(describeAnomaly({ kind: 'unreadable-record', detail: 'No id.' }, 'fr'), /« No id\. »/)
})
