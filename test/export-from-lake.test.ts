// The lake may keep events longer than the archive: an export holds them all the same.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { readZip } from '../governance/audit/exact-zip.ts'
import type { OwnRecord, PersonalData } from '../governance/subjects/export/personal-data.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { makeGiftsDir } from './gifts.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { spawnEcluse } from './spawn-ecluse.ts'

test('an export holds what the lake keeps longer than the archive, once', async t => {
  const environment = { ECLUSE_LEASE_MS: '500', ECLUSE_LAKE_FLUSH_MS: '100' }
  const ecluse = await spawnEcluse({ dir: makeGiftsDir(), environment })
  t.after(() => ecluse.end())
  const [id, other] = [randomUUID(), randomUUID()]
  const exported = async (): Promise<OwnRecord[]> => {
    const filed = await fileRight(ecluse, 'export', customer(id))
    await rightDone(ecluse, filed)
    const zip = await (await ecluse.call('dpo', `${filed.path}/package`)).arrayBuffer()
    const data = JSON.parse(Buffer.from(readZip(Buffer.from(zip)).get('data.json')!).toString()) as PersonalData
    return data.datasets.flatMap(({ records }) => records)
  }
  const events: JsonObject[] = [
    { from: { id, name: 'Ada' }, note: 'old' },
    { from: { id: other }, to: { id, name: 'Ada' } },
    { from: { id: other }, note: 'of somebody else' },
  ]
  assert.equal((await ecluse.post('gifts', events)).answer.accepted, events.length)
  await ecluse.settled()
  await eventually('all of it is in the lake', async () => {
    const text = await (await fetch(`${ecluse.url}/metrics`)).text()
    return /^ecluse_lake_lag_records\S* 0$/m.test(text)
  })
  const whole = await exported()
  assert.equal(whole.length, 2)
  // As if the archive's retention had ended.
  const db = new DatabaseSync(join(ecluse.dataDir, 'documents.sqlite'), { timeout: 5_000 })
  db.exec("DELETE FROM d_events WHERE id LIKE 'gifts/%'; DELETE FROM d_mentions")
  db.close()
  const left = await exported()
  const withoutEnd = (records: OwnRecord[]) => records.map(({ keptUntil: _, ...record }) => record)
  assert.deepEqual(withoutEnd(left), withoutEnd(whole))
  assert.ok(left.every(({ keptUntil }) => keptUntil !== null))
})
