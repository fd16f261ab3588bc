// The lake on real servers: two processors share Kafka's partitions and write to one bucket, and are killed while they
// do. Each accepted event is in it once.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accessOf } from '../cli/open-stores.ts'
import { openParquet } from '../processors/lake/parquet.ts'
import { openS3Lake } from '../storage/lake/s3.ts'
import { readManifest } from '../storage/lake-manifest.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type RealInstallation, startInstallation } from './real-installation.ts'

/** Each of the two once. */
const ROUNDS = 2
const LIMIT_MS = 180_000
/** Events that may be on their way into the lake: producers who outrun it would only make the test longer. */
const AHEAD = 300

let ecluse: RealInstallation
before(async () => {
  ecluse = await startInstallation()
})
after(() => ecluse?.stop())

/** Event ids in the lake, sorted: each as often as it stands there. */
async function idsInLake(): Promise<string[]> {
  const lake = await openS3Lake(accessOf(ecluse.config, 'lake'))
  try {
    const ids: string[] = []
    for (const { path } of (await readManifest(lake, ecluse.transactions))?.manifest.files ?? []) {
      // Small files are put together meanwhile.
      const file = await lake.get(path)
      if (!file) return idsInLake()
      for await (const rows of (await openParquet(file.body)).groups(['id'])) ids.push(...rows.map(({ id }) => `${id}`))
    }
    return ids.sort()
  } finally {
    await lake.close()
  }
}

test('each event is in the lake once, after processors that share it were killed', async () => {
  const accepted: string[] = []
  let killed = false
  let seen = 0
  const count = async () => (seen = (await idsInLake()).length)
  const produce = async () => {
    while (!killed) {
      await eventually('the lake is not far behind', () => killed || accepted.length - seen < AHEAD, LIMIT_MS)
      const events = Array.from({ length: 10 }, () => transaction())
      // Copies have no effect.
      const { answer } = await ecluse.post(ecluse.transactions, [...events, events[0]])
      assert.equal(answer.accepted, 11)
      accepted.push(...events.map(event => event.id_transaction as string))
    }
  }
  const kill = async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const member = ecluse.processors[round % 2]!
      const before = await count()
      await eventually('more comes into the lake', async () => (await count()) > before, LIMIT_MS)
      await member.end('SIGKILL')
      await member.restart()
    }
    killed = true
  }
  await Promise.all([produce(), kill()])
  const wanted = accepted.sort()
  await eventually('all is in the lake', async () => (await idsInLake()).length >= wanted.length, LIMIT_MS)
  assert.deepEqual(await idsInLake(), wanted)
})
