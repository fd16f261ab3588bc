import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { accessOf, openVault } from '../cli/open-stores.ts'
import { registrySubjectOf, topicOf } from '../governance/contract/topic-of.ts'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import type { JsonObject } from '../storage/json.ts'
import { openConfluentRegistry } from '../storage/registry/confluent.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { eraseLiving } from './erase-living.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles, sampleTransactions, transaction, transactionOf } from './fixtures.ts'
import { readTopics } from './read-topics.ts'
import { type RealInstallation, saidBeside, startInstallation } from './real-installation.ts'
import { realSamples } from './real-samples.ts'
import { sampleDataDir } from './sample-data.ts'

const LIMIT_MS = 60_000
const LOAD_EVENTS = 60
/** Most find a gateway that is not there for the moment. */
const MAX_FAILED_REQUESTS = 20_000

interface Stored {
  id: string
  subject: string
  event: JsonObject
  conflicts: unknown[]
}

interface Readiness {
  status: string
  ports: Record<string, string>
  contracts: { live: string[] }
}

let ecluse: RealInstallation
let vault: Vault
let ring: KeyRing
before(async () => {
  ecluse = await startInstallation()
  vault = await openVault(ecluse.config)
  ring = await openKeyRing(vault, ecluse.config.kek!, Date.now)
})
after(async () => {
  await vault?.close()
  await ecluse?.stop()
})

const person = (event: JsonObject) => event.utilisateur as JsonObject

async function find(id: string, gateway = 0): Promise<Stored | undefined> {
  const path = `/v1/datasets/${ecluse.transactions}/events/${encodeURIComponent(id)}`
  const response = await ecluse.call('data-owner', path, gateway)
  assert.ok([200, 404].includes(response.status), `reading an event was answered ${response.status}`)
  return response.status === 200 ? ((await response.json()) as Stored) : undefined
}

const archived = (event: JsonObject, gateway?: number): Promise<Stored> =>
  eventually('an event is archived', () => find(event.id_transaction as string, gateway), LIMIT_MS)

async function items(path: string): Promise<JsonObject[]> {
  const response = await ecluse.call('data-owner', path)
  assert.equal(response.status, 200)
  return ((await response.json()) as { items: JsonObject[] }).items
}

/** What became of a dataset's records, by the processors' own counts. */
async function effectsOf(dataset: string): Promise<Record<'effective' | 'duplicate' | 'conflict', number>> {
  const [effective, duplicate, conflict] = await Promise.all(
    (['effective', 'duplicate', 'conflict'] as const).map(effect => ecluse.processed(dataset, effect)),
  )
  return { effective: effective!, duplicate: duplicate!, conflict: conflict! }
}

async function outcomeOf(event: JsonObject, gateway: number): Promise<string> {
  const [result] = (await ecluse.post(ecluse.transactions, event, gateway)).answer.results
  assert.ok(result && 'outcome' in result)
  return result.outcome
}

