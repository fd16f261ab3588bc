import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareSides, tableOf } from './compare-sides.ts'
import type { TalliedTest } from './tally-reporter.ts'

const ofSuite = (suite: string, count: number, outcome: TalliedTest['outcome'] = 'passed'): TalliedTest[] =>
  Array.from({ length: count }, (_, i) => ({ suite, name: `test ${i}`, outcome }))

test('sides that passed as many tests as each other are well', () => {
  const tests = [...ofSuite('event log: SQLite', 15), ...ofSuite('event log: Kafka', 15), ...ofSuite('', 3)]
  const { rows, problems } = compareSides(tests, ['event-log'])
  assert.deepEqual(problems, [])
  assert.equal(tableOf(rows), 'port       side    tests passed\nevent-log  SQLite  15\nevent-log  Kafka   15')
})

test('a side that failed one, a side that was not run and a test that was skipped are problems', () => {
  const tests = [
    ...ofSuite('vault: SQLite', 2),
    ...ofSuite('vault: MongoDB', 1),
    ...ofSuite('vault: MongoDB', 1, 'failed'),
    ...ofSuite('lake: a folder', 2),
    ...ofSuite('', 1, 'skipped'),
  ]
  assert.deepEqual(compareSides(tests, ['vault', 'lake']).problems, [
    'vault: its sides passed different numbers of tests',
    'lake: 1 side was tested, and it has two',
    'a test was skipped: test 0',
  ])
})
