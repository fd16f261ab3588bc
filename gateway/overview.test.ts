import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flowsOf, watchOverview } from './overview.ts'

const came = (dataset: string, outcome: string, value: number) => ({ labels: { dataset, outcome }, value })
const carried = (dataset: string, effect: string, value: number) => ({ labels: { dataset, effect }, value })

test('what came and what became of it is summed by dataset, in order of names', () => {
  const flows = flowsOf(
    [
      came('b', 'accepted', 5),
      came('a', 'accepted', 3),
      came('a', 'rejected', 2),
      came('a', 'rejected, not stored', 1),
    ],
    [carried('a', 'effective', 2), carried('a', 'duplicate', 1), carried('c', 'late for a window', 9)],
  )
  const nothing = { effective: 0, duplicate: 0, conflict: 0, held: 0, quarantined: 0 }
  assert.deepEqual(flows, [
    {
      dataset: 'a',
      received: 6,
      accepted: 3,
      rejected: 3,
      suppressed: 0,
      stored: { ...nothing, effective: 2, duplicate: 1 },
    },
    { dataset: 'b', received: 5, accepted: 5, rejected: 0, suppressed: 0, stored: nothing },
    { dataset: 'c', received: 0, accepted: 0, rejected: 0, suppressed: 0, stored: nothing },
  ])
})

test('what was stored is not known where processors run elsewhere', () => {
  assert.equal(flowsOf([came('a', 'accepted', 1)], null)[0]!.stored, null)
})

test('however many watch, what is told is read once', async () => {
  let reads = 0
  const telemetry = {
    read: async () => {
      reads++
      return new Map()
    },
  }
  const read = watchOverview({ telemetry, lookAtPorts: async () => ({ vault: 'ok' }), carriesOn: true, now: Date.now })
  const [first, second] = await Promise.all([read(), read()])
  assert.equal(reads, 1)
  assert.deepEqual(first, second)
  assert.deepEqual([first.ports, first.waiting, first.flows], [{ vault: 'ok' }, null, []])
})
