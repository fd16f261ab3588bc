import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Flow, flowsOf, showOverview, watchOverview } from './overview.ts'

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

describe('who may not read the ledger', () => {
  const stored = { effective: 4, duplicate: 1, conflict: 0, held: 2, quarantined: 3 }
  const flow: Flow = { dataset: 'a', received: 12, accepted: 7, rejected: 3, suppressed: 2, stored }
  const other = { ...flow, dataset: 'b' }
  const overview = { at: '', since: '', ports: {}, waiting: 3, flows: [flow, other] }
  const seesLedger = (dataset: string) => dataset === 'b'

  test('is not told what is held of restricted persons: it counts as stored', () => {
    const { held, ...others } = { ...stored, effective: 6 }
    const shown = showOverview(overview, { seesLedger, tellSuppressed: 'suppressed' })
    assert.deepEqual(shown, { ...overview, flows: [{ ...flow, stored: others }, other] })
    const elsewhere = showOverview(
      { ...overview, flows: [{ ...flow, stored: null }] },
      { seesLedger, tellSuppressed: 'suppressed' },
    )
    assert.equal(elsewhere.flows[0]!.stored, null)
  })

  test('is not told what was suppressed where producers are not, nor what that is missing from', () => {
    const shown = showOverview(overview, { seesLedger, tellSuppressed: 'accepted' })
    const answered = { ...flow, accepted: 9, suppressed: 0, stored: null }
    assert.deepEqual(shown, { ...overview, waiting: null, flows: [answered, other] })
    const all = { seesLedger: () => true, tellSuppressed: 'accepted' as const }
    assert.deepEqual(showOverview(overview, all), overview)
  })
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
