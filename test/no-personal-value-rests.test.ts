import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { ContractVersion, PlanNode } from '../governance/contract/contract.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../storage/json.ts'
import { sampleProfiles, sampleTransactions, transaction } from './fixtures.ts'
import { sampleDataDir } from './sample-data.ts'
import { searchBytes } from './search-bytes.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const SHORTEST_VALUE_BYTES = 6

test('no personal value of the project’s own samples rests anywhere', async t => {
  await searchAfterPosting(t, { transactions: sampleTransactions, 'user-profiles': sampleProfiles })
})

test('no personal value of real samples rests anywhere', async t => {
  const dir = sampleDataDir()
  if (!dir) return t.skip('ECLUSE_TEST_SAMPLES does not name a folder of real samples')
  const profiles = ['page1-v1.3', 'page2-v1.3', 'page1-20-v1.3', 'users111-v1.4', 'single-v1.4'].flatMap(name => {
    const { results } = JSON.parse(readFileSync(join(dir, 'random-user', `${name}.json`), 'utf8')) as {
      results: JsonObject[]
    }
    return results
  })
  await searchAfterPosting(t, { transactions: paysim(dir), 'user-profiles': profiles })
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
  const ecluse = await spawnEcluse()
  const { contracts } = await loadContracts({
    schemasDir: ecluse.schemasDir,
    policiesDir: ecluse.policiesDir,
    maxViolations: 20,
  })
  const personal = new Set<string>()
  const declared = new Set<string>()
  for (const [dataset, events] of Object.entries(samples)) {
    const contract = contracts.get(dataset)!
    const version = contract.versions.get(contract.newest)!
    // Some passwords of the samples are plain words that stand in a policy or a schema.
    declared.add(contract.policyText).add(version.schemaText)
    for (const event of events) collectValues(version, event, personal, declared)
    const { answer } = await ecluse.post(dataset, events)
    assert.equal(
      answer.accepted,
      events.length,
      JSON.stringify(answer.results.find(r => !('outcome' in r) || r.outcome !== 'accepted')),
    )
    await ecluse.post(dataset, events.map(spoil))
  }
  await ecluse.settled()
  const metrics = await (await fetch(`${ecluse.url}/metrics`)).text()
  assert.ok(walFiles(ecluse).length > 0, 'the write-ahead logs were not there to be searched')
  // Killed, not stopped: what a crash leaves behind is searched too, the write-ahead logs among it.
  await ecluse.end('SIGKILL')
  appendFileSync(join(ecluse.dataDir, 'process.log'), ecluse.output() + metrics)

  const exceptions = [...personal].filter(value => isException(value, declared))
  const values = [...personal].filter(value => !isException(value, declared))
  t.diagnostic(
    `${values.length} values searched; left out: ${exceptions.length} (short, or part of what a keep or generalise rule stores, of the policy or of the schema)`,
  )
  assert.ok(values.length > 50)
  const found = await searchBytes({ dir: ecluse.dataDir, values })
  assert.deepEqual(
    found.map(({ file, form, valueIndex }) => `${file} ${form} value ${valueIndex}`),
    [],
  )
}

/** Sorts an event's texts into those that must be found nowhere and those a rule declares to be stored. */
function collectValues(
  version: ContractVersion,
  event: JsonObject,
  personal: Set<string>,
  declared: Set<string>,
): void {
  const visit = (node: PlanNode, value: JsonValue): void => {
    const rule = node.rule
    if (rule && (node.whole || typeof value !== 'object' || value === null)) {
      if (rule.action === 'reject') return
      if (rule.actionName === 'keep') return void declared.add(textOf(value))
      if (rule.actionName === 'generalise') {
        const stored = rule.action.apply(value, rule.pointer, undefined as never)
        if (stored !== undefined) declared.add(textOf(stored))
      }
      for (const text of leaves(value)) personal.add(text)
    } else if (Array.isArray(value)) for (const item of value) visit(node.items!, item)
    else if (isJsonObject(value))
      for (const [name, member] of Object.entries(value)) visit(node.members!.get(name)!, member)
  }
  visit(version.plan, event)
}

function leaves(value: JsonValue): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves)
  return value === null || typeof value === 'boolean' ? [] : [String(value)]
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Too short to tell, or part of a text that stands in the clear by declaration. */
function isException(value: string, declared: Set<string>): boolean {
  if (Buffer.byteLength(value) < SHORTEST_VALUE_BYTES) return true
  for (const text of declared) if (text.includes(value)) return true
  return false
}

/** Invalid in three ways, personal values and all. */
function spoil(event: JsonObject, index: number): JsonObject {
  if (index % 3 === 0) return { ...event, inconnu: event }
  if (index % 3 === 1) return { event }
  const [first] = Object.keys(event)
  return { ...event, [first!]: { value: event[first!]! } }
}

function walFiles({ dataDir }: EcluseProcess): string[] {
  return readdirSync(dataDir).filter(name => name.endsWith('-wal') && existsSync(join(dataDir, name)))
}

/** PaySim's simulated mobile money in the shape of our transactions: its account names are the persons. */
function paysim(dir: string): JsonObject[] {
  const [, ...rows] = readFileSync(join(dir, 'transactions', 'paysim-3000.csv'), 'utf8')
    .trim()
    .split('\n')
  return rows.slice(0, 1_000).map(row => {
    const [, , amount, name] = row.split(',')
    const base = transaction({ montant: Number(amount) })
    return {
      ...base,
      utilisateur: {
        idUtilisateur: `compte-${name}`,
        nom: `Titulaire ${name}`,
        adresse: `Agence ${name}`,
        email: `${name}@example.com`,
      },
    }
  })
}
