import assert from 'node:assert/strict'
import { test } from 'node:test'
import Schema from 'typebox/schema'
import type { JsonValue } from '../../storage/json.ts'
import type { MeasureKind } from './measure.ts'
import { show } from './measure-fixture.ts'
import { makeMeasure, measures } from './measures.ts'

const values: JsonValue[] = [1, 2, 2, 5, null]

test('every kind is made by its name and parameters', () => {
  const shown = (kind: MeasureKind, parameters = {}) => show(makeMeasure(kind, parameters), values)
  assert.deepEqual(
    {
      count: shown('count'),
      sum: shown('sum'),
      mean: shown('mean'),
      min: shown('min'),
      max: shown('max'),
      variance: shown('variance'),
      quantile: shown('quantile', { q: 0.99 }),
      distinct: shown('distinct'),
      top: shown('top', { n: 1 }),
    },
    {
      count: 4,
      sum: 10,
      mean: 2.5,
      min: 1,
      max: 5,
      variance: 2.25,
      quantile: 1.99229,
      distinct: 3,
      top: [{ value: 2, count: 2, missed: 0 }],
    },
  )
  assert.deepEqual((shown('top') as JsonValue[]).length, 3)
})

test('an empty state shows nothing, and a state is a new one each time', () => {
  const shown = Object.keys(measures).map(kind => show(makeMeasure(kind as MeasureKind, { q: 0.5 }), [null]))
  assert.deepEqual(shown, [0, null, null, null, null, null, null, 0, []])
  for (const kind of Object.keys(measures)) {
    const measure = makeMeasure(kind as MeasureKind, { q: 0.5 })
    show(measure, values)
    assert.deepEqual(show(measure, []), measure.finish(measure.empty()))
  }
})

test('only what shows values of single events says so', () => {
  const showing = Object.entries(measures).filter(([, { showsValues }]) => showsValues)
  assert.deepEqual(
    showing.map(([kind]) => kind),
    ['min', 'max', 'top'],
  )
})

test('parameters have bounds', () => {
  const accepts = (kind: MeasureKind, name: string, value: unknown) =>
    Schema.Compile(measures[kind].parameters[name]!).Check(value)
  assert.deepEqual(
    [0, 0.01, 0.5, 0.99, 1, '0.5'].map(q => accepts('quantile', 'q', q)),
    [false, true, true, true, false, false],
  )
  assert.deepEqual(
    [0, 1, 100, 101, 1.5].map(n => accepts('top', 'n', n)),
    [false, true, true, false, false],
  )
})
