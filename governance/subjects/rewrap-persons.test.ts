import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import { eraseLiving } from '../../test/erase-living.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { openField, sealField } from '../protection/field-cipher.ts'
import { open, sealingKey } from '../protection/seal.ts'
import { findPersons } from './find-persons.ts'
import { type KeyRing, openKeyRing } from './key-ring.ts'
import { type LivingPerson, openPeople, type People } from './people.ts'
import { rewrapPersons } from './rewrap-persons.ts'

const KEK = Buffer.alloc(32, 1)
const DAY_MS = 86_400_000
const EPOCH_MS = 30 * DAY_MS
const SETTLE_MS = 600_000
const leaseMs = 60_000
const PLACE = { dataset: 'd', pointer: '/a', eventId: 'e' }

/** A vault over which processes are opened, all with one clock that stands until it is moved. */
async function world(t: TestContext) {
  const { vault, openAgain, dir } = await temporaryVault(t)
  let nowMs = Date.parse('2026-11-21T12:00:00Z')
  const now = () => nowMs
  async function process(over: Vault = openAgain()) {
    const ring = await openKeyRing(over, KEK, now)
    const people = await openPeople(over, ring, { leaseMs, cachedPersons: 1_000 })
    const rewrap = () => rewrapPersons(over, ring, { epochMs: EPOCH_MS, leaseMs, now })
    return { vault: over, ring, people, rewrap }
  }
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { vault, dir, process, pass, now }
}

const meet = async (people: People, id: string, create = true) =>
  (await people.lookUp([{ type: 'customer', id, aliases: [], create }]))[0] as LivingPerson
const ids = (count: number) => Array.from({ length: count }, (_, i) => `User${i}`)

test('an epoch ends with its month: living persons are sealed anew, and its key leaves no byte', async t => {
  const { vault, dir, process, pass } = await world(t)
  const { people, ring, rewrap } = await process(vault)
  const persons = await Promise.all(ids(30).map(id => meet(people, id)))
  const sealed = sealField(persons[0]!.keys.field, 'é', PLACE)
  const [oldKey] = await vault.listKeys('epoch/1')
  pass(EPOCH_MS - 1)
  assert.deepEqual(await rewrap(), { begun: false, persons: 0, moved: 0, unreadable: 0, destroyed: [] })
  pass(1)
  assert.deepEqual(await rewrap(), { begun: true, persons: 30, moved: 0, unreadable: 0, destroyed: [] })
  assert.deepEqual(ring.epochs(), [1, 2])
  pass(SETTLE_MS)
  assert.deepEqual((await rewrap()).destroyed, ['epoch/1'])
  assert.deepEqual((await rewrap()).destroyed, [])
  assert.throws(() => ring.epochKey(1), /epoch 1 is destroyed/)
  const files = await Promise.all((await readdir(dir)).map(name => readFile(join(dir, name))))
  assert.equal(Buffer.concat(files).includes(oldKey!.sealed), false)
  const again = await process()
  const found = await meet(again.people, 'User0', false)
  assert.equal(found.pseudonym, persons[0]!.pseudonym)
  assert.equal(openField(found.keys.field, sealed, PLACE), 'é')
})

test('a process that knows nothing of a new epoch opens whom it meets, and makes nobody under the old one', async t => {
  const { vault, process, pass } = await world(t)
  const [one, two] = [await process(), await process()]
  const { pseudonym } = await meet(one.people, 'User0')
  pass(EPOCH_MS)
  await two.rewrap()
  assert.equal((await meet(one.people, 'User0')).pseudonym, pseudonym)
  const fresh = await process()
  assert.equal((await meet(fresh.people, 'User0')).pseudonym, pseudonym)
  await one.ring.refresh()
  await meet(one.people, 'User1')
  assert.deepEqual(
    (await vault.listPersons({ limit: 10 })).map(({ epoch }) => epoch),
    [2, 2],
  )
  const found = await findPersons(vault, two.ring, [pseudonym])
  assert.equal(found.get(pseudonym)!.id, 'User0')
})

test('several processes that seal anew at once lose nobody', async t => {
  const { vault, process, pass } = await world(t)
  const processes = await Promise.all([1, 2, 3].map(() => process()))
  const before = await Promise.all(ids(200).map(id => meet(processes[0]!.people, id)))
  for (let epoch = 1; epoch <= 3; epoch++) {
    pass(EPOCH_MS)
    await Promise.all(processes.map(({ rewrap }) => rewrap()))
    pass(SETTLE_MS)
    await Promise.all(processes.map(({ rewrap }) => rewrap()))
    for (const { rewrap } of processes) await rewrap()
  }
  assert.deepEqual(
    (await vault.listKeys('epoch/')).map(({ name }) => name),
    ['epoch/4'],
  )
  const { people } = await process()
  for (const [i, id] of ids(200).entries()) {
    const after = await meet(people, id, false)
    assert.equal(after.pseudonym, before[i]!.pseudonym)
    assert.equal(after.keys.token('x'), before[i]!.keys.token('x'))
  }
})

