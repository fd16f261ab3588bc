import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredField } from '../../storage/stored-shapes.ts'
import { redactSubjects } from './redact-subjects.ts'

const field = (pointer: string, of?: string): StoredField => ({
  pointer,
  level: 'internal',
  action: 'keep',
  whole: false,
  ...(of !== undefined && { of }),
})
const contract = {
  fields: [
    field('/gift'),
    field('/to/city', 'receiver'),
    field('/notes/*/text', 'receiver'),
    field('/by/name', 'clerk'),
  ],
  event: {
    subjects: [
      { name: 'giver', type: 'customer', pointer: '/from/id' },
      { name: 'receiver', type: 'customer', pointer: '/to/id' },
      { name: 'clerk', type: 'employee', pointer: '/by/id' },
    ],
  },
}
const event = (): JsonObject => ({
  from: { id: 'p1.giver' },
  to: { id: 'p1.receiver', city: 'Rouen' },
  by: { id: 'p1.clerk', name: 'enc1.x' },
  notes: [{ text: 'one', at: 1 }, { at: 2 }],
  gift: 'book',
})

test('a person’s pseudonym and fields go, in lists too; the rest of the event stays as it was', () => {
  const given = event()
  const redacted = redactSubjects(given, contract, new Set(['p1.receiver', 'p1.other']))
  assert.deepEqual(redacted, {
    ...event(),
    to: { id: null, city: null },
    notes: [{ text: null, at: 1 }, { at: 2 }],
  })
  assert.deepEqual(given, event(), 'the event given is not touched')
})

test('two persons at once; nobody at all; and never the first one', () => {
  const both = redactSubjects(event(), contract, new Set(['p1.receiver', 'p1.clerk']))
  assert.deepEqual(
    [both.to, both.by],
    [
      { id: null, city: null },
      { id: null, name: null },
    ],
  )
  for (const gone of [new Set<string>(), new Set(['p1.giver'])])
    assert.deepEqual(redactSubjects(event(), contract, gone), event())
})
