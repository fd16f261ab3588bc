import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { LAST_WRITE_VERSION, openIncarnations } from './incarnations.ts'

async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-incarnations-'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  t.after(async () => {
    await vault.close()
    rmSync(dir, { recursive: true })
  })
  return vault
}

const at = (incarnation: string, offset: number) => ({ incarnation, partition: 0, offset })

test('a write version grows with the changes, more with the offset, more with the epoch, most with the incarnation', async t => {
  const { writeVersion } = openIncarnations(await opened(t))
  const versions = [
    await writeVersion('a', at('first', 0), 0, 0),
    await writeVersion('a', at('first', 0), 0, 3),
    await writeVersion('a', at('first', 1), 0, 0),
    await writeVersion('a', at('first', 2 ** 37), 0, 0),
    await writeVersion('a', at('first', 3), 1, 0),
    await writeVersion('a', at('second', 0), 0, 0),
    await writeVersion('a', at('second', 1), 0, 0),
  ]
  assert.deepEqual(
    versions.toSorted((a, b) => (a < b ? -1 : 1)),
    versions,
  )
  assert.equal(await writeVersion('a', at('first', 0), 0, 0), versions[0])
  assert.equal(await writeVersion('b', at('second', 0), 0, 0), 0n, 'each topic is numbered by itself')
})

test('processors that meet incarnations in another order agree on their numbers', async t => {
  const vault = await opened(t)
  const [one, two] = [openIncarnations(vault), openIncarnations(vault)]
  await Promise.all([one.writeVersion('a', at('x', 0), 0, 0), two.writeVersion('a', at('y', 0), 0, 0)])
  for (const incarnation of ['x', 'y'])
    assert.equal(
      await one.writeVersion('a', at(incarnation, 5), 0, 0),
      await two.writeVersion('a', at(incarnation, 5), 0, 0),
    )
})

test('the greatest write version fits 63 bits, and one beyond is refused', async t => {
  const { writeVersion } = openIncarnations(await opened(t))
  assert.ok((await writeVersion('a', at('x', 2 ** 38 - 2), 511, 255)) < LAST_WRITE_VERSION)
  assert.ok(LAST_WRITE_VERSION < 2n ** 63n)
  await assert.rejects(writeVersion('a', at('x', 2 ** 38 - 1), 0, 0), RangeError)
  await assert.rejects(writeVersion('a', at('x', 0), 512, 0), RangeError)
})
