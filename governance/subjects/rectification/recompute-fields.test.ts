import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import type { StoredField } from '../../../storage/stored-shapes.ts'
import { compileComputed } from '../../contract/compute.ts'
import type { Computation } from '../../contract/computed-shape.ts'
import type { FieldRule } from '../../contract/contract.ts'
import type { CheckedChange } from './check-changes.ts'
import { affectedFields, recomputeFields } from './recompute-fields.ts'

const computations: Record<string, Computation> = {
  full: { join: ['/name/first', '/name/last'] },
  age: { years: { since: '/born' } },
  received: 'received',
}
const rules = Object.entries(computations).map(([name, computed]) => ({ pointer: `/${name}`, computed }) as FieldRule)
const { compute } = {
  compute: compileComputed(Object.entries(computations).map(([name, computation]) => ({ name, computation }))),
}
const moments = { time: '2026-11-21T00:00:00.000Z', receivedAt: '2026-11-22T00:00:00.000Z' }

/** A change of what stands at a pointer. */
function change(pointer: string, value: JsonValue): CheckedChange {
  const tokens = pointer.slice(1).split('/')
  const raw = tokens.reduceRight<JsonValue>((inner, token) => ({ [token]: inner }), value) as JsonObject
  return { tokens, pattern: pointer, raw }
}

const field = (pointer: string, action: string, whole = false): StoredField => ({
  pointer,
  action,
  whole,
  level: 'confidential',
})

function recomputed(event: JsonObject, fields: StoredField[], ...changes: CheckedChange[]) {
  const affected = affectedFields({ fields: rules }, { pointer: '/at' }, changes)
  // Opens what looks sealed, and nothing else.
  const open = (value: JsonValue) =>
    typeof value === 'string' && value.startsWith('!') ? JSON.parse(value.slice(1)) : value
  return Object.fromEntries(
    recomputeFields({ compute }, affected, { stored: { event }, fields, open, changes }, moments),
  )
}

test('a computed field is affected by a change of what it is made of, or of what holds that; years by the event’s time', () => {
  const affected = (...pointers: string[]) =>
    affectedFields(
      { fields: rules },
      { pointer: '/at' },
      pointers.map(pattern => ({ pattern })),
    ).map(({ pointer }) => pointer)
  assert.deepEqual(affected('/name/first'), ['/full'])
  assert.deepEqual(affected('/name'), ['/full'])
  assert.deepEqual(affected('/born'), ['/age'])
  assert.deepEqual(affected('/at'), ['/age'])
  assert.deepEqual(affected('/name/firstly', '/nam'), [])
})

describe('a computed field is made of', () => {
  test('changed values, and of the others what is kept or opens', () => {
    const stored = { name: { first: '!"Ada"', last: 'King' } }
    const fields = [field('/name/first', 'encrypt'), field('/name/last', 'keep')]
    assert.deepEqual(recomputed(stored, fields, change('/name/last', 'Byron')), { '/full': 'Ada Byron' })
    assert.deepEqual(recomputed(stored, fields, change('/name/first', 'Zoé')), { '/full': 'Zoé King' })
  })

  test('parts of what is sealed as one value', () => {
    const whole = [field('/name', 'encrypt', true)]
    assert.deepEqual(recomputed({}, whole, change('/name', { first: 'Ada' })), { '/full': 'Ada' })
    const stored = { name: '!{"first":"Ada","last":"King"}', born: '!"1990-01-01"' }
    assert.deepEqual(recomputed(stored, [...whole, field('/born', 'encrypt')], change('/at', moments.time)), {
      '/age': 36,
    })
  })

  test('nothing, where nothing of it is there', () => {
    assert.deepEqual(recomputed({ born: null }, [field('/born', 'encrypt')], change('/at', moments.time)), {})
    assert.deepEqual(recomputed({}, [], change('/born', 'no date')), {})
  })
})

test('what is stored otherwise than as its value is asked for', () => {
  for (const [stored, action] of [
    ['1990', 'generalise'],
    ['tok1.x', 'pseudonymise'],
    ['noise', 'encrypt'],
    [null, 'redact'],
    [undefined, 'drop'],
  ] as const)
    assert.throws(
      () =>
        recomputed(stored === undefined ? {} : { born: stored }, [field('/born', action)], change('/at', moments.time)),
      /\/age is computed from \/born, of which the value itself is not stored: name it in `changes` too/,
      action,
    )
})
