import assert from 'node:assert/strict'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Binary } from 'mongodb'
import { integerBetween, pick, seededRandom } from '../../sources/simulate/seeded-random.ts'
import { engineAccess } from '../../test/engines/environment.ts'
import { connectMongo } from '../mongo/connect-mongo.ts'
import { vaultChangesSuite } from './changes-suite.ts'
import { samplePerson, vaultContractSuite } from './contract-suite.ts'
import { openMongoVault } from './mongo.ts'
import { type FoundPerson, type PersonEntry, type Vault, VaultUnavailable } from './vault.ts'

const access = engineAccess('vault')

async function openSuite() {
  const vault = await openMongoVault(access)
  return { vault, openAgain: () => openMongoVault(access), close: () => vault.close() }
}
vaultContractSuite('MongoDB', openSuite)
vaultChangesSuite('MongoDB', openSuite)

interface Raw {
  [member: string]: unknown
  _id: string
}

async function open(t: TestContext) {
  const vaults: [Vault, Vault] = [await openMongoVault(access), await openMongoVault(access)]
  const raw = connectMongo(access, { name: 'vault', variable: 'ECLUSE_VAULT', Unavailable: VaultUnavailable })
  for (const each of [...vaults, raw]) t.after(() => each.close())
  const rest = (_id: string) => raw.run(db => db.collection<Raw>('vault_persons').findOne({ _id }))
  return { vaults, raw, rest }
}

const isErased = (found: FoundPerson) => found?.state === 'erased'

async function someTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

test('no gateway brings a person back while they are erased, however the two meet', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const { vaults, rest } = await open(t)
  const lookUp = async (vault: Vault, lookup: string) => (await vault.findPersons([lookup]))[0]

  for (let round = 0; round < 25; round++) {
    const person = samplePerson({ aliases: [samplePerson().lookup] })
    const { lookup } = person
    await vaults[0].insertPersonsIfAbsent([person])
    const rivals: PersonEntry[] = []
    const gateway = async () => {
      let wasErased = false
      for (let i = 0; i < 4; i++) {
        await someTurns(integerBetween(random, 0, 40))
        const vault = pick(random, vaults)
        const rival = samplePerson({ lookup, aliases: person.aliases })
        rivals.push(rival)
        await vault.insertPersonsIfAbsent([rival])
        await vault.addAliases([{ lookup, aliases: [rival.pseudonym] }])
        const found = await lookUp(vault, lookup)
        assert.ok(isErased(found) || (found as PersonEntry).pseudonym === person.pseudonym)
        assert.ok(!wasErased || isErased(found), 'an erased person came back')
        wasErased = isErased(found)
      }
    }
    const erase = async () => {
      await someTurns(integerBetween(random, 0, 120))
      const vault = pick(random, vaults)
      const erased = await vault.erasePerson(lookup, person.pseudonym)
      assert.ok(isErased(await lookUp(vault, lookup)))
      return erased
    }
    const results = await Promise.all([erase(), erase(), ...Array.from({ length: 4 }, gateway)])
    assert.ok(results[0] || results[1])

    const pseudonyms = [person, ...rivals].map(({ pseudonym }) => pseudonym)
    assert.deepEqual(await vaults[1].findErasedPseudonyms(pseudonyms), new Set([person.pseudonym]))
    assert.deepEqual(await vaults[0].findByPseudonyms(pseudonyms), [])
    assert.deepEqual(await vaults[0].findByAlias(person.aliases[0]!), [])
    assert.deepEqual(await rest(lookup), { _id: lookup, state: 'erased' })
  }
})

test('an erasure that died half-way has erased, and is finished by the next', async t => {
  const { vaults, raw, rest } = await open(t)
  const person = samplePerson({ aliases: [samplePerson().lookup] })
  const { lookup, pseudonym } = person
  await vaults[0].insertPersonsIfAbsent([person])
  await raw.run(db =>
    db.collection<Raw>('vault_persons').replaceOne({ _id: lookup }, { state: 'destroying', pseudonym }),
  )
  const [vault] = vaults
  await vault.insertPersonsIfAbsent([samplePerson({ lookup })])
  assert.deepEqual(await vault.findPersons([lookup]), [{ lookup, state: 'erased' }])
  assert.deepEqual(await vault.findByPseudonyms([pseudonym]), [])
  assert.equal(await vault.updatePerson(lookup, { state: 'active' }), false)
  assert.equal(await vault.erasePerson(lookup, pseudonym), true)
  assert.deepEqual(await vault.findErasedPseudonyms([pseudonym]), new Set([pseudonym]))
  assert.deepEqual(await rest(lookup), { _id: lookup, state: 'erased' })
  assert.equal(await vault.erasePerson(lookup, pseudonym), false)
})

