import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { loadContracts } from '../governance/contract/load.ts'
import type { JsonObject } from '../storage/json.ts'
import { sampleProfiles, sampleTransactions } from './fixtures.ts'
import { personalValues, spoil } from './personal-values.ts'
import { inLake } from './read-lake.ts'
import { realSamples } from './real-samples.ts'
import { sampleDataDir } from './sample-data.ts'
import { searchBytes } from './search-bytes.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

test('no personal value of the project’s own samples rests anywhere', async t => {
  await searchAfterPosting(t, { transactions: sampleTransactions, 'user-profiles': sampleProfiles })
})

test('no personal value of real samples rests anywhere', async t => {
  const dir = sampleDataDir()
  if (!dir) return t.skip('ECLUSE_TEST_SAMPLES does not name a folder of real samples')
  await searchAfterPosting(t, realSamples(dir))
})

test('a canary planted in any store is found', async () => {
  const canary = 'canari-Éphémère-77'
  const ecluse = await spawnEcluse()
  await ecluse.post('transactions', sampleTransactions)
  await ecluse.settled()
  await ecluse.end()
  for (const name of ['event-log', 'vault', 'documents', 'tables']) {
    const db = new DatabaseSync(join(ecluse.dataDir, `${name}.sqlite`))
    db.exec('CREATE TABLE planted (cell TEXT)')
    db.prepare('INSERT INTO planted VALUES (?)').run(canary)
    db.close()
  }
  writeFileSync(join(ecluse.dataDir, 'registry', 'planted.json'), JSON.stringify({ description: canary }))
  writeFileSync(join(ecluse.dataDir, 'lake', 'planted.gz'), gzipSync(canary))
  writeFileSync(join(ecluse.dataDir, 'process.log'), Buffer.from(canary).toString('base64'))
  const found = await searchBytes({ dir: ecluse.dataDir, values: [canary] })
  const files = new Set(found.map(({ file }) => file.split('#')[0]))
  for (const planted of [
    'event-log.sqlite',
    'vault.sqlite',
    'documents.sqlite',
    'tables.sqlite',
    'registry/planted.json',
    'lake/planted.gz',
    'process.log',
  ])
    assert.ok(files.has(planted), `the canary in ${planted} was not found`)
})

/** Posts good and spoilt events, stops, and searches everything that was written for the events' personal values. */
async function searchAfterPosting(
  t: { diagnostic(text: string): void },
  samples: Record<string, JsonObject[]>,
): Promise<void> {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_LAKE_FLUSH_MS: '200' } })
  const { contracts } = await loadContracts({
    schemasDir: ecluse.schemasDir,
    policiesDir: ecluse.policiesDir,
    maxViolations: 20,
  })
  const { values, leftOut } = personalValues(
    Object.entries(samples).map(([dataset, events]) => ({ contract: contracts.get(dataset)!, events })),
  )
  for (const [dataset, events] of Object.entries(samples)) {
    const { answer } = await ecluse.post(dataset, events)
    assert.equal(
      answer.accepted,
      events.length,
      JSON.stringify(answer.results.find(r => !('outcome' in r) || r.outcome !== 'accepted')),
    )
    await ecluse.post(dataset, events.map(spoil))
  }
  await inLake(ecluse)
  const metrics = await (await fetch(`${ecluse.url}/metrics`)).text()
  assert.ok(walFiles(ecluse).length > 0, 'the write-ahead logs were not there to be searched')
  // Killed, not stopped: what a crash leaves behind is searched too, the write-ahead logs among it.
  await ecluse.end('SIGKILL')
  appendFileSync(join(ecluse.dataDir, 'process.log'), ecluse.output() + metrics)

  t.diagnostic(
    `${values.length} values searched; left out: ${leftOut} (short, or part of what a keep or generalise rule stores, of the policy or of the schema)`,
  )
  assert.ok(values.length > 50)
  const found = await searchBytes({ dir: ecluse.dataDir, values })
  assert.deepEqual(
    found.map(({ file, form, valueIndex }) => `${file} ${form} value ${valueIndex}`),
    [],
  )
}

function walFiles({ dataDir }: EcluseProcess): string[] {
  return readdirSync(dataDir).filter(name => name.endsWith('-wal') && existsSync(join(dataDir, name)))
}
