// Fields that a policy computes, end to end: who reads what of them, and what copies, corrections, exports, the lake and
// an erasure make of them. The project's own profiles have three.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { readZip } from '../governance/audit/exact-zip.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles } from './fixtures.ts'
import { inLake, queryLake } from './read-lake.ts'
import { customer, fileRight, readRight, rightDone } from './rights.ts'
import { searchBytes } from './search-bytes.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

interface Shown {
  id: string
  receivedAt: string
  rectifies: string | null
  event: JsonObject
  conflicts?: unknown[]
}

const EVENTS = '/v1/datasets/user-profiles/events'
const CLEAR = '?clear=true&purpose=a%20look'

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ environment: { ECLUSE_LEASE_MS: '100', ECLUSE_LAKE_FLUSH_MS: '100' } })
})
after(() => ecluse.end())

const person = randomUUID()
/** Whose birthday was at the beginning of this year. */
const bornBefore = (years: number) => `${new Date().getUTCFullYear() - years}-01-01T00:00:00Z`

async function send(): Promise<void> {
  const profile = structuredClone(sampleProfiles[0]!)
  Object.assign(profile.login as JsonObject, { uuid: person })
  profile.name = { title: 'Ms', first: 'Philippine', last: 'Essai-Dubreuil' }
  profile.dob = { date: bornBefore(35), age: 35 }
  const { answer } = await ecluse.post('user-profiles', profile)
  assert.equal(answer.accepted, 1, JSON.stringify(answer))
  await ecluse.settled()
}

async function read(role: string, path: string): Promise<Shown> {
  const response = await ecluse.call(role, path)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as Shown
}

const list = async () => ((await read('data-owner', EVENTS)) as unknown as { items: Shown[] }).items
const at = (id: string) => `${EVENTS}/${encodeURIComponent(id)}`

const correct = (event: string, ...changes: JsonObject[]) =>
  fileRight(ecluse, 'rectification', { ...customer(person), dataset: 'user-profiles', event, changes })

test('computed fields are read by who may read their level, in the clear for a purpose', async () => {
  await send()
  const [{ id }] = (await list()) as [Shown]
  const analyst = await read('analyst', at(id))
  assert.match(analyst.event.full_name as string, /^enc1\./)
  assert.equal(analyst.event.age, '[30, 40)')
  assert.equal(analyst.event.ingestion_time, analyst.receivedAt)
  const owner = await read('data-owner', at(id) + CLEAR)
  assert.equal(owner.event.full_name, 'Philippine Essai-Dubreuil')
})

test('a copy that comes later is a copy, although it was received at another time', async () => {
  const [{ receivedAt, id }] = (await list()) as [Shown]
  await send()
  const [kept, ...others] = (await list()) as [Shown]
  assert.deepEqual(others, [])
  const { conflicts, event } = await read('data-owner', at(id))
  assert.deepEqual([kept.receivedAt, event.ingestion_time, conflicts], [receivedAt, receivedAt, []])
})

test('a dataset’s description says which fields are computed, and how', async () => {
  const { fields } = (await read('analyst', '/v1/datasets/user-profiles')) as unknown as { fields: JsonObject[] }
  const computed = fields.filter(field => 'computed' in field)
  assert.deepEqual(
    computed.map(({ pointer, action, computed }) => [pointer, action, computed]),
    [
      ['/full_name', 'encrypt', { join: ['/name/first', '/name/last'], separator: ' ' }],
      ['/age', 'generalise', { years: { since: '/dob/date' } }],
      ['/ingestion_time', 'keep', 'received'],
    ],
  )
})

test('a correction computes anew what was made of the corrected values, and nothing else', async () => {
  const [{ id, receivedAt }] = (await list()) as [Shown]
  const refused = await correct(id, { pointer: '/age', value: 20 })
  const failed = await eventually('the request fails', async () => {
    const request = await readRight(ecluse, refused)
    return request.state === 'failed' && request
  })
  assert.match(failed.because as string, /\/age is computed: correct what it is made of/)

  await rightDone(ecluse, await correct(id, { pointer: '/dob/date', value: bornBefore(62) }))
  const older = await read('data-owner', at(`${id}~r1`) + CLEAR)
  assert.equal(older.rectifies, id)
  const { full_name, age, ingestion_time } = older.event
  assert.deepEqual([full_name, age, ingestion_time], ['Philippine Essai-Dubreuil', '[60, 70)', receivedAt])

  // The family name is not in the request: it is opened.
  await rightDone(ecluse, await correct(`${id}~r1`, { pointer: '/name/first', value: 'Joséphine' }))
  const renamed = await read('data-owner', at(`${id}~r2`) + CLEAR)
  assert.deepEqual([renamed.event.full_name, renamed.event.age], ['Joséphine Essai-Dubreuil', '[60, 70)'])
  assert.match((await read('data-owner', at(`${id}~r2`))).event.full_name as string, /^enc1\./)
})

test('an export and the lake hold them; after an erasure nothing does', async () => {
  const filed = await fileRight(ecluse, 'export', customer(person))
  await rightDone(ecluse, filed)
  const files = readZip(Buffer.from(await (await ecluse.call('dpo', `${filed.path}/package`)).arrayBuffer()))
  assert.ok(Buffer.from(files.get('data.json')!).includes('"Joséphine Essai-Dubreuil"'))

  await inLake(ecluse)
  const sql =
    'SELECT "/age" AS age, "/ingestion_time" AS received, "/full_name" AS name FROM lake ORDER BY "offset" DESC'
  const [row] = await queryLake(ecluse.dataDir, 'user-profiles', sql)
  const { receivedAt } = (await list())[0]!
  assert.deepEqual([row!.age, row!.received], ['[60, 70)', receivedAt])
  assert.match(row!.name as string, /^enc1\./)

  await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(person)))
  assert.deepEqual(await list(), [])
  const values = ['Philippine Essai-Dubreuil', 'Joséphine Essai-Dubreuil']
  assert.deepEqual(await searchBytes({ dir: ecluse.dataDir, values }), [])
})
