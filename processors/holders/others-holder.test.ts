import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { openEventTables } from '../../storage/event-rows.ts'
import { collections, type StoredContract, type StoredEvent } from '../../storage/stored-shapes.ts'
import { openSqliteTables } from '../../storage/tables/sqlite.ts'
import { openSqliteVault } from '../../storage/vault/sqlite.ts'
import { archiveEvents, toStoredEvent } from '../archive-events.ts'
import { fillTables } from '../fill-tables.ts'
import { openIncarnations } from '../incarnations.ts'
import { noteMentions } from '../note-mentions.ts'
import { othersHolder } from './others-holder.ts'

const AT = '2026-11-21T12:00:00.000Z'
const person = (letter: string) => ({ lookup: letter, pseudonym: `p1.${letter.repeat(22)}` })
const [giver, one, two] = [person('g'), person('a'), person('b')]
const field = (pointer: string, of: string) =>
  ({ pointer, level: 'internal', action: 'keep', of, whole: false }) as const
const contract = {
  fields: [field('/one/city', 'one'), field('/two/city', 'two')],
  event: {
    subjects: [
      { name: 'giver', type: 'customer', pointer: '/giver' },
      { name: 'one', type: 'customer', pointer: '/one/id' },
      { name: 'two', type: 'customer', pointer: '/two/id' },
    ],
  },
} as unknown as StoredContract

async function opened(t: TestContext, known: StoredContract | undefined) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-others-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  t.after(async () => {
    for (const store of [documents, vault, tables]) await store.close()
    rmSync(dir, { recursive: true })
  })
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const deps = {
    documents,
    tables: openEventTables(tables),
    incarnations: openIncarnations(vault),
    contracts: { find: async () => known },
    retentions: { inForce: async () => undefined },
    now: Date.now,
  }
  const event = {
    giver: giver.pseudonym,
    one: { id: one.pseudonym, city: 'Rouen' },
    two: { id: two.pseudonym, city: 'Nantes' },
  }
  const record = {
    ...{ dataset: 'gifts', id: 'e', source: 's', type: 't', time: AT, timeAmbiguous: false, receivedAt: AT },
    ...{ subject: giver.pseudonym, others: [one.pseudonym, two.pseudonym], schema: '1-0-0', policy: 'p', content: 'c' },
    ...{ held: false, traceparent: '00-0-0-01', event },
  }
  const placed = { record, position: { incarnation: 'i', partition: 0, offset: 0 } }
  await noteMentions(deps, 'events', [placed], undefined)
  const { effective } = await archiveEvents(documents, [placed], undefined)
  await fillTables(deps, 'gifts', effective.map(toStoredEvent), undefined)
  const stored = async () => (await documents.get('events', 'gifts/e'))!.body as unknown as StoredEvent
  const row = async () => {
    const partition = { dataset: 'gifts', subject: giver.pseudonym }
    const [found] = await deps.tables.read('events_by_subject', { partition, limit: 10 })
    return JSON.parse(found!.event as string)
  }
  return { holder: othersHolder(deps), stored, row }
}

test('two persons of one event are taken out one after the other, of its document and of its row', async t => {
  const { holder, stored, row } = await opened(t, contract)
  assert.equal(await holder.erase([one]), 1)
  const nobody = { id: null, city: null }
  assert.deepEqual((await row()).one, nobody)
  assert.equal((await row()).two.city, 'Nantes')
  assert.equal(await holder.erase([two]), 1)
  const left = { giver: giver.pseudonym, one: nobody, two: nobody }
  assert.deepEqual([(await stored()).event, await row()], [left, left])
  assert.deepEqual((await stored()).others, [])
  assert.equal(await holder.countLeft([one, two]), 0)
})

test('where nobody knows the contract any more, nothing of the event is kept', async t => {
  const { holder, stored, row } = await opened(t, undefined)
  await holder.erase([two])
  assert.deepEqual([(await stored()).event, await row()], [{}, {}])
})
