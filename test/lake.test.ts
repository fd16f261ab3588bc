// The lake, end to end: whatever the archive gives effect to stands in the Parquet files once, as DuckDB reads them.

import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredEvent } from '../storage/stored-shapes.ts'
import { eventually } from './eventually.ts'
import { transaction, transactionOf } from './fixtures.ts'
import { inLake, manifestIn, queryLake } from './read-lake.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const environment = {
  ECLUSE_LAKE_FLUSH_MS: '100',
  ECLUSE_MAINTENANCE_INTERVAL_MS: '300',
  ECLUSE_WATCH_INTERVAL_MS: '100',
  ECLUSE_LEASE_MS: '500',
}

/** The older version, once there is a newer one. */
const V1 = { 'ecluse-schema': '1-0-0' }

/** What is archived, read from its file. */
function archived(dataDir: string, dataset: string): StoredEvent[] {
  const db = new DatabaseSync(join(dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
  try {
    const rows = db.prepare('SELECT body FROM d_events ORDER BY id').all()
    return rows.map(({ body }) => JSON.parse(body as string)).filter(event => event.dataset === dataset)
  } finally {
    db.close()
  }
}

/** Each effective event stands in the lake once, with what the archive holds of it. */
async function assertEqual({ dataDir }: EcluseProcess): Promise<number> {
  const events = archived(dataDir, 'transactions').filter(({ held }) => held === 0)
  const rows = await queryLake(
    dataDir,
    'transactions',
    'SELECT id, subject, schema, "partition", "offset", "/montant" AS amount, "/utilisateur/email" AS email, rectifies FROM lake ORDER BY id',
  )
  const wanted = events.map(({ id, subject, schema, position, event, rectifies }) => {
    const { email } = (event.utilisateur ?? {}) as { email?: string }
    const { partition, offset } = position
    return { id, subject, schema, partition, offset, amount: event.montant ?? null, email: email ?? null, rectifies }
  })
  assert.deepEqual(
    rows.map(row => ({ ...row, partition: Number(row.partition), offset: Number(row.offset) })),
    wanted,
  )
  return rows.length
}

describe('events in the lake', () => {
  let ecluse: EcluseProcess
  const person = randomUUID()
  before(async () => {
    ecluse = await spawnEcluse({ environment })
  })
  after(() => ecluse.end())

  test('are those that have effect: neither duplicates nor conflicts', async () => {
    const [twice, changed] = [transactionOf(person, { montant: 12.5 }), transaction()]
    await ecluse.post('transactions', [twice, transaction(), twice, changed])
    await ecluse.post('transactions', [twice, { ...changed, montant: 1 }, transactionOf(person, { montant: 0.25 })])
    await inLake(ecluse)
    assert.equal(await assertEqual(ecluse), 4)
  })

  test('are read as one table over schema versions, also where a type changed', async () => {
    const folder = join(ecluse.schemasDir, 'transactions')
    const schema = JSON.parse(readFileSync(join(folder, '1-0-0.json'), 'utf8'))
    const { properties } = schema
    properties.details.properties.quantite = { type: 'string', maxLength: 10 }
    properties.canal = { type: 'string', maxLength: 20 }
    delete schema.examples
    writeFileSync(join(folder, '2-0-0.json'), JSON.stringify(schema))
    const policy = join(ecluse.policiesDir, 'transactions.yaml')
    writeFileSync(
      policy,
      readFileSync(policy, 'utf8').replace(/^fields:$/m, 'fields:\n  /canal: { level: internal, action: keep }'),
    )
    const newer = transaction({ canal: 'web', details: { produit: 'Lampe', quantite: 'two', prixUnitaire: 3 } })
    await eventually('the new version is live', async () => {
      const { answer } = await ecluse.post('transactions', newer, { 'ecluse-schema': '2-0-0' })
      return answer.accepted === 1
    })
    await inLake(ecluse)
    await assertEqual(ecluse)
    const [row] = await queryLake(
      ecluse.dataDir,
      'transactions',
      `SELECT "/canal" AS channel, "/details/quantite" AS number, "/details/quantite~json"->>'$' AS text
       FROM lake WHERE schema = '2-0-0'`,
    )
    assert.deepEqual(row, { channel: 'web', number: null, text: 'two' })
    const [sum] = await queryLake(
      ecluse.dataDir,
      'transactions',
      `SELECT sum("/details/quantite") AS sum, typeof(any_value(received_at)) AS type FROM lake`,
    )
    assert.ok((sum!.sum as number) >= 1)
    assert.equal(sum!.type, 'TIMESTAMP')
  })

  test('of an erased person are gone; those of others are as they were', async () => {
    const [before] = archived(ecluse.dataDir, 'transactions').filter(({ event }) => event.montant === 12.5)
    const pseudonym = before!.subject
    const others = `SELECT * FROM lake WHERE subject <> '${pseudonym}' ORDER BY id`
    const untouched = await queryLake(ecluse.dataDir, 'transactions', others)
    const files = manifestIn(ecluse.dataDir, 'transactions').files.map(({ path }) => path)
    const done = await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(person)))
    const lake = (done.holders as JsonObject[]).find(({ name }) => name === 'lake')
    assert.equal(lake!.records, 2)
    assert.equal(await assertEqual(ecluse), untouched.length)
    assert.deepEqual(await queryLake(ecluse.dataDir, 'transactions', others), untouched)
    const after = manifestIn(ecluse.dataDir, 'transactions').files.map(({ path }) => path)
    assert.ok(files.some(path => !after.includes(path)))
  })

  test('of a restricted person wait until the restriction is lifted; a correction comes with what it corrects', async () => {
    const restricted = randomUUID()
    const first = transactionOf(restricted)
    await ecluse.post('transactions', first, V1)
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(restricted)))
    await ecluse.post('transactions', [transactionOf(restricted), transaction()], V1)
    await inLake(ecluse)
    const rows = await assertEqual(ecluse)
    assert.equal(manifestIn(ecluse.dataDir, 'transactions').held.length, 1)
    await rightDone(ecluse, await fileRight(ecluse, 'restriction', { ...customer(restricted), lift: true }))
    await eventually('it has come', () => manifestIn(ecluse.dataDir, 'transactions').held.length === 0)
    assert.equal(await assertEqual(ecluse), rows + 1)

    const correction = {
      ...customer(restricted),
      dataset: 'transactions',
      event: first.id_transaction as string,
      changes: [{ pointer: '/montant', value: 7 }],
    }
    await rightDone(ecluse, await fileRight(ecluse, 'rectification', correction))
    await inLake(ecluse)
    assert.equal(await assertEqual(ecluse), rows + 2)
    const current =
      'SELECT count(*)::INT AS n FROM lake WHERE id NOT IN (SELECT rectifies FROM lake WHERE rectifies IS NOT NULL)'
    assert.deepEqual(await queryLake(ecluse.dataDir, 'transactions', current), [{ n: rows + 1 }])
  })

  test('small files become one, and nothing is lost by it', async () => {
    for (let i = 0; i < 12; i++) {
      const { answer } = await ecluse.post('transactions', [transaction(), transaction()], V1)
      assert.equal(answer.accepted, 2)
      await inLake(ecluse)
    }
    await eventually('files are put together', () => manifestIn(ecluse.dataDir, 'transactions').files.length < 9)
    assert.ok((await assertEqual(ecluse)) >= 24)
  })

  test('are the same after the log was read again from its start, and after the lake was lost', async () => {
    await ecluse.end()
    const db = new DatabaseSync(join(ecluse.dataDir, 'event-log.sqlite'))
    db.exec('DELETE FROM positions')
    db.close()
    ecluse = await ecluse.restart()
    await inLake(ecluse)
    assert.ok((await assertEqual(ecluse)) > 24)

    await ecluse.end()
    rmSync(join(ecluse.dataDir, 'lake'), { recursive: true })
    ecluse = await ecluse.restart()
    await eventually('the lake is filled again', () => manifestFiles(ecluse) > 0)
    await inLake(ecluse)
    assert.ok((await assertEqual(ecluse)) > 24)
  })

  test('is counted by what it keeps, and until when', async () => {
    const response = await ecluse.call('auditor', '/v1/retention?dataset=transactions')
    const { items } = (await response.json()) as { items: { store: string; by: string; oldest: string }[] }
    const { by, oldest } = items.find(({ store }) => store === 'lake')!
    assert.deepEqual([by, oldest.slice(0, 10)], ['the day of reception', new Date().toISOString().slice(0, 10)])
  })
})

