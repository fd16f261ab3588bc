// npm run bench:erasure [-- --events 10000,100000,1000000] [-- --persons 5] [-- --json]: how long one erasure takes, stage
// by stage, as the archive grows. On the embedded stores, or on servers that the environment names (ECLUSE_DOCUMENTS …).
// Everybody has ten events in the archive and its tables; those who are erased posted theirs like any other.

import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Running, start } from '../cli/start.ts'
import { newPseudonym } from '../governance/protection/token.ts'
import { fillTables } from '../processors/fill-tables.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { readConfig } from '../runtime/config.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { asBody, eventDocumentId, type StoredEvent } from '../storage/stored-shapes.ts'
import { transactionOf } from '../test/fixtures.ts'

const EVENTS_EACH = 10
const PAGE = 1_000
const YEAR_MS = 365 * 86_400_000
const DONE_MS = 600_000

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000,100000,1000000' },
    persons: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})

interface Measured {
  events: number
  /** Median over the persons, ms, from the request to each of these. */
  keyDestroyedMs: number
  erasedMs: number
  verifiedMs: number
}

const dir = mkdtempSync(join(tmpdir(), 'ecluse-bench-'))
const config = {
  ...readConfig(),
  port: 0,
  dataDir: join(dir, 'data'),
  logLevel: 'error' as const,
  logFormat: 'json' as const,
}
const running = await start(config, ['gateway', 'processors'])
try {
  const measured: Measured[] = []
  let stored = 0
  for (const events of values.events.split(',').map(Number)) {
    await fill(running, events - stored)
    stored = events
    measured.push({ events, ...(await measure(running)) })
    if (!values.json) console.error(JSON.stringify(measured.at(-1)))
  }
  console.log(JSON.stringify({ leaseMs: config.leaseMs, persons: Number(values.persons), measured }))
} finally {
  await running.stop()
  rmSync(dir, { recursive: true, force: true })
}

function call(path: string, role: string, body?: unknown): Promise<Response> {
  const keys = JSON.parse(readFileSync(join(config.dataDir, 'dev-credentials.json'), 'utf8')) as Record<string, string>
  return fetch(`${running.address}${path}`, {
    headers: { authorization: `Bearer ${keys[role]}`, 'content-type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
}

/** So many more events of others, as they are archived, with their persons in the vault. */
async function fill({ stores }: Running, events: number): Promise<void> {
  const { documents, vault } = stores
  const sample = await archivedSample()
  const filling = { tables: openEventTables(stores.tables), incarnations: openIncarnations(vault), now: Date.now }
  for (let done = 0; done < events; done += PAGE) {
    const pseudonyms = Array.from({ length: PAGE / EVENTS_EACH }, newPseudonym)
    await vault.insertPersonsIfAbsent(
      pseudonyms.map(pseudonym => ({
        lookup: randomBytes(32).toString('hex'),
        pseudonym,
        sealedId: randomBytes(80),
        sealedKey: randomBytes(60),
        epoch: 1,
        state: 'active',
        objections: [],
        sealedHold: null,
        aliases: [randomBytes(32).toString('hex')],
      })),
    )
    const page = Array.from({ length: PAGE }, (_, i): StoredEvent => {
      const id = randomUUID()
      return { ...sample, id, subject: pseudonyms[i % pseudonyms.length]!, event: blurred(sample.event, id) }
    })
    await documents.insertFirst(
      'events',
      page.map(event => ({
        id: eventDocumentId(event.dataset, event.id),
        version: 0,
        expiresAtMs: Date.now() + YEAR_MS,
        body: asBody(event),
      })),
    )
    await fillTables(filling, sample.dataset, page, { epoch: 0, events: YEAR_MS, quarantine: YEAR_MS })
  }
}

/** The same length and form, other tokens and ciphertexts. */
function blurred(event: StoredEvent['event'], id: string): StoredEvent['event'] {
  const text = JSON.stringify(event).replace(/(enc1|tok1\.person\.0)\.([A-Za-z0-9_-]+)/g, (_, kind, rest: string) => {
    return `${kind}.${randomBytes(rest.length).toString('base64url').slice(0, rest.length)}`
  })
  return { ...(JSON.parse(text) as StoredEvent['event']), id_transaction: id }
}

async function archivedSample(): Promise<StoredEvent> {
  const event = transactionOf(randomUUID())
  await call('/v1/datasets/transactions/events', 'producer', event)
  for (;;) {
    const found = await running.stores.documents.get('events', `transactions/${event.id_transaction}`)
    if (found) return found.body as unknown as StoredEvent
    await sleep(20)
  }
}

async function measure({ stores }: Running): Promise<Omit<Measured, 'events'>> {
  const taken: Omit<Measured, 'events'>[] = []
  for (let i = 0; i < Number(values.persons); i++) {
    const person = randomUUID()
    const events = Array.from({ length: EVENTS_EACH }, () => transactionOf(person))
    await call('/v1/datasets/transactions/events', 'producer', events)
    while (!(await stores.documents.get('events', `transactions/${events.at(-1)!.id_transaction}`))) await sleep(20)
    const subject = { type: 'customer', id: person }
    const filed = (await (await call('/v1/erasure-requests', 'dpo', { subject, reason: 'bench' })).json()) as {
      id: string
    }
    taken.push(await finished(filed.id))
  }
  const median = (name: keyof Omit<Measured, 'events'>) =>
    taken.map(each => each[name]).sort((a, b) => a - b)[Math.floor(taken.length / 2)]!
  return { keyDestroyedMs: median('keyDestroyedMs'), erasedMs: median('erasedMs'), verifiedMs: median('verifiedMs') }
}

async function finished(id: string): Promise<Omit<Measured, 'events'>> {
  const endMs = performance.now() + DONE_MS
  while (performance.now() < endMs) {
    const request = (await (await call(`/v1/erasure-requests/${id}`, 'dpo')).json()) as {
      state: string
      createdAt: string
      stages: { name: string; at: string }[]
    }
    if (request.state === 'done') {
      const at = (stage: (name: string) => boolean) =>
        Date.parse(request.stages.findLast(({ name }) => stage(name))!.at) - Date.parse(request.createdAt)
      return {
        keyDestroyedMs: at(name => name === 'key destroyed'),
        erasedMs: at(name => name.startsWith('erased: ')),
        verifiedMs: at(name => name.startsWith('verified: ')),
      }
    }
    await sleep(50)
  }
  throw new Error('the erasure did not end')
}
