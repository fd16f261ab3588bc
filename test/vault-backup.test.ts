// A copy of the embedded vault: made while it is used, brought back, and worthless for those who were erased once their
// epoch has ended, even to whoever has every key that is left.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findPersons } from '../governance/subjects/find-persons.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { type LivingPerson, openPeople } from '../governance/subjects/people.ts'
import { rewrapPersons } from '../governance/subjects/rewrap-persons.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { temporaryVault } from './temporary-vault.ts'

const KEK = Buffer.alloc(32, 1)
const DAY_MS = 86_400_000
const leaseMs = 60_000
const reference = (id: string) => ({ type: 'customer', id, aliases: [], create: true })

async function world(t: TestContext) {
  const { vault, dir } = await temporaryVault(t)
  const clock = { ms: Date.now() }
  const now = () => clock.ms
  const ring = await openKeyRing(vault, KEK, now)
  const people = await openPeople(vault, ring, { leaseMs, cachedPersons: 1_000 })
  const rewrap = () => rewrapPersons(vault, ring, { epochMs: 30 * DAY_MS, leaseMs, now })
  return { vault, dir, clock, ring, people, rewrap }
}

/** Runs `ecluse vault …` on a data directory. */
function runVault(dir: string, ...args: string[]) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, '../cli/main.ts'), 'vault', ...args],
    {
      env: { ECLUSE_DATA_DIR: dir },
      encoding: 'utf8',
      timeout: 120_000,
    },
  )
  assert.equal(status, 0, stderr)
}

async function restored(t: TestContext, dir: string, copy: string, epochKeys: string, name: string) {
  const target = join(dir, name)
  await mkdir(target, { mode: 0o700 })
  runVault(target, 'restore', copy, '--epoch-keys', epochKeys)
  const vault = openSqliteVault(join(target, 'vault.sqlite'))
  t.after(() => vault.close())
  return { vault, ring: await openKeyRing(vault, KEK, Date.now) }
}

test('a vault that was copied while it is used comes back with its persons', async t => {
  const { dir, people } = await world(t)
  const ids = Array.from({ length: 50 }, (_, i) => `User${i}`)
  const before = (await people.lookUp(ids.map(reference))) as LivingPerson[]
  const copy = join(dir, 'copy')
  runVault(dir, 'backup', copy)
  await people.lookUp([reference('After')])
  for (const file of [copy, `${copy}.epoch-keys`]) assert.equal((await stat(file)).mode & 0o777, 0o600)
  const { vault, ring } = await restored(t, dir, copy, `${copy}.epoch-keys`, 'other')
  const found = await findPersons(
    vault,
    ring,
    before.map(({ pseudonym }) => pseudonym),
  )
  for (const [i, { pseudonym, keys }] of before.entries()) {
    assert.equal(found.get(pseudonym)!.id, ids[i])
    assert.equal(found.get(pseudonym)!.keys.token('x'), keys.token('x'))
  }
  // What a restore costs: whoever came since the copy.
  assert.equal((await vault.listPersons({ limit: 1_000 })).length, 50)
})

test('after the epoch’s end no copy from before opens anybody, with every key that is left', async t => {
  const { vault, dir, clock, people, rewrap } = await world(t)
  const [person] = (await people.lookUp([reference('User0'), reference('User1')])) as LivingPerson[]
  const [old, current] = [join(dir, 'old'), join(dir, 'current')]
  const epochKeys = join(dir, 'epoch-keys.json')
  runVault(dir, 'backup', old, '--epoch-keys', epochKeys)
  const [epochKey] = await vault.listKeys('epoch/')
  assert.equal((await readFile(old)).includes(epochKey!.sealed), false)

  const [entry] = await vault.findByPseudonyms([person!.pseudonym])
  await vault.erasePerson(entry!.lookup, entry!.pseudonym)
  clock.ms += 30 * DAY_MS
  await rewrap()
  clock.ms += DAY_MS
  assert.deepEqual((await rewrap()).destroyed, ['epoch/1'])
  runVault(dir, 'backup', current, '--epoch-keys', epochKeys)

  assert.ok((await readFile(old)).includes(entry!.sealedKey), 'the old copy holds the sealed key')
  const back = await restored(t, dir, old, epochKeys, 'other')
  await assert.rejects(findPersons(back.vault, back.ring, [person!.pseudonym]), /epoch 1 is destroyed/)
  const now = await restored(t, dir, current, epochKeys, 'newest')
  assert.equal((await findPersons(now.vault, now.ring, [person!.pseudonym])).size, 0)
  assert.equal((await now.vault.listPersons({ limit: 10 })).length, 1)
})