test('one whom nobody can open is counted, and keeps no epoch alive', async t => {
  const { vault, process, pass } = await world(t)
  const { people, rewrap } = await process(vault)
  await meet(people, 'User0')
  const [entry] = await vault.listPersons({ limit: 1 })
  await vault.rewrapPerson(entry!.lookup, entry!.sealedKey, { sealedKey: Buffer.alloc(60), epoch: 1 })
  await meet(people, 'User1')
  pass(EPOCH_MS)
  const { persons, unreadable } = await rewrap()
  assert.deepEqual([persons, unreadable], [1, 1])
  pass(SETTLE_MS)
  assert.deepEqual((await rewrap()).destroyed, ['epoch/1'])
})

test('keys of requests, of days of quarantine and of windows live through epochs, and are sealed under them', async t => {
  const { vault, process, pass, now } = await world(t)
  const { ring, rewrap } = await process(vault)
  const openAll = async ({ ring }: { ring: KeyRing }) => ({
    request: await ring.requestKey('r1', null),
    day: (await ring.quarantineKey('orders', now(), EPOCH_MS * 10)).key,
    window: (await ring.windowKey('orders', '2026-11-21', 0, EPOCH_MS * 10)).hash('a'),
  })
  const before = await openAll({ ring })
  const names = [
    'request/r1',
    `quarantine/orders/${new Date(now()).toISOString().slice(0, 10)}`,
    'window/orders/2026-11-21/0',
  ]
  // A backup from now, with the KEK that opens all else: what is within opens with the epoch's key alone.
  const stolen = await Promise.all(names.map(async name => [name, (await vault.listKeys(name))[0]!.sealed] as const))
  const inner = stolen.map(
    ([name, sealed]) => [name, open(sealingKey(KEK), sealed, `key\0${name}`).subarray(4)] as const,
  )
  const opensWith = (epoch: number) =>
    inner.filter(([name, bytes]) => {
      try {
        return open(ring.epochKey(epoch), bytes, `epoch-sealed\0${name}`)
      } catch {
        return false
      }
    }).length
  assert.equal(opensWith(ring.epoch), names.length)
  pass(EPOCH_MS)
  await rewrap()
  pass(SETTLE_MS)
  await rewrap()
  const elsewhere = await process()
  const quarantined = await elsewhere.ring.findQuarantineKey(names[1]!)
  assert.deepEqual({ ...(await openAll(elsewhere)), day: quarantined }, before)
  for (const epoch of ring.epochs()) assert.equal(opensWith(epoch), 0)
  await vault.deleteKey('request/r1')
  assert.equal(await ring.findRequestKey('r1'), undefined)
})

test('under a new look-up key everybody is found again, moves when met, and the rest by maintenance', async t => {
  const { vault, process, pass } = await world(t)
  const [one, two] = [await process(), await process()]
  const before = new Map(await Promise.all(ids(60).map(async id => [id, await meet(one.people, id)] as const)))
  const old = new Set((await vault.listPersons({ limit: 1_000 })).map(({ lookup }) => lookup))
  const erased = one.ring.lookupHash('person', 'customer', 'Erased')
  await meet(one.people, 'Erased')
  await eraseLiving(vault, erased)

  const { id, usedFromMs } = await one.ring.rotateLookup()
  assert.equal(id, 2)
  await two.ring.refresh()
  // Known, not used yet: found by everyone, made under the old one.
  await meet(two.people, 'Between')
  assert.equal(two.ring.lookupKey, 1)
  pass(SETTLE_MS - 5_000)
  await assert.rejects(meet(two.people, 'New'), /a new look-up key comes into use/)
  assert.equal((await one.rewrap()).moved, 0)
  pass(30_000)
  assert.ok(usedFromMs > 0)

  const fresh = await process()
  assert.equal((await meet(fresh.people, 'User0')).pseudonym, before.get('User0')!.pseudonym)
  const [moved] = await vault.findPersons([fresh.ring.lookupHash('person', 'customer', 'User0')])
  assert.equal((moved as PersonEntry).pseudonym, before.get('User0')!.pseudonym, 'moved on sight')
  const made = await meet(fresh.people, 'New')
  assert.equal((await two.rewrap()).moved, 60)
  assert.equal((await one.rewrap()).moved, 0)
  const standing = await vault.listPersons({ limit: 1_000 })
  assert.equal(standing.length, 62)
  assert.deepEqual(
    standing.filter(({ lookup }) => old.has(lookup)),
    [],
  )
  for (const { people } of [fresh, two, await process()]) {
    for (const [id, { pseudonym }] of before) assert.equal((await meet(people, id)).pseudonym, pseudonym)
    assert.equal((await meet(people, 'New')).pseudonym, made.pseudonym)
    assert.equal(((await meet(people, 'Erased')) as { state: string }).state, 'erased')
  }
})

test('gateways that meet the same persons while they are moved see one person each', async t => {
  const { vault, process, pass } = await world(t)
  const one = await process()
  await Promise.all(ids(100).map(id => meet(one.people, id)))
  await one.ring.rotateLookup()
  pass(SETTLE_MS + 60_000)
  const gateways = await Promise.all([1, 2, 3].map(() => process()))
  await Promise.all([
    ...gateways.map(({ people }) => Promise.all(ids(120).map(id => meet(people, id)))),
    one.rewrap(),
    gateways[0]!.rewrap(),
  ])
  await one.rewrap()
  const standing = await vault.listPersons({ limit: 1_000 })
  assert.equal(standing.length, 120)
  assert.equal(new Set(standing.map(({ pseudonym }) => pseudonym)).size, 120)
})