test('a move that died half-way is ended by whoever meets the person, and an erasure meets them too', async t => {
  const { vaults, raw, rest } = await open(t)
  const [vault] = vaults
  const meetings: ((person: PersonEntry, lookup: string) => Promise<unknown>)[] = [
    ({ lookup }) => vault.findPersons([lookup]),
    ({ pseudonym }) => vault.findByPseudonyms([pseudonym]),
    ({ aliases }) => vault.findByAlias(aliases[0]!),
    ({ lookup, pseudonym }) => vault.erasePerson(lookup, pseudonym),
    ({ pseudonym }) => vault.addErased({ lookups: [], pseudonyms: [pseudonym] }),
    ({ lookup }, to) => vault.moveLookup(lookup, { lookup: to, sealedKey: Buffer.alloc(60), epoch: 2 }),
  ]
  for (const [i, meet] of meetings.entries()) {
    for (const inserted of [false, true]) {
      const person = samplePerson({ aliases: [samplePerson().lookup], state: 'restricted' })
      const { lookup, pseudonym } = person
      const moved = { ...person, ...samplePerson({ ...person, lookup: samplePerson().lookup }), epoch: 2 }
      await vault.insertPersonsIfAbsent([person])
      const to = { lookup: moved.lookup, sealedKey: new Binary(moved.sealedKey), epoch: 2, pseudonym }
      await raw.run(db =>
        db
          .collection<Raw>('vault_persons')
          .updateOne({ _id: lookup }, { $set: { state: 'moving', was: 'restricted', to }, $unset: { pseudonym: '' } }),
      )
      if (inserted) await vaults[1].insertPersonsIfAbsent([moved])
      await meet(person, moved.lookup)
      assert.equal(await rest(lookup), null)
      const erased = i === 4
      assert.deepEqual(await vaults[1].findPersons([moved.lookup]), [erased ? undefined : moved])
      assert.equal((await vaults[1].findErasedPseudonyms([pseudonym])).size, erased ? 1 : 0)
    }
  }
})

test('nobody is lost or comes back who is moved and erased at once', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const { vaults } = await open(t)
  for (let round = 0; round < 20; round++) {
    const person = samplePerson()
    const to = { lookup: samplePerson().lookup, sealedKey: samplePerson().sealedKey, epoch: 2 }
    await vaults[0].insertPersonsIfAbsent([person])
    const after = async (work: () => Promise<boolean>) => {
      await someTurns(integerBetween(random, 0, 60))
      return work()
    }
    const [first, second, movedFirst] = await Promise.all([
      after(() => pick(random, vaults).erasePerson(person.lookup, person.pseudonym)),
      after(() => pick(random, vaults).erasePerson(to.lookup, person.pseudonym)),
      after(() => vaults[0].moveLookup(person.lookup, to)),
      after(() => vaults[1].moveLookup(person.lookup, to)),
    ])
    const [old, moved] = await vaults[1].findPersons([person.lookup, to.lookup])
    const living = [old, moved].filter(found => found && !isErased(found))
    if (first || second) assert.deepEqual(living, [])
    else assert.deepEqual(living, [{ ...person, ...to }], `moved: ${movedFirst}`)
    const erased = await vaults[0].findErasedPseudonyms([person.pseudonym])
    assert.equal(erased.size, first || second ? 1 : 0)
  }
})

test('keys that were to be sealed anew by one that died are, before they are read', async t => {
  const { vaults, raw } = await open(t)
  const name = `suite/${randomUUID()}`
  const [from, to, later] = [randomBytes(60), randomBytes(60), randomBytes(60)]
  await vaults[0].putKeyIfAbsent({ name, sealed: from, createdAtMs: 1, endsAtMs: null })
  const write = () =>
    raw.run(db =>
      db
        .collection<Raw>('vault_key_replacements')
        .insertOne({ _id: randomUUID(), keys: [{ name, from: new Binary(from), to: new Binary(to) }] }),
    )
  await write()
  assert.deepEqual((await vaults[1].listKeys(name))[0]!.sealed, to)
  await vaults[1].replaceKeys([{ name, sealed: later }])
  await write()
  assert.deepEqual((await vaults[0].listKeys(name))[0]!.sealed, later, 'a key sealed otherwise by then stays')
})

test('nothing of an erased person rests but two facts, which no document and no time of writing joins', async t => {
  const { vaults, raw } = await open(t)
  const persons = Array.from({ length: 20 }, () =>
    samplePerson({ aliases: [samplePerson().lookup], objections: ['o'] }),
  )
  await vaults[0].insertPersonsIfAbsent(persons)
  for (const { lookup, pseudonym } of persons) await vaults[0].erasePerson(lookup, pseudonym)
  const dump = await raw.run(async db => {
    const collections = await db.listCollections({}, { nameOnly: true }).toArray()
    const names = collections.map(({ name }) => name).filter(name => name.startsWith('vault_'))
    return Promise.all(names.map(async name => ({ name, all: await db.collection<Raw>(name).find().toArray() })))
  })
  const holding = (value: string) =>
    dump.flatMap(({ name, all }) => all.filter(each => JSON.stringify(each).includes(value)).map(each => [name, each]))
  for (const { lookup, pseudonym, aliases, sealedId, sealedKey } of persons) {
    assert.deepEqual(holding(lookup), [['vault_persons', { _id: lookup, state: 'erased' }]])
    assert.deepEqual(holding(pseudonym), [['vault_erased_pseudonyms', { _id: pseudonym }]])
    for (const secret of [aliases[0]!, sealedId.toString('base64'), sealedKey.toString('base64')])
      assert.deepEqual(holding(secret), [])
  }
})

test('many persons of one request are inserted and found in one call each', async t => {
  const { vaults } = await open(t)
  const persons = Array.from({ length: 2_000 }, () => samplePerson())
  await vaults[0].insertPersonsIfAbsent(persons)
  assert.deepEqual(await vaults[1].findPersons(persons.map(({ lookup }) => lookup)), persons)
})

test('a vault that cannot be reached or was closed says so, with the cause', async () => {
  const withCause = (error: unknown) => error instanceof VaultUnavailable && error.cause instanceof Error
  const vault = await openMongoVault({ url: 'mongodb://127.0.0.1:1/none' })
  await assert.rejects(vault.ping(), withCause)
  await vault.close()
  for (const call of [() => vault.ping(), () => vault.findPersons(['a']), () => vault.erasePerson('a', 'b')])
    await assert.rejects(call, withCause)
})
