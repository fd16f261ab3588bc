import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { v7 as uuidV7 } from 'uuid'
import { discardOutcomes } from '../../governance/subjects/quarantine-request.ts'
import { RequestWaits, type RunningRequest } from '../../governance/subjects/running-request.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { writeQuarantineRecord } from '../../storage/quarantine-record.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import { carryQuarantine } from '../carry-quarantine.ts'
import { temporaryDocuments } from '../documents-fixture.ts'
import { openQuality } from '../quality/open-quality.ts'
import { awaitTurn, goOverEntries, type Run } from './go-over-entries.ts'

const DAY_MS = 86_400_000
const CAUSE = '/a type'
const SUBJECT = 'p1.aaaaaaaaaaaaaaaaaaaaaa'

/** As a gateway appends them: one second after the other, the last a second ago. */
function batchOf(count: number) {
  const records = Array.from({ length: count }, (_, i) => {
    const receivedAtMs = Date.now() - (count - i) * 1_000
    const errors = [{ pointer: '/a', keyword: 'type', detail: '', fix: '' }]
    const record = writeQuarantineRecord({
      id: uuidV7(),
      dataset: 'd',
      receivedAt: new Date(receivedAtMs).toISOString(),
      expiresAtMs: receivedAtMs + DAY_MS,
      schema: '1-0-0',
      policy: 'p',
      errors,
      sealedBy: { by: 'person', pseudonym: SUBJECT },
      sealed: 'c2VjcmV0',
    })
    return { ...record, topic: 'q', partition: 0, offset: i, timestampMs: receivedAtMs }
  })
  return { topic: 'q', partition: 0, incarnation: 'i', records }
}

function requestOf(id: string = uuidV7()): RunningRequest {
  const content = { subjects: [], reason: '', requester: '', details: {}, progress: {} as Record<string, JsonValue> }
  return {
    id,
    filed: { kind: 'discard', createdAt: new Date().toISOString(), createdBy: 'a', dataset: 'd', asked: {} },
    content,
    stage: (_, work) => work(),
    tellHolder: async () => {},
    keep: async (name, value) => {
      content.progress[name] = structuredClone(value)
    },
    wait: async () => {},
    waitUntil: async () => {},
  }
}

const discarding: Run = {
  dataset: 'd',
  asked: { cause: CAUSE, total: 0 },
  dryRun: false,
  outcomes: discardOutcomes,
  quarantineMs: () => DAY_MS,
  decide: async entries => entries.map(({ id }) => ({ id, outcome: 'discarded' })),
}

function carry(documents: Documents, batch: ReturnType<typeof batchOf>): Promise<void> {
  const vault = { findErasedPseudonyms: async () => new Set() } as unknown as Vault
  const retentions = { inForce: async () => undefined }
  const quality = openQuality({ documents, catalogue: { find: () => undefined } })
  return carryQuarantine({ documents, vault, retentions, quality, count: () => {} }, 'd', batch)
}

test('entries that left do not come back with their topic, and their marks outlive the log’s copies', async t => {
  const documents = await temporaryDocuments(t)
  const batch = batchOf(250)
  await carry(documents, batch)
  const counts = await goOverEntries({ documents, now: Date.now }, requestOf(), discarding)
  assert.deepEqual(counts, { discarded: 250, kept: 0, gone: 0 })
  await carry(documents, batch)
  assert.deepEqual(await documents.find('quarantine', { where: { dataset: 'd' }, limit: 1 }), [])
  const marks = await documents.find('quarantine', { where: { left: 'd' }, limit: 1_000 })
  assert.equal(marks.length, 250)
  for (const { body, expiresAtMs } of marks) {
    assert.ok(expiresAtMs! >= Date.parse(body.receivedAt as string) + 1.1 * DAY_MS, 'a segment outlives its retention')
    assert.deepEqual(Object.keys(body).sort(), ['left', 'outcome', 'receivedAt', 'request', 'subject'])
  }
})

test('what was rejected after the request was filed is left to the next', async t => {
  const documents = await temporaryDocuments(t)
  const batch = batchOf(20)
  await carry(documents, batch)
  const request = requestOf()
  request.filed = { ...request.filed, createdAt: new Date(batch.records[11]!.timestampMs).toISOString() }
  const counts = await goOverEntries({ documents, now: Date.now }, request, discarding)
  assert.equal(counts.discarded, 12)
  assert.equal((await documents.find('quarantine', { where: { dataset: 'd' }, limit: 1_000 })).length, 8)
})

test('a page that was written and not noted is counted all the same', async t => {
  const documents = await temporaryDocuments(t)
  await carry(documents, batchOf(250))
  const id = uuidV7()
  const dying = requestOf(id)
  dying.keep = () => Promise.reject(new Error('the process died'))
  await assert.rejects(goOverEntries({ documents, now: Date.now }, dying, discarding))
  assert.equal((await documents.find('quarantine', { where: { left: 'd' }, limit: 1_000 })).length, 100)
  const counts = await goOverEntries({ documents, now: Date.now }, requestOf(id), discarding)
  assert.equal(counts.discarded, 250)
})

test('ids that name no entry of the dataset count as gone', async t => {
  const documents = await temporaryDocuments(t)
  const batch = batchOf(3)
  await carry(documents, batch)
  const ids = (await documents.find('quarantine', { where: { dataset: 'd' }, limit: 2 })).map(({ id }) => id)
  const asked = { ids: [...ids, randomUUID()], total: 3 }
  const counts = await goOverEntries({ documents, now: Date.now }, requestOf(), { ...discarding, asked })
  assert.deepEqual(counts, { discarded: 2, kept: 0, gone: 1 })
  const other = { ...discarding, dataset: 'other', asked: { ids: [randomUUID()], total: 1 } }
  assert.equal((await goOverEntries({ documents, now: Date.now }, requestOf(), other)).gone, 1)
})

test('of two requests about one quarantine the one filed first goes first, unless nobody is at work on it', async t => {
  const documents = await temporaryDocuments(t)
  const [first, second] = [requestOf(), requestOf()]
  const store = (body: JsonObject) =>
    documents.upsertNewer('requests', [
      {
        id: first.id,
        version: Date.now(),
        expiresAtMs: null,
        body: { id: first.id, dataset: 'd', active: 1, ...body },
      },
    ])
  const turn = (request: RunningRequest) => awaitTurn({ documents, now: Date.now }, request)
  await store({ owner: 'one', ownedUntilMs: Date.now() + DAY_MS, asked: {} })
  await assert.rejects(turn(second), RequestWaits)
  await turn(first)
  await documents.delete('requests', [first.id])
  await store({ owner: 'one', ownedUntilMs: Date.now() - 1, asked: {} })
  await turn(second)
})
