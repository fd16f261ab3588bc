// A lake over real embedded stores, for tests: events are archived, taken in, and read back.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { openFileLake } from '../../storage/lake/file.ts'
import type { Lake } from '../../storage/lake/lake.ts'
import { readManifest } from '../../storage/lake-manifest.ts'
import {
  asBody,
  collections,
  contractDocumentId,
  eventDocumentId,
  type StoredContract,
  type StoredEvent,
} from '../../storage/stored-shapes.ts'
import { openWhole } from './lake-files.ts'
import type { LakeRow } from './lake-table.ts'
import type { FindGone } from './remove-persons.ts'
import { type ReadRange, type TakeInDeps, takeIn } from './take-in.ts'

export const DATASET = 'orders'

const contract = {
  dataset: DATASET,
  schema: '1-0-0',
  policy: 'p',
  fields: [{ pointer: '/payee/name', level: 'confidential', action: 'encrypt', of: 'payee', whole: false }],
  event: {
    subjects: [
      { name: 'payer', type: 'customer', pointer: '/payer' },
      { name: 'payee', type: 'customer', pointer: '/payee/id' },
    ],
  },
} as unknown as StoredContract

/** A lake over real embedded stores, whose clock and set of erased persons the test holds. */
export async function openedLake(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-lake-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const lake = await openFileLake(join(dir, 'lake'))
  t.after(async () => {
    await documents.close()
    await lake.close()
    rmSync(dir, { recursive: true })
  })
  const erased = new Set<string>()
  const clock = { ms: Date.parse('2026-11-21T12:00:00Z') }
  const findGone: FindGone = async pseudonyms => new Set(pseudonyms.filter(each => erased.has(each)))
  const deps = {
    lake,
    documents,
    vault: { findErasedPseudonyms: async (pseudonyms: string[]) => new Set(await findGone(pseudonyms)) },
    contracts: {
      find: async ({ schema, policy }: { schema: string; policy: string }) =>
        contractDocumentId(DATASET, schema, policy) === contractDocumentId(DATASET, '1-0-0', 'p')
          ? contract
          : undefined,
    },
    now: () => clock.ms,
  } satisfies TakeInDeps
  let offset = 0

  /** Archives an event as the next record of its partition. */
  async function archive(changes: Partial<StoredEvent> = {}): Promise<StoredEvent> {
    const event: StoredEvent = {
      id: randomUUID(),
      dataset: DATASET,
      time: '2026-11-21T10:00:00.000Z',
      timeAmbiguous: false,
      receivedAt: '2026-11-21T10:00:00.000Z',
      subject: 'p1.payer',
      others: [],
      schema: '1-0-0',
      policy: 'p',
      position: { incarnation: 'i', partition: 0, offset: offset++ },
      content: 'c',
      changes: 0,
      held: 0,
      rectifies: null,
      rectifiedAt: null,
      rectifiedBy: null,
      reprotectedAt: null,
      event: { amount: offset },
      ...changes,
    }
    const id = eventDocumentId(DATASET, event.id)
    await documents.upsertNewer('events', [{ id, version: 1, expiresAtMs: null, body: asBody(event) }])
    return event
  }

  async function rows(): Promise<LakeRow[]> {
    const { files } = (await readManifest(lake, DATASET))!.manifest
    const found: LakeRow[] = []
    for (const { path, rows: count } of files) {
      const file = await openWhole(lake, path)
      assert.equal(file.rows, count)
      for await (const group of file.groups()) found.push(...group)
    }
    return found
  }
  const ids = async () => (await rows()).map(({ id }) => id).sort()
  const range = (...events: StoredEvent[]): ReadRange => ({
    incarnation: 'i',
    partition: 0,
    from: events[0]!.position.offset,
    next: events.at(-1)!.position.offset + 1,
    records: events.map(({ id, position }) => ({ id, offset: position.offset })),
  })
  const take = (...events: StoredEvent[]) => takeIn(deps, DATASET, [range(...events)], 100)
  const files = async () => (await readManifest(lake, DATASET))!.manifest.files
  const onDisk = () => lake.list(`events/${DATASET}/date=`, { limit: 100 })
  return {
    dir: join(dir, 'lake'),
    deps,
    lake,
    documents,
    erased,
    clock,
    findGone,
    archive,
    rows,
    ids,
    range,
    take,
    files,
    onDisk,
  }
}

/** The lake, where one call is preceded by something else. */
export function before(lake: Lake, call: 'putIfMatch' | 'putIfAbsent' | 'delete', work: () => Promise<void>): Lake {
  let done = false
  return {
    ...lake,
    [call]: async (...given: Parameters<Lake['putIfMatch']>) => {
      if (!done) {
        done = true
        await work()
      }
      return (lake[call] as (...given: unknown[]) => Promise<unknown>)(...given)
    },
  }
}

export const idsOf = (...events: StoredEvent[]) => events.map(({ id }) => id).sort()
