import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { holdsBytes, plantInGap } from '../../test/plant-in-gap.ts'
import { vaultChangesSuite } from './changes-suite.ts'
import { samplePerson, vaultContractSuite } from './contract-suite.ts'
import { openSqliteVault } from './sqlite.ts'
import { type PersonEntry, type Vault, VaultUnavailable } from './vault.ts'

const freshDir = () => mkdtemp(join(tmpdir(), 'vault-'))

async function openSuite() {
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
}
vaultContractSuite('SQLite', openSuite)
vaultChangesSuite('SQLite', openSuite)

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
  await vault.erasePerson(erased.lookup, erased.pseudonym)
  await vault.close()
  const again = openSqliteVault(path)
  assert.deepEqual(await again.findPersons([living.lookup, erased.lookup]), [
    living,
    { lookup: erased.lookup, state: 'erased' },
  ])
  assert.deepEqual(await again.findErasedPseudonyms([erased.pseudonym]), new Set([erased.pseudonym]))
  await again.close()
})

/** The same bytes for the same seed, so that entries move between pages in the same way. */
const seeded = (text: string) => createHash('sha512').update(text).digest()
const seededHash = (text: string) => seeded(text).toString('hex', 0, 32)
const seededPerson = (seed: string, i: number) =>
  samplePerson({
    lookup: seededHash(`${seed}l${i}`),
    pseudonym: `p1.${seeded(`${seed}p${i}`).toString('base64url', 0, 16)}`,
    sealedId: seeded(`${seed}i${i}`).subarray(0, 60),
    sealedKey: seeded(`${seed}k${i}`).subarray(0, 60),
    aliases: Array.from({ length: seeded(`${seed}n${i}`)[0]! % 13 }, (_, alias) => seededHash(`${seed}a${i}/${alias}`)),
  })

/** What must not be left of a person; the two facts of the erasure stay, each once. */
function assertGone(bytes: Buffer, { lookup, pseudonym, sealedKey, sealedId, aliases }: PersonEntry): void {
  const pairs = [lookup + pseudonym, pseudonym + lookup, ...aliases.map(alias => alias + lookup)]
  for (const secret of [sealedKey, sealedId, ...aliases, ...pairs]) assert.equal(bytes.indexOf(secret), -1)
  for (const half of [sealedKey.subarray(0, 30), sealedKey.subarray(30)]) assert.equal(bytes.indexOf(half), -1)
  for (const fact of [lookup, pseudonym]) assert.equal(bytes.indexOf(fact), bytes.lastIndexOf(fact))
  assert.ok(bytes.includes(lookup) && bytes.includes(pseudonym))
}

for (const [seed, how] of [
  // Where the 32nd leaves something.
  ['b', 'as once found'],
  [randomBytes(4).toString('hex'), 'at random'],
] as const)
  test(`no byte of an erased person is left in any file, even where SQLite left copies when entries moved: ${how}`, async t => {
    t.diagnostic(`seed ${seed}`)
    const { vault, dir, path } = await openFor(t)
    const all = Array.from({ length: 3_000 }, (_, i) => seededPerson(seed, i))
    for (let i = 0; i < all.length; i += 100) await vault.insertPersonsIfAbsent(all.slice(i, i + 100))
    for (let i = 0; i < all.length; i += 3) {
      await vault.addAliases([
        { lookup: all[i]!.lookup, aliases: [seededHash(`${seed}b${i}`), seededHash(`${seed}c${i}`)] },
      ])
    }
    const beside = openSqliteVault(path)
    const erased = all.filter((_, i) => i % 3 === 0).slice(0, 42)
    for (const { lookup, pseudonym } of erased.slice(0, 34)) await vault.erasePerson(lookup, pseudonym)
    await Promise.all(
      erased.slice(34).map(({ lookup, pseudonym }, i) => (i % 5 ? vault : beside).erasePerson(lookup, pseudonym)),
    )
    const bytes = await filesOf(dir)
    for (const person of erased) assertGone(bytes, person)
    assert.ok(bytes.includes(all[1]!.sealedKey), 'the search finds what is there')
    await beside.close()
    await vault.close()
  })

