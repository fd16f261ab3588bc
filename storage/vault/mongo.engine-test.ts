import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { integerBetween, pick, seededRandom } from '../../sources/simulate/seeded-random.ts'
import { engineAccess } from '../../test/engines/environment.ts'
import { connectMongo } from '../mongo/connect-mongo.ts'
import { samplePerson, vaultContractSuite } from './contract-suite.ts'
import { openMongoVault } from './mongo.ts'
import { type FoundPerson, type PersonEntry, type Vault, VaultUnavailable } from './vault.ts'

const access = engineAccess('vault')

vaultContractSuite('MongoDB', async () => {
  const vault = await openMongoVault(access)
  return { vault, openAgain: () => openMongoVault(access), close: () => vault.close() }
})

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
      const erased = await vault.erasePerson(lookup)
      assert.ok(isErased(await lookUp(vault, lookup)))
      return erased
    }
    const results = await Promise.all([erase(), erase(), ...Array.from({ length: 4 }, gateway)])
    assert.ok(results[0] || results[1])

    const pseudonyms = [person, ...rivals].map(({ pseudonym }) => pseudonym)
    assert.deepEqual(await vaults[1].findErasedPseudonyms(pseudonyms), new Set([person.pseudonym]))
    for (const pseudonym of pseudonyms) assert.equal(await vaults[0].findByPseudonym(pseudonym), undefined)
    assert.deepEqual(await vaults[0].findByAlias(person.aliases[0]!), [])
    assert.deepEqual(await rest(lookup), { _id: lookup, state: 'erased' })
  }
})

test('an erasure that died half-way has erased, and is finished by the next', async t => {
  const { vaults, raw, rest } = await open(t)
  const person = samplePerson({ aliases: [samplePerson().lookup] })
  const { lookup, pseudonym } = person
  await vaults[0].insertPersonsIfAbsent([person])
  await raw.run(db => db.collection<Raw>('vault_persons').replaceOne({ _id: lookup }, { state: 'erasing', pseudonym }))
  const [vault] = vaults
  await vault.insertPersonsIfAbsent([samplePerson({ lookup })])
  assert.deepEqual(await vault.findPersons([lookup]), [{ lookup, state: 'erased' }])
  assert.equal(await vault.findByPseudonym(pseudonym), undefined)
  assert.equal(await vault.updatePerson(lookup, { state: 'active' }), false)
  assert.equal(await vault.erasePerson(lookup), true)
  assert.deepEqual(await vault.findErasedPseudonyms([pseudonym]), new Set([pseudonym]))
  assert.deepEqual(await rest(lookup), { _id: lookup, state: 'erased' })
  assert.equal(await vault.erasePerson(lookup), false)
})

test('nothing of an erased person rests but two facts, which no document and no time of writing joins', async t => {
  const { vaults, raw } = await open(t)
  const persons = Array.from({ length: 20 }, () =>
    samplePerson({ aliases: [samplePerson().lookup], objections: ['o'] }),
  )
  await vaults[0].insertPersonsIfAbsent(persons)
  for (const { lookup } of persons) await vaults[0].erasePerson(lookup)
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
  for (const call of [() => vault.ping(), () => vault.findPersons(['a']), () => vault.erasePerson('a')])
    await assert.rejects(call, withCause)
})
