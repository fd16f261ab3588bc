import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteDocuments } from '../../../storage/documents/sqlite.ts'
import { openFileLake } from '../../../storage/lake/file.ts'
import { collections } from '../../../storage/stored-shapes.ts'
import { temporaryVault } from '../../../test/temporary-vault.ts'
import { findPersons } from '../find-persons.ts'
import { openKeyRing } from '../key-ring.ts'
import { openPeople } from '../people.ts'
import { openPackageStore } from './package-store.ts'

const MiB = 1_048_576

async function opened(t: TestContext) {
  const { vault, dir } = await temporaryVault(t)
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const lake = await openFileLake(join(dir, 'lake'))
  t.after(() => documents.close())
  await documents.ensureCollection('packages', collections.packages)
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), Date.now)
  const people = await openPeople(vault, ring, { leaseMs: 100, cachedPersons: 100 })
  const met = await people.lookUp(['a', 'b'].map(id => ({ type: 'customer', id, aliases: [], create: true })))
  const pseudonyms = met.map(person => (person as { pseudonym: string }).pseudonym)
  const persons = [...(await findPersons(vault, ring, pseudonyms)).values()]
  const time = { ms: Date.now() }
  const packages = openPackageStore({ lake, documents, vault, ring, now: () => time.ms })
  const read = async (request: string) => {
    const found = await packages.open(request)
    return found && Buffer.concat(await Array.fromAsync(found.read()))
  }
  const left = async () => ({
    files: await lake.list('exports/', { limit: 100 }),
    links: (await documents.find('packages', { limit: 100 })).length,
    keys: (await vault.listKeys('package/')).length,
  })
  return { vault, lake, persons, packages, read, left, time }
}

test('a package comes back as it was made, sealed in pieces, whatever an interrupted attempt left', async t => {
  const { lake, persons, packages, read, left, time } = await opened(t)
  const endsAtMs = time.ms + 1_000
  await packages.put('r1', { persons, bytes: randomBytes(9 * MiB), endsAtMs })
  time.ms += 1
  const bytes = Buffer.concat([Buffer.from('in the clear'), randomBytes(5 * MiB)])
  await packages.put('r1', { persons, bytes, endsAtMs })
  assert.ok((await read('r1'))?.equals(bytes))
  assert.deepEqual(await left(), { files: ['exports/r1/0', 'exports/r1/1'], links: 2, keys: 1 })
  assert.ok(!(await lake.get('exports/r1/0'))!.body.includes('in the clear'))
  assert.deepEqual((await packages.open('r1'))!.persons.map(({ id }) => id).sort(), ['a', 'b'])
})

test('pieces that are changed, exchanged or missing are not given', async t => {
  const { lake, persons, packages, read, time } = await opened(t)
  await packages.put('r1', { persons, bytes: randomBytes(5 * MiB), endsAtMs: time.ms + 1_000 })
  const [one, two] = [(await lake.get('exports/r1/0'))!.body, (await lake.get('exports/r1/1'))!.body]
  await lake.delete('exports/r1/0')
  await assert.rejects(read('r1'), /missing/)
  await lake.putIfAbsent('exports/r1/0', two)
  await assert.rejects(read('r1'))
  await lake.delete('exports/r1/0')
  one[100]! ^= 1
  await lake.putIfAbsent('exports/r1/0', one)
  await assert.rejects(read('r1'))
})

test('when its time is over it is given no more, and nothing is left of it', async t => {
  const { persons, packages, read, left, time } = await opened(t)
  await packages.put('r1', { persons, bytes: randomBytes(100), endsAtMs: time.ms + 1_000 })
  await packages.put('r2', { persons, bytes: randomBytes(100), endsAtMs: time.ms + 9_000 })
  assert.equal(await packages.destroyEnded(), 0)
  time.ms += 1_001
  assert.equal(await read('r1'), undefined)
  assert.equal(await packages.destroyEnded(), 1)
  assert.deepEqual(await left(), { files: ['exports/r2/0'], links: 2, keys: 1 })
  await packages.destroy('r2')
  await packages.destroy('r2')
  assert.deepEqual(await left(), { files: [], links: 0, keys: 0 })
})

test('an erased person’s package is noise before anything of it is removed', async t => {
  const { vault, persons, packages, read, left, time } = await opened(t)
  await packages.put('r1', { persons, bytes: randomBytes(100), endsAtMs: time.ms + 1_000 })
  await vault.updatePerson(persons[0]!.lookup, { state: 'erasing' })
  assert.equal(await read('r1'), undefined)
  await vault.erasePerson(persons[0]!.lookup, persons[0]!.pseudonym)
  assert.equal(await read('r1'), undefined)
  assert.deepEqual((await left()).files, ['exports/r1/0'])
})