test('a lake that is down holds up nothing else, and catches up', async t => {
  const ecluse = await spawnEcluse({ environment })
  t.after(() => ecluse.end())
  await ecluse.post('transactions', transaction())
  await inLake(ecluse)
  const [folder, away] = [join(ecluse.dataDir, 'lake'), join(ecluse.dataDir, 'away')]
  renameSync(folder, away)
  writeFileSync(folder, '')
  assert.equal((await ecluse.post('transactions', [transaction(), transaction()])).answer.accepted, 2)
  await ecluse.settled()
  assert.equal(archived(ecluse.dataDir, 'transactions').length, 3)
  await eventually('it is degraded, and ready', async () => {
    const response = await fetch(`${ecluse.url}/readyz`)
    const { degraded } = (await response.json()) as { degraded: string[] }
    return response.status === 200 && degraded.includes('lake') && degraded.includes('processors')
  })
  rmSync(folder)
  renameSync(away, folder)
  await inLake(ecluse)
  assert.equal(await assertEqual(ecluse), 3)
  await eventually('nothing is degraded', async () => {
    const { degraded } = (await (await fetch(`${ecluse.url}/readyz`)).json()) as { degraded: string[] }
    return degraded.length === 0
  })
})

test('after kill -9 in the middle of writing, each effective event is in the lake once', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  let ecluse = await spawnEcluse({ environment: { ...environment, ECLUSE_LAKE_FLUSH_MS: '50' } })
  t.after(() => ecluse.end('SIGKILL'))
  for (let round = 0; round < 4; round++) {
    const before = manifestFiles(ecluse)
    const load = postUntilItDies(ecluse)
    await eventually('files are written', () => manifestFiles(ecluse) >= before + 1 + Math.floor(random() * 3))
    await ecluse.end('SIGKILL')
    await load
    ecluse = await ecluse.restart()
  }
  await inLake(ecluse)
  assert.ok((await assertEqual(ecluse)) > 100)
})

/** Of a dataset that may have none yet. */
function manifestFiles({ dataDir }: EcluseProcess): number {
  try {
    return manifestIn(dataDir, 'transactions').files.length
  } catch {
    return 0
  }
}

async function postUntilItDies(ecluse: EcluseProcess): Promise<void> {
  for (;;) {
    const events = Array.from({ length: 20 }, () => transaction({ montant: randomInt(1e6) / 100 }))
    try {
      await ecluse.post('transactions', [...events, events[0]])
    } catch {
      return
    }
  }
}