test('what is left of a person in a gap is gone with them, be it half of a key or where two hashes meet', async t => {
  const { vault, path } = await openFor(t)
  const shared = randomBytes(32).toString('hex')
  const all = persons(400).map((person, i) => (i < 20 ? { ...person, aliases: [...person.aliases, shared] } : person))
  await vault.insertPersonsIfAbsent(all)
  const traces = [
    ({ sealedKey }) => sealedKey.subarray(0, 30),
    ({ sealedKey }) => sealedKey.subarray(30),
    ({ sealedKey }) => sealedKey.subarray(2, 58),
    ({ sealedId }) => sealedId.subarray(20),
    ({ lookup, pseudonym }) => Buffer.from(lookup + pseudonym),
    ({ lookup, pseudonym }) => Buffer.from(lookup.slice(-8) + pseudonym.slice(0, 9)),
    ({ lookup, pseudonym }) => Buffer.from(pseudonym.slice(5) + lookup.slice(0, 6)),
    ({ aliases }) => Buffer.from(aliases[0]!.slice(20)),
    ({ aliases, lookup }) => Buffer.from(aliases[1]!.slice(30) + lookup.slice(0, 10)),
  ] satisfies ((person: PersonEntry) => Buffer)[]
  for (const [i, traceOf] of traces.entries()) {
    // The log of the moment would come over what is planted, when it is brought into the file.
    await vault.erasePerson(all[100 + i]!.lookup, all[100 + i]!.pseudonym)
    const trace = traceOf(all[i]!)
    plantInGap(path, trace)
    await vault.erasePerson(all[i]!.lookup, all[i]!.pseudonym)
    assert.equal(holdsBytes(path, trace), false, `trace ${i}`)
  }
  const db = new DatabaseSync(path, { readOnly: true })
  // VACUUM counts it up.
  const version = () => db.prepare('PRAGMA schema_version').get()!.schema_version
  const before = version()
  for (const { lookup, pseudonym } of all.slice(200, 210)) await vault.erasePerson(lookup, pseudonym)
  assert.equal(version(), before, 'the file is not written anew where nothing was left')
  db.close()
  await vault.close()
})

test('who comes after a process that died before it had searched writes the file anew', async t => {
  const { vault, path } = await openFor(t)
  const [first, second, third] = persons(3) as [PersonEntry, PersonEntry, PersonEntry]
  await vault.insertPersonsIfAbsent([first, second, third])
  await vault.erasePerson(first.lookup, first.pseudonym)
  const died = new DatabaseSync(path)
  died.prepare('INSERT INTO unsearched VALUES (?, 0)').run('of one that died')
  died.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const notes = () => died.prepare('SELECT * FROM unsearched').all()
  const marker = randomBytes(30)
  plantInGap(path, marker)
  assert.equal(await vault.erasePerson(first.lookup, first.pseudonym), false)
  assert.deepEqual([notes(), holdsBytes(path, marker)], [[], false])

  // What a moved or newly sealed entry left may be of the next one that is erased.
  await vault.rewrapPerson(second.lookup, second.sealedKey, { sealedKey: randomBytes(60), epoch: 2 })
  died.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  plantInGap(path, second.sealedKey)
  await vault.erasePerson(second.lookup, second.pseudonym)
  assert.deepEqual([notes(), holdsBytes(path, second.sealedKey)], [[], false])
  died.close()
  await vault.close()
})

test('a file of an earlier version is read: its one role, and persons without a legal hold', async t => {
  const dir = await freshDir()
  t.after(() => rm(dir, { recursive: true }))
  const path = join(dir, 'vault.sqlite')
  const { lookup, pseudonym, sealedId, sealedKey } = samplePerson()
  const old = new DatabaseSync(path)
  old.exec(`
    CREATE TABLE persons (
      lookup TEXT PRIMARY KEY, pseudonym TEXT NOT NULL UNIQUE, sealed_id BLOB NOT NULL, sealed_key BLOB NOT NULL,
      epoch INTEGER NOT NULL, state TEXT NOT NULL, objections TEXT NOT NULL, aliases TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE credentials (
      id TEXT PRIMARY KEY, secret_sha256 TEXT NOT NULL, role TEXT NOT NULL, datasets TEXT NOT NULL,
      created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER) WITHOUT ROWID;
    INSERT INTO credentials VALUES ('a', 'b', 'data-steward', '["*"]', 1, NULL)`)
  const insert = old.prepare("INSERT INTO persons VALUES (?, ?, ?, ?, 1, 'active', '[]', '[]')")
  insert.run(lookup, pseudonym, sealedId, sealedKey)
  old.close()
  for (let twice = 0; twice < 2; twice++) {
    const vault = openSqliteVault(path)
    assert.deepEqual(await vault.findPersons([lookup]), [samplePerson({ lookup, pseudonym, sealedId, sealedKey })])
    const [credential] = await vault.listCredentials()
    assert.deepEqual([credential!.name, credential!.roles], ['', ['data-steward']])
    await vault.close()
  }
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
  for (const { lookup, pseudonym } of all) await vault.erasePerson(lookup, pseudonym)
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
    () => vault.erasePerson('a', 'b'),
    () => vault.deleteEndedKeys(0),
    () => vault.settingOr('a', 'b'),
    () => vault.putSetting('a', 'b'),
  ])
    await assert.rejects(call, withCause)
})
