import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { eventReaders } from '../governance/contract/event-parts.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { rootSchema, validObject } from '../governance/contract/schema-arbitrary.ts'
import { checkEvent } from '../governance/ingestion/check-event.ts'
import { governEvent } from '../governance/ingestion/govern-event.ts'
import { parseStrict } from '../governance/ingestion/strict-json.ts'
import { macKey } from '../governance/protection/mac.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import { readEventRecord } from '../storage/event-record.ts'
import type { JsonObject } from '../storage/json.ts'
import type { JsonSchema } from '../storage/registry/registry.ts'
import { bodyLimits } from './body-limits.ts'

const POLICY = `dataset: kept
title: Everything is kept
owner: a@example.org
steward: b@example.org
purpose: testing
legalBasis: contract
review: { every: 3650d, last: 2026-11-01 }
retention: { log: 1d, events: 2d, quarantine: 1d, lake: 2d }
event: { subjects: [] }
fields:
  /**: { level: internal, action: keep }
unclassified: drop
`
/** An event about nobody needs this key alone. */
const ring = {
  content: macKey(Buffer.alloc(32, 1)),
  eventId: macKey(Buffer.alloc(32, 2)),
  domainKeys: () => [],
} as unknown as KeyRing

/** The contract of a random schema under which everything is kept; undefined when the schema is refused. */
async function contractOf(schema: JsonSchema): Promise<LiveContract | undefined> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-kept-'))
  try {
    mkdirSync(join(dir, 'schemas/kept'), { recursive: true })
    mkdirSync(join(dir, 'policies'))
    writeFileSync(join(dir, 'schemas/kept/1-0-0.json'), JSON.stringify(schema))
    writeFileSync(join(dir, 'policies/kept.yaml'), POLICY)
    const { contracts } = await loadContracts({
      schemasDir: join(dir, 'schemas'),
      policiesDir: join(dir, 'policies'),
      maxViolations: 20,
    })
    const contract = contracts.get('kept')
    return (
      contract && {
        ...contract,
        readers: eventReaders(contract),
        wirePrefixes: new Map([[contract.newest, Buffer.from([0, 0, 0, 1, 200])]]),
      }
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** What rests in the log of an event that came as this text. */
async function throughTheGateway(contract: LiveContract, text: string): Promise<JsonObject> {
  const raw = Buffer.from(text)
  const request = {
    contract,
    schemaVersion: undefined,
    makeId: () => 'made',
    traceparent: '00-1-1-01',
    receivedAt: new Date().toISOString(),
  }
  const checked = checkEvent(contract, request, { index: 0, raw, ...parseStrict(raw, bodyLimits()) })
  assert.ok(checked.valid, JSON.stringify(checked))
  const governed = governEvent({ ring, maxRecordBytes: 2 ** 30 }, request, checked, [])
  assert.equal(governed.outcome, 'accepted')
  if (governed.outcome !== 'accepted') throw new Error('unreachable')
  return readEventRecord(governed.record).event
}

test('what is kept comes out equal: Unicode, empty strings, nulls, numbers and the order of members', async t => {
  let checked = 0
  const schemaAndEvents = rootSchema.chain(schema =>
    fc.tuple(fc.constant(schema), fc.array(validObject(schema), { minLength: 5, maxLength: 5 }), fc.nat({ max: 4 })),
  )
  await fc.assert(
    fc.asyncProperty(schemaAndEvents, async ([schema, events, indent]) => {
      const contract = await contractOf(schema)
      fc.pre(contract !== undefined)
      for (const event of events) {
        const kept = await throughTheGateway(contract!, JSON.stringify(event, null, indent))
        assert.equal(JSON.stringify(kept), JSON.stringify(event))
        checked++
      }
    }),
    { numRuns: 150, maxSkipsPerRun: 50 },
  )
  t.diagnostic(`${checked} events`)
  assert.ok(checked >= 500)
})
