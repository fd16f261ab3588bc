// An erasure on real servers: two gateways that both know the person, two processors, nothing left in what can be asked.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { accessOf, openVault } from '../cli/open-stores.ts'
import { verifySigned } from '../governance/audit/sign.ts'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import { openParquet } from '../processors/lake/parquet.ts'
import { openMongoDocuments } from '../storage/documents/mongo.ts'
import type { JsonObject } from '../storage/json.ts'
import { openS3Lake } from '../storage/lake/s3.ts'
import { readManifest } from '../storage/lake-manifest.ts'
import { collections } from '../storage/stored-shapes.ts'
import { openCassandraTables } from '../storage/tables/cassandra.ts'
import type { PersonEntry, Vault } from '../storage/vault/vault.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { type RealInstallation, startInstallation } from './real-installation.ts'

const DONE_MS = 120_000
const MEMBERS = ['events', 'quarantine', 'anomalies', 'mentions', 'passed_over'] as const

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

async function entryOf(person: string): Promise<PersonEntry> {
  const [found] = await vault.findPersons([ring.lookupHash('person', 'customer', person)])
  assert.ok(found && found.state !== 'erased')
  return found
}

/** How many rows the lake holds of a pseudonym. */
async function inLake(pseudonym: string): Promise<number> {
  const lake = await openS3Lake(accessOf(ecluse.config, 'lake'))
  try {
    const stored = await readManifest(lake, ecluse.transactions)
    let rows = 0
    for (const { path } of stored?.manifest.files ?? [])
      for await (const group of (await openParquet((await lake.get(path))!.body)).groups())
        rows += group.filter(({ subject }) => subject === pseudonym).length
    return rows
  } finally {
    await lake.close()
  }
}

/** How much the document store, the tables and the lake hold of a pseudonym. */
async function heldOf(pseudonym: string): Promise<Record<string, number>> {
  const documents = await openMongoDocuments(accessOf(ecluse.config, 'documents'))
  const tables = await openCassandraTables({ ...accessOf(ecluse.config, 'tables'), ...ecluse.keyspace.access })
  try {
    const held: Record<string, number> = {}
    for (const name of MEMBERS) {
      await documents.ensureCollection(name, collections[name])
      held[name] = (await documents.find(name, { where: { subject: pseudonym }, limit: 1_000 })).length
    }
    await tables.ensureTable('events_by_subject', {
      columns: { dataset: 'text', subject: 'text', time: 'timestamp', id: 'text' },
      partitionKey: ['dataset', 'subject'],
      clusteringKey: [
        { column: 'time', order: 'descending' },
        { column: 'id', order: 'ascending' },
      ],
    })
    const partition = { dataset: ecluse.transactions, subject: pseudonym }
    held.tables = (await tables.read('events_by_subject', { partition, limit: 1_000 })).length
    held.lake = await inLake(pseudonym)
    return held
  } finally {
    await documents.close()
    await tables.close()
  }
}

test('a person whom both gateways know is erased from every server; another one stays', async () => {
  const [person, other] = [randomUUID(), randomUUID()]
  for (const gateway of [0, 1]) {
    const { answer } = await ecluse.post(
      ecluse.transactions,
      [person, other, person].map(id => transactionOf(id)),
      gateway,
    )
    assert.equal(answer.accepted, 3)
    await ecluse.post(ecluse.transactions, transactionOf(person, { montant: 'none' }), gateway)
  }
  await ecluse.settled()
  const [gone, stays] = [await entryOf(person), await entryOf(other)]
  await eventually(
    'all are in the lake',
    async () => (await inLake(gone.pseudonym)) === 4 && (await inLake(stays.pseudonym)) === 2,
  )
  const before = await heldOf(gone.pseudonym)
  assert.deepEqual([before.events, before.quarantine, before.tables, before.lake], [4, 2, 4, 4])
  const othersBefore = await heldOf(stays.pseudonym)

  const key = ecluse.gateways[1]!.current.keys.dpo
  const call = (path: string, body?: JsonObject) =>
    fetch(`${ecluse.gateways[1]!.current.url}${path}`, {
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
  const filed = await call('/v1/erasure-requests', { subject: { type: 'customer', id: person }, reason: 'asked' })
  assert.equal(filed.status, 202)
  const path = filed.headers.get('location')!
  await eventually(
    'the erasure is done',
    async () => ((await (await call(path)).json()) as JsonObject).state === 'done',
    DONE_MS,
  )
  assert.deepEqual(await vault.findPersons([gone.lookup]), [{ lookup: gone.lookup, state: 'erased' }])
  assert.deepEqual(Object.values(await heldOf(gone.pseudonym)), [0, 0, 0, 0, 0, 0, 0])
  assert.deepEqual(await heldOf(stays.pseudonym), othersBefore)
  for (const gateway of [0, 1])
    assert.equal((await ecluse.post(ecluse.transactions, transactionOf(person), gateway)).answer.suppressed, 1)

  const { items } = (await (await call('/v1/signing-keys')).json()) as { items: { publicKeyPem: string }[] }
  const certificate = await (await call(`${path}/certificate`)).text()
  const { payload } = verifySigned(
    certificate,
    items.map(({ publicKeyPem }) => publicKeyPem),
  )
  assert.deepEqual(payload.persons, { erased: 1, erasedBefore: 0, unknown: 0 })
  const left = (payload.holders as { name: string; left?: string }[]).flatMap(holder =>
    holder.left ? holder.name : [],
  )
  assert.deepEqual(left.slice(0, 2), ['tables', 'documents'], 'what the servers’ own files still hold is said')
})
