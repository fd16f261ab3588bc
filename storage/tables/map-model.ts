// The tables port against a plain Map, by random runs of writes: a part of the contract suite.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { row } from './sample-table.ts'
import type { Row, Tables } from './tables.ts'

const key = fc.record({
  part: fc.constantFrom('p', '__proto__'),
  at: fc.constantFrom(-1, 0, 1),
  name: fc.constantFrom('a', 'B', 'é'),
})
const cells = fc.record({
  total: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  // SQLite does not keep the sign of zero.
  mean: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map(mean => mean + 0)),
  final: fc.option(fc.boolean()),
  note: fc.option(fc.string({ unit: 'binary' })),
})
const write = fc.record({ key, cells: fc.option(cells) })

/** Runs random upserts and removals in random order of their write versions, one write a version, and compares. */
export async function agreesWithMap(tables: Tables, freshTable: () => Promise<string>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 12 }), fc.infiniteStream(fc.nat()), async (writes, shuffle) => {
      const table = await freshTable()
      const model = new Map<string, { version: bigint; row: Row | null }>()
      const versioned = writes.map((each, i) => ({
        ...each,
        version: BigInt(i + 1),
        rank: shuffle.next().value as number,
      }))
      for (const { key, cells, version } of versioned.sort((one, two) => one.rank - two.rank)) {
        const name = JSON.stringify(key)
        const written = cells && row({ ...key, ...cells })
        if ((model.get(name)?.version ?? 0n) < version) model.set(name, { version, row: written })
        if (written) await tables.upsert(table, [{ row: written, writeVersion: version, ttlSeconds: null }])
        else await tables.remove(table, [{ key: { ...key }, writeVersion: version }])
      }
      for (const part of ['p', '__proto__']) {
        const expected = [...model.values()].flatMap(({ row }) => (row?.part === part ? [row] : []))
        expected.sort((one, two) => Number(two.at) - Number(one.at) || (`${one.name}` < `${two.name}` ? -1 : 1))
        assert.deepEqual(await tables.read(table, { partition: { part }, limit: 100 }), expected)
      }
    }),
    { numRuns: 40 },
  )
}
