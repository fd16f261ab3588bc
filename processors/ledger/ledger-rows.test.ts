import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { temporaryDocuments } from '../documents-fixture.ts'
import { sumsIn } from './ledger-fixture.ts'
import { type Counted, type LedgerPart, openLedgerRows } from './ledger-rows.ts'

const PART: LedgerPart = { dataset: 'orders', side: 'processors', incarnation: 'i', partition: 0 }
const KEPT_MS = 86_400_000

/** Some hours, so that rows come and go from memory. */
const minutes = Array.from({ length: 8 }, (_, i) => `2026-11-21T1${i}:0${i % 3}`)
const records = fc.array(
  fc.record({ minute: fc.constantFrom(...minutes), what: fc.constantFrom('effective', 'duplicates') }),
  { minLength: 1, maxLength: 60 },
)
/** Batches as a group may hand them out: each begins at or before the end of those before, to one of two owners. */
const steps = fc.array(
  fc.record({ back: fc.nat(20), size: fc.integer({ min: 1, max: 15 }), owner: fc.nat(1), dies: fc.boolean() }),
  { maxLength: 30 },
)
const theRest = { back: 60, size: 60, owner: 0, dies: false }

test('whatever batches come again, and whoever has them, each record counts once', async t => {
  const documents = await temporaryDocuments(t)
  await fc.assert(
    fc.asyncProperty(records, steps, async (log, given) => {
      const part = { ...PART, dataset: randomUUID() }
      const counted: Counted[] = log.map(({ minute, what }, offset) => ({ offset, minute, counts: { [what]: 1 } }))
      const owners = [openLedgerRows(documents), openLedgerRows(documents)]
      let reached = 0
      for (const { back, size, owner, dies } of [...given, theRest]) {
        const from = Math.max(0, reached - back)
        const next = Math.min(log.length, from + size)
        if (dies) owners[owner] = openLedgerRows(documents)
        if (from === next) continue
        await owners[owner]!.add(part, { from, next }, counted.slice(from, next), KEPT_MS)
        reached = Math.max(reached, next)
      }
      const expected: Record<string, number> = {}
      for (const { minute, what } of log) expected[`${minute} ${what}`] = (expected[`${minute} ${what}`] ?? 0) + 1
      assert.deepEqual(await sumsIn(documents, part.dataset), expected)
    }),
  )
})

test('a write that fails is made up for when the batch comes again; a row ends with what it counts', async t => {
  const documents = await temporaryDocuments(t)
  let broken = true
  const rows = openLedgerRows({
    get: documents.get,
    upsertNewer: async (...given) => {
      if (broken) throw new Error('the store is down')
      return documents.upsertNewer(...given)
    },
  })
  const counted = [{ offset: 5, minute: '2026-11-21T17:08', counts: { effective: 1 } }]
  await assert.rejects(rows.add(PART, { from: 5, next: 6 }, counted, KEPT_MS))
  broken = false
  await rows.add(PART, { from: 5, next: 6 }, counted, KEPT_MS)
  await rows.add({ ...PART, incarnation: 'made anew' }, { from: 0, next: 6 }, counted, undefined)
  assert.deepEqual(await sumsIn(documents, 'orders'), { '2026-11-21T17:08 effective': 2 })
  const ends = (await documents.find('ledger', { limit: 10 })).map(({ expiresAtMs }) => expiresAtMs)
  assert.deepEqual(ends, [Date.parse('2026-11-21T17:00:00Z') + KEPT_MS, null])
})
