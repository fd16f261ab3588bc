import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noPromises, type QualityPolicy } from '../contract/quality.ts'
import { dimensionsOf, missedTargets, scoreOf } from './dimensions.ts'
import type { QualityWindow, Volume } from './quality-window.ts'
import { schemaDriftOf } from './schema-drift.ts'

const volume: Volume = {
  ...{ received: 102, accepted: 90, suppressed: 0, rejected: 10, unanswered: 2 },
  ...{ effective: 70, duplicates: 15, conflicts: 5, held: 10 },
}
const window: QualityWindow = {
  ...{ dataset: 'orders', startMs: 0, endMs: 60_000, volume, events: 70 },
  fields: new Map([
    ['/amount', { of: 70, missing: 0 }],
    ['/note', { of: 70, missing: 70 }],
  ]),
  ...{ numbers: new Map(), delay: null, timed: 50, inTime: 40, ahead: 0 },
  consistency: new Map([['positive', { of: 20, broken: 1 }]]),
  ...{ causes: new Map(), sampled: 0, suspects: new Map() },
}
const promises: QualityPolicy = {
  completeness: [{ pointer: '/amount', share: 1, level: 'internal' }],
  ...{ conformity: 0.95, uniqueness: 0.5, timeliness: { withinMs: 1_000, share: 0.9 }, skewMs: 0 },
  consistency: [{ name: 'positive', when: [], require: [], share: 0.9 }],
}

test('each dimension is a share, and the score the mean of those that tell', () => {
  const dimensions = dimensionsOf(window, promises)
  assert.deepEqual(dimensions, {
    ...{ completeness: 1, conformity: 0.9, uniqueness: 0.8, timeliness: 0.8, consistency: 0.95 },
  })
  assert.equal(scoreOf(dimensions), 89)
  // Without promises, all fields count, and nobody says what is late or consistent.
  const bare = dimensionsOf({ ...window, inTime: null }, noPromises)
  assert.deepEqual(bare, { completeness: 0.5, conformity: 0.9, uniqueness: 0.8, timeliness: null, consistency: null })
  assert.equal(scoreOf(bare), 73.3)
})

test('promises that were not kept are named with what there was', () => {
  assert.deepEqual(missedTargets(window, promises), [
    { dimension: 'conformity', promised: 0.95, share: 0.9 },
    { dimension: 'timeliness', promised: 0.9, share: 0.8 },
  ])
  const strict = { ...promises, completeness: [{ pointer: '/note', share: 0.1, level: 'internal' as const }] }
  assert.deepEqual(missedTargets(window, strict)[0], {
    ...{ dimension: 'completeness', pointer: '/note', promised: 0.1, share: 0 },
  })
})

test('of fewer than five events nothing is told', () => {
  const few: QualityWindow = {
    ...{ ...window, events: 4, timed: 4, inTime: 0, consistency: new Map([['positive', { of: 4, broken: 4 }]]) },
    volume: { ...volume, accepted: 4, rejected: 0, effective: 4, duplicates: 0, conflicts: 0, held: 0 },
  }
  const dimensions = dimensionsOf(few, promises)
  assert.deepEqual(new Set(Object.values(dimensions)), new Set([null]))
  assert.deepEqual([scoreOf(dimensions), missedTargets(few, promises)], [null, []])
})

test('causes tell where producers send otherwise than their schema says', () => {
  const drift = schemaDriftOf(
    new Map([
      ['/details additionalProperties', 3],
      ['(event) additionalProperties', 2],
      ['/amount type', 1],
      ['/means enum', 4],
      ['/amount minimum', 7],
      ['unknown', 1],
    ]),
  )
  assert.deepEqual(
    drift.undeclaredFields,
    new Map([
      ['/details', 3],
      ['', 2],
    ]),
  )
  assert.deepEqual(drift.changedTypes, new Map([['/amount', 1]]))
  assert.deepEqual(drift.newValues, new Map([['/means', 4]]))
})
