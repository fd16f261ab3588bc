import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { type Later, stepsOf } from './event-history.ts'

const at = (minute: number) => `2026-11-21T17:${String(minute).padStart(2, '0')}:00.000Z`
const position = (offset: number) => ({ incarnation: 'i', partition: 2, offset })

const stored = (changes: Partial<StoredEvent> = {}): StoredEvent => ({
  ...{ id: 'e', dataset: 'orders', time: at(0), timeAmbiguous: false, receivedAt: at(1), subject: null, others: [] },
  ...{ schema: '1-0-0', policy: 'p', position: position(5), content: '', changes: 0, held: 0, event: {} },
  ...{ rectifies: null, rectifiedAt: null, rectifiedBy: null, reprotectedAt: null },
  ...changes,
})
const nothing: Later = { duplicates: [], conflicts: [], correctedAt: undefined }

const told = (event: StoredEvent, later: Partial<Later> = {}) =>
  stepsOf(event, { ...nothing, ...later }).map(({ step, at, event }) => [step, at, event].filter(Boolean).join(' '))

test('what came later stands in the order of its times, and last what has none', () => {
  const later = {
    duplicates: [{ receivedAt: at(9), position: position(9) }, { receivedAt: at(3) }],
    conflicts: [{ detectedAt: at(4), position: position(6) }],
  }
  const event = stored({ rectifiedBy: 'e~r1', reprotectedAt: at(7) })
  assert.deepEqual(told(event, later), [
    `received ${at(1)}`,
    'appended',
    `duplicate ${at(3)}`,
    `conflict ${at(4)}`,
    `reprotected ${at(7)}`,
    `duplicate ${at(9)}`,
    'corrected e~r1',
  ])
  assert.deepEqual(told(event, { correctedAt: at(5) }).slice(2), [`corrected ${at(5)} e~r1`, `reprotected ${at(7)}`])
})

test('a correction was never received, a replayed event twice looked at', () => {
  const correction = stored({ rectifies: 'e0', rectifiedAt: at(2) })
  assert.deepEqual(told(correction), [`corrects ${at(2)} e0`, 'appended'])
  const replayed = stored({ replay: { at: at(8), request: 'r' } })
  assert.deepEqual(told(replayed), [`received ${at(1)}`, 'quarantined', `replayed ${at(8)}`, 'appended'])
  assert.equal(stepsOf(replayed, nothing)[2]!.request, 'r')
})

test('an event archived before any of this was noted says what it knows', () => {
  const { rectifies: _, rectifiedAt: _a, rectifiedBy: _b, reprotectedAt: _c, ...old } = stored()
  assert.deepEqual(stepsOf(old as StoredEvent, nothing), [
    { step: 'received', at: at(1) },
    { step: 'appended', position: { topic: 'ecluse.orders', ...position(5) } },
  ])
})
