import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import { openOriginal } from '../governance/subjects/quarantine-seal.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { eraseLiving } from './erase-living.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { openDocumentsForReading } from './read-documents.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const LEASE_MS = 150
const PURPOSE = 'revenue reporting and fraud monitoring'

let ecluse: EcluseProcess
let vault: Vault
let ring: KeyRing
before(async () => {
  ecluse = await spawnEcluse({ environment: { ECLUSE_LEASE_MS: String(LEASE_MS) } })
  vault = openSqliteVault(join(ecluse.dataDir, 'vault.sqlite'))
  ring = await openKeyRing(
    vault,
    Buffer.from(readFileSync(join(ecluse.dataDir, 'dev-kek'), 'utf8'), 'base64'),
    Date.now,
  )
})
after(async () => {
  await vault.close()
  await ecluse.end()
})

const lookupOf = (id: string) => ring.lookupHash('person', 'customer', id)

async function outcomeOf(person: string, changes = {}): Promise<string> {
  const { answer } = await ecluse.post('transactions', transactionOf(person, changes))
  const [result] = answer.results
  assert.ok(result && 'outcome' in result)
  return result.outcome
}

/** Whatever the gateway had looked up before this call it has to look up again: seen by a person erased meanwhile. */
async function leasePassed(): Promise<void> {
  const witness = randomUUID()
  await outcomeOf(witness)
  await eraseLiving(vault, lookupOf(witness))
  await eventually('a lease has passed', async () => (await outcomeOf(witness)) === 'suppressed')
}

async function quarantined(): Promise<{ id: string; sealedBy: string }[]> {
  await ecluse.settled()
  const response = await ecluse.call('data-steward', '/v1/quarantine?dataset=transactions')
  return ((await response.json()) as { items: { id: string; sealedBy: string }[] }).items
}

describe('a person', () => {
  test('who is erased: later events are suppressed, an invalid one is counted and not stored', async () => {
    const person = randomUUID()
    assert.equal(await outcomeOf(person), 'accepted')
    assert.equal(await eraseLiving(vault, lookupOf(person)), true)
    await eventually('the erasure is noticed within a lease', async () => (await outcomeOf(person)) === 'suppressed')

    const before = (await quarantined()).length
    assert.equal(await outcomeOf(person, { montant: 'nothing' }), 'rejected')
    assert.equal((await quarantined()).length, before)
    assert.match(
      await (await fetch(`${ecluse.url}/metrics`)).text(),
      /ecluse_gateway_events_total\{[^}]*outcome="rejected, not stored"[^}]*\} 1/,
    )
  })

  test('who is erased and whose event was in flight: processors pass it over', async () => {
    const person = randomUUID()
    const event = transactionOf(person)
    await ecluse.post('transactions', event)
    await ecluse.settled()
    const found = await vault.findPersons([lookupOf(person)])
    assert.ok(found[0] && found[0].state === 'active')
    await eraseLiving(vault, lookupOf(person))
    // Within the lease the gateway may still accept; the processor asks the vault for every batch.
    const late = transactionOf(person)
    await ecluse.post('transactions', late)
    await ecluse.settled()
    const response = await ecluse.call('data-steward', `/v1/datasets/transactions/events/${late.id_transaction}`)
    assert.equal(response.status, 404)
  })

  test('who objected to the dataset’s purpose: events are suppressed; another purpose changes nothing', async () => {
    const person = randomUUID()
    await outcomeOf(person)
    await vault.changeObjections(lookupOf(person), { add: 'marketing' })
    await leasePassed()
    assert.equal(await outcomeOf(person), 'accepted')
    await vault.changeObjections(lookupOf(person), { add: PURPOSE })
    await eventually('the objection is noticed', async () => (await outcomeOf(person)) === 'suppressed')
  })

  test('who is restricted: events are held, stored and unread', async () => {
    const person = randomUUID()
    await outcomeOf(person)
    await vault.updatePerson(lookupOf(person), { state: 'restricted' })
    const documents = openDocumentsForReading(ecluse.dataDir)
    await eventually('the restriction is noticed', async () => {
      const event = transactionOf(person)
      await ecluse.post('transactions', event)
      await ecluse.settled()
      const response = await ecluse.call('data-steward', `/v1/datasets/transactions/events/${event.id_transaction}`)
      assert.equal(response.status, 404, 'nobody reads it, held or not')
      return documents.find('events', `transactions/${event.id_transaction}`)?.held === 1
    })
    documents.close()
  })

  test('who is known: the original of their rejected event opens with their key alone; a stranger’s with the day’s', async () => {
    const person = randomUUID()
    await outcomeOf(person)
    const bad = transactionOf(person, { montant: 'secret-amount' })
    await ecluse.post('transactions', bad)
    const strangerId = randomUUID()
    const stranger = transactionOf(strangerId, { montant: 'strange-amount' })
    await ecluse.post('transactions', stranger)
    const [last, first] = await quarantined()
    assert.deepEqual([first!.sealedBy, last!.sealedBy], ['person', 'day'])
    const documents = openDocumentsForReading(ecluse.dataDir)
    const sealed = documents.find('quarantine', last!.id)!
    documents.close()
    const key = await ring.findQuarantineKey((sealed.sealedBy as { key: string }).key)
    const original = openOriginal([key!], sealed.sealed as string, 'transactions', last!.id)
    assert.deepEqual(JSON.parse(original.body.toString()), stranger)
    assert.deepEqual([original.contentType, original.id], ['application/json', stranger.id_transaction])
    assert.deepEqual(await vault.findPersons([lookupOf(strangerId)]), [undefined])
  })
})