describe('two gateways and two processors on real servers', () => {
  test('are ready, each with every port', async () => {
    for (const { name, current } of [...ecluse.gateways, ...ecluse.processors]) {
      const readiness = await eventually(`${name} is ready`, async () => {
        const found = (await (await fetch(`${current.url}/readyz`)).json()) as Readiness
        return found.status === 'ready' && found
      })
      assert.deepEqual(Object.values(readiness.ports), Array(7).fill('ok'))
      assert.deepEqual(readiness.contracts.live, [ecluse.transactions, ecluse.profiles])
    }
  })

  test('take the samples, archive each once, and a second send has no effect', async t => {
    const dir = sampleDataDir()
    const real = dir ? realSamples(dir) : undefined
    const samples = {
      [ecluse.transactions]: [...sampleTransactions, ...(real?.transactions ?? [])],
      [ecluse.profiles]: [...sampleProfiles, ...(real?.['user-profiles'] ?? [])],
    }
    for (const [dataset, events] of Object.entries(samples)) {
      const half = Math.ceil(events.length / 2)
      const sent = await Promise.all([
        ecluse.post(dataset, events.slice(0, half), 0),
        ecluse.post(dataset, events.slice(half), 1),
      ])
      assert.deepEqual(
        sent.map(({ status }) => status),
        [202, 202],
      )
      assert.equal(
        sent.reduce((sum, { answer }) => sum + answer.accepted, 0),
        events.length,
        sent.map(saidBeside).join('\n'),
      )
      await ecluse.settled()
      const first = await effectsOf(dataset)
      // Two real samples tell different things of some persons.
      assert.equal(first.effective + first.duplicate + first.conflict, events.length)
      if (!real) assert.deepEqual(first, { effective: events.length, duplicate: 0, conflict: 0 })

      assert.equal((await ecluse.post(dataset, events, 1)).answer.accepted, events.length)
      await ecluse.settled()
      const second = await effectsOf(dataset)
      assert.equal(second.effective, first.effective)
      assert.equal(second.duplicate + second.conflict, first.duplicate + first.conflict + events.length)
      assert.equal(second.conflict, 2 * first.conflict)
      t.diagnostic(`${events.length} sent twice: ${JSON.stringify(second)}`)
    }
  })

  test('give back at one gateway what was sent to the other, protected', async () => {
    const event = transaction()
    assert.equal(await outcomeOf(event, 0), 'accepted')
    const { event: kept, subject } = await archived(event, 1)
    assert.equal(person(kept).idUtilisateur, subject)
    assert.match(subject, /^p1\.[\w-]{22}$/)
    assert.match(person(kept).nom as string, /^enc1\./)
    assert.match(person(kept).email as string, /^tok1\.person\.0\./)
    assert.equal(kept.montant, event.montant)
    assert.deepEqual(kept.details, event.details)
    const bySubject = await items(`/v1/datasets/${ecluse.transactions}/events?subject=${subject}`)
    assert.ok(bySubject.some(({ id }) => id === event.id_transaction))
  })

  test('accept 97 of 100 and quarantine the 3 bad ones, without a value', async () => {
    const events = Array.from({ length: 100 }, () => transaction())
    events[10] = { ...events[10], montant: 'beaucoup-trop-cher' }
    events[20] = { ...events[20], moyen_paiement: 'chèque-cadeau-secret' }
    events[30] = { ...events[30], nomDeJeuneFille: 'Mademoiselle-Inconnue' }
    const { answer } = await ecluse.post(ecluse.transactions, events, 1)
    assert.deepEqual([answer.received, answer.accepted, answer.rejected, answer.suppressed], [100, 97, 3, 0])
    const quarantine = await eventually(
      '3 originals are in the quarantine',
      async () => {
        const found = await items(`/v1/quarantine?dataset=${ecluse.transactions}`)
        return found.length === 3 && found
      },
      LIMIT_MS,
    )
    assert.doesNotMatch(JSON.stringify([answer, quarantine]), /beaucoup|cadeau|Mademoiselle|nomDeJeuneFille/)
  })

  test('keep other content under one id as a conflict, whichever gateway it came to', async () => {
    const event = transaction({ montant: 10.5 })
    await outcomeOf(event, 0)
    await archived(event)
    await outcomeOf({ ...event, montant: 99.5 }, 1)
    const kept = await eventually(
      'the conflict is seen',
      async () => {
        const found = await find(event.id_transaction as string)
        return found && found.conflicts.length > 0 && found
      },
      LIMIT_MS,
    )
    assert.equal(kept.conflicts.length, 1)
    assert.equal(kept.event.montant, 10.5)
  })

  test('give one person one pseudonym, also one whom both meet at once', async () => {
    const people = Array.from({ length: 10 }, () => randomUUID())
    const events = people.map(id => [transactionOf(id), transactionOf(id)] as const)
    await Promise.all(events.flatMap(pair => pair.map((event, gateway) => outcomeOf(event, gateway))))
    for (const [first, second] of events)
      assert.equal((await archived(first)).subject, (await archived(second)).subject)
  })

  test('suppress an erased person’s events, and hold a restricted one’s, at both', async () => {
    const [erased, restricted] = [randomUUID(), randomUUID()]
    const lookupOf = (id: string) => ring.lookupHash('person', 'customer', id)
    for (const gateway of [0, 1])
      for (const id of [erased, restricted]) assert.equal(await outcomeOf(transactionOf(id), gateway), 'accepted')
    assert.equal(await eraseLiving(vault, lookupOf(erased)), true)
    assert.equal(await vault.updatePerson(lookupOf(restricted), { state: 'restricted' }), true)
    for (const gateway of [0, 1]) {
      await eventually(
        'the erasure is noticed',
        async () => (await outcomeOf(transactionOf(erased), gateway)) === 'suppressed',
      )
      // Looked up no earlier than this erasure was, and so after the restriction.
      await eventually('the restriction is noticed', async () => {
        const held = transactionOf(restricted)
        await outcomeOf(held, gateway)
        await ecluse.settled()
        return (await find(held.id_transaction as string)) === undefined
      })
    }
  })

  test('have registered what is stored, and records carry that schema’s id', async () => {
    const topics = [ecluse.transactions, ecluse.profiles].map(topicOf)
    const records = await readTopics(accessOf(ecluse.config, 'eventLog'), topics)
    const registry = await openConfluentRegistry(accessOf(ecluse.config, 'registry'))
    try {
      for (const [dataset, contract] of await ecluse.contracts()) {
        const versions = await registry.versions(registrySubjectOf(dataset))
        const derived = [...contract.versions.values()].map(version => version.derived)
        assert.deepEqual(
          versions.map(({ schema }) => schema),
          derived,
        )
        const stored = records.filter(({ topic }) => topic === topicOf(dataset))
        assert.ok(stored.length > 0)
        const ids = new Set(stored.map(({ value }) => (value![0] === 0 ? value!.readInt32BE(1) : undefined)))
        assert.deepEqual([...ids], [versions[0]!.id])
      }
    } finally {
      await registry.close()
    }
  })

  test('lose no event while a gateway and a processor are restarted under load', async t => {
    const accepted: JsonObject[] = []
    let failedRequests = 0
    let restarted = false
    const produce = async (favourite: number) => {
      for (let sent = 0; sent < LOAD_EVENTS || !restarted; sent++) {
        const event = transactionOf(`load-${favourite}-${sent % 7}`)
        for (let gateway = favourite; ; gateway = 1 - gateway) {
          const answer = await ecluse.post(ecluse.transactions, event, gateway).catch(() => undefined)
          if (answer?.status === 202) break
          failedRequests += 1
          assert.ok(failedRequests < MAX_FAILED_REQUESTS, `the last answer was ${answer?.status}`)
        }
        accepted.push(event)
      }
    }
    const restartBoth = async () => {
      try {
        await eventually('the load runs', () => accepted.length > 20, LIMIT_MS)
        for (const member of [ecluse.gateways[0]!, ecluse.processors[0]!]) {
          await member.end()
          await member.restart()
        }
      } finally {
        restarted = true
      }
    }
    await Promise.all([...[0, 1, 0, 1].map(produce), restartBoth()])
    await ecluse.settled()
    const check = async (at: number) => {
      for (let i = at; i < accepted.length; i += 8) {
        const { conflicts } = await archived(accepted[i]!, i % 2)
        assert.equal(conflicts.length, 0)
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, at) => check(at)))
    t.diagnostic(`${accepted.length} accepted, 0 lost; ${failedRequests} requests went to the other gateway instead`)
  })
})
