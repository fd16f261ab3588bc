import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { samplePerson, vaultContractSuite } from './contract-suite.ts'
import { openSqliteVault } from './sqlite.ts'
import { type PersonEntry, type Vault, VaultUnavailable } from './vault.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'vault-'))

vaultContractSuite('SQLite', async () => {
  const dir = await freshDir()
  const path = join(dir, 'vault.sqlite')
  const vault = openSqliteVault(path)
  return {
    vault,
    openAgain: async () => openSqliteVault(path),
    close: async () => {
      await vault.close()
      await rm(dir, { recursive: true })
    },
  }
})

async function openFor(t: TestContext): Promise<{ vault: Vault; dir: string; path: string }> {
  const dir = await freshDir()
  t.after(() => rm(dir, { recursive: true }))
  const path = join(dir, 'vault.sqlite')
  return { vault: openSqliteVault(path), dir, path }
}

/** Every byte of the vault's files, as they are on disk. */
async function filesOf(dir: string): Promise<Buffer> {
  return Buffer.concat(await Promise.all((await readdir(dir)).map(name => readFile(join(dir, name)))))
}

const persons = (count: number) =>
  Array.from({ length: count }, () => samplePerson({ aliases: [randomBytes(32).toString('hex')] }))

test('the files are for their owner alone', async t => {
  const { vault, path } = await openFor(t)
  for (const suffix of ['', '-wal', '-shm']) assert.equal((await stat(path + suffix)).mode & 0o777, 0o600)
  await vault.close()
})

test('living and erased persons are there after opening again', async t => {
  const { vault, path } = await openFor(t)
  const [living, erased] = persons(2) as [PersonEntry, PersonEntry]
  await vault.insertPersonsIfAbsent([living, erased])
  await vault.erasePerson(erased.lookup)
  await vault.close()
  const again = openSqliteVault(path)
  assert.deepEqual(await again.findPersons([living.lookup, erased.lookup]), [
    living,
    { lookup: erased.lookup, state: 'erased' },
  ])
  assert.deepEqual(await again.findErasedPseudonyms([erased.pseudonym]), new Set([erased.pseudonym]))
  await again.close()
})

/** The same bytes in every run, so that entries move between pages in the same way. */
const seeded = (text: string) => createHash('sha512').update(`2${text}`).digest()
const seededHash = (text: string) => seeded(text).toString('hex', 0, 32)
const seededPerson = (i: number) =>
  samplePerson({
    lookup: seededHash(`l${i}`),
    pseudonym: `p1.${seeded(`p${i}`).toString('base64url', 0, 16)}`,
    sealedId: seeded(`i${i}`).subarray(0, 60),
    sealedKey: seeded(`k${i}`).subarray(0, 60),
    aliases: Array.from({ length: seeded(`n${i}`)[0]! % 13 }, (_, alias) => seededHash(`a${i}/${alias}`)),
  })

test('no byte of an erased person is left in any file, even where SQLite left copies when entries moved', async t => {
  const { vault, dir, path } = await openFor(t)
  const all = Array.from({ length: 3_000 }, (_, i) => seededPerson(i))
  for (let i = 0; i < all.length; i += 100) await vault.insertPersonsIfAbsent(all.slice(i, i + 100))
  for (let i = 0; i < all.length; i += 3) {
    await vault.addAliases([{ lookup: all[i]!.lookup, aliases: [seededHash(`b${i}`), seededHash(`c${i}`)] }])
  }
  const beside = openSqliteVault(path)
  const erased = all.filter((_, i) => i % 3 === 0).slice(0, 12)
  for (const { lookup } of erased) await vault.erasePerson(lookup)
  const bytes = await filesOf(dir)
  for (const { lookup, pseudonym, sealedKey, sealedId, aliases } of erased) {
    for (const secret of [sealedKey, sealedId, ...aliases, lookup + pseudonym]) assert.equal(bytes.indexOf(secret), -1)
    // The two facts of an erasure stay, each once.
    for (const fact of [lookup, pseudonym]) assert.equal(bytes.indexOf(fact), bytes.lastIndexOf(fact))
    assert.ok(bytes.includes(lookup) && bytes.includes(pseudonym))
  }
  assert.ok(bytes.includes(all[1]!.sealedKey), 'the search finds what is there')
  await beside.close()
  await vault.close()
})

test('a key that ended leaves no byte either', async t => {
  const { vault, dir } = await openFor(t)
  const keys = Array.from({ length: 200 }, (_, i) => ({
    name: `day/${randomBytes(4).toString('hex')}`,
    sealed: randomBytes(60),
    createdAtMs: 0,
    endsAtMs: i,
  }))
  for (const key of keys) await vault.putKeyIfAbsent(key)
  assert.equal((await vault.deleteEndedKeys(49)).length, 50)
  const bytes = await filesOf(dir)
  for (const [i, { sealed }] of keys.entries()) assert.equal(bytes.includes(sealed), i >= 50)
  await vault.close()
})

test('erased look-ups and erased pseudonyms rest in tables of their own, whose order tells nothing', async t => {
  const { vault, path } = await openFor(t)
  const all = persons(40)
  await vault.insertPersonsIfAbsent(all)
  for (const { lookup } of all) await vault.erasePerson(lookup)
  await vault.close()
  const db = new DatabaseSync(path, { readOnly: true })
  const tables = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all()
  const holding = (values: string[]) =>
    tables.flatMap(({ name, sql }) => {
      const rows = db.prepare(`SELECT * FROM "${name}"`).all()
      if (!rows.some(row => values.some(value => Object.values(row).includes(value)))) return []
      // Row numbers would keep the order of the erasures, and so join the two.
      assert.match(`${sql}`, /WITHOUT ROWID/)
      assert.deepEqual(
        rows.map(row => Object.keys(row).length),
        rows.map(() => 1),
      )
      return [`${name}`]
    })
  assert.deepEqual(holding(all.map(({ lookup }) => lookup)), ['erased_lookups'])
  assert.deepEqual(holding(all.map(({ pseudonym }) => pseudonym)), ['erased_pseudonyms'])
  db.close()
})

test('a vault that was closed or cannot be opened says so, with the cause', async t => {
  const withCause = (error: unknown) => error instanceof VaultUnavailable && error.cause instanceof Error
  assert.throws(() => openSqliteVault('/nonexistent/folder/vault.sqlite'))
  const { vault } = await openFor(t)
  await vault.close()
  for (const call of [
    () => vault.ping(),
    () => vault.findPersons(['a']),
    () => vault.insertPersonsIfAbsent([samplePerson()]),
    () => vault.erasePerson('a'),
    () => vault.deleteEndedKeys(0),
    () => vault.settingOr('a', 'b'),
    () => vault.putSetting('a', 'b'),
  ])
    await assert.rejects(call, withCause)
})
