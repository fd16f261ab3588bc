// Starts Écluse in the test's own process, so that a test can look over the shoulder of its stores: every call counted,
// every record seen as it is appended.

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Running, start } from '../cli/start.ts'
import { findPersons, type KnownPerson } from '../governance/subjects/find-persons.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import type { PersonState } from '../storage/vault/vault.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { configIn, makeDir } from './spawn-ecluse.ts'

export interface StartedEcluse extends Running {
  dir: string
  /** API keys by role. */
  keys: Record<string, string>
  /** Sends a request with the key of a role; a body as JSON. */
  call(role: string, path: string, options?: CallOptions): Promise<Response>
  /** The same, with the answer read. */
  answer(role: string, path: string, options?: CallOptions): Promise<Answer>
  /** Posts events, all of which have to be accepted, and waits until they are archived. */
  accept(dataset: string, ...events: object[]): Promise<void>
  /** The outcomes of what is posted, once it is handled. */
  post(dataset: string, ...events: object[]): Promise<string[]>
  /** An accepted transaction of somebody nobody knew. */
  newcomer(changes?: JsonObject): Promise<Newcomer>
  /** A living person by pseudonym. */
  known(pseudonym: string): Promise<KnownPerson | undefined>
  setState(pseudonym: string, state: PersonState | 'erased'): Promise<void>
  /** What is appended to a topic from now on. */
  watch(topic: string): LogRecord[]
  /** Calls to vault and documents during some work, by name, and appends by topic. */
  countCalls(work: () => Promise<unknown>): Promise<Record<string, number>>
}

export interface Newcomer {
  event: JsonObject
  /** The event's. */
  id: string
  subject: string
  /** Raw id. */
  person: string
}

export interface Answer {
  status: number
  body: Record<string, string>
  location: string | null
}

export interface CallOptions {
  body?: unknown
  method?: string
  headers?: Record<string, string>
}

export async function startEcluse(environment: Record<string, string> = {}, dir = makeDir()): Promise<StartedEcluse> {
  const config = configIn(dir, environment)
  // The keys are shown on standard error when they are made; a test's report is no place for them.
  const write = process.stderr.write
  process.stderr.write = () => true
  const running = await start(config, ['gateway', 'processors']).finally(() => {
    process.stderr.write = write
  })
  const keys = JSON.parse(readFileSync(join(config.dataDir, 'dev-credentials.json'), 'utf8')) as Record<string, string>

  const call: StartedEcluse['call'] = (role, path, { body, method, headers } = {}) =>
    fetch(`${running.address}${path}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        authorization: `Bearer ${keys[role]}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })

  const post: StartedEcluse['post'] = async (dataset, ...events) => {
    const response = await call('producer', `/v1/datasets/${dataset}/events`, { body: events })
    const { results } = (await response.json()) as { results: { outcome: string }[] }
    await eventually('processors have handled everything', async () => {
      const text = await (await fetch(`${running.address}/metrics`)).text()
      return /^ecluse_processor_lag_records\S* 0$/m.test(text)
    })
    return results.map(({ outcome }) => outcome)
  }

  const accept: StartedEcluse['accept'] = async (dataset, ...events) => {
    const outcomes = await post(dataset, ...events)
    if (outcomes.some(outcome => outcome !== 'accepted')) throw new Error(`outcomes: ${outcomes}`)
  }

  const answer: StartedEcluse['answer'] = async (role, path, options) => {
    const response = await call(role, path, options)
    const body = (await response.json()) as Record<string, string>
    return { status: response.status, body, location: response.headers.get('location') }
  }

  const { vault } = running.stores
  const kek = Buffer.from(readFileSync(join(config.dataDir, 'dev-kek'), 'utf8'), 'base64')
  const ring = await openKeyRing(vault, kek, Date.now)
  const known: StartedEcluse['known'] = async pseudonym => (await findPersons(vault, ring, [pseudonym])).get(pseudonym)

  return {
    ...running,
    dir,
    keys,
    call,
    post,
    accept,
    answer,
    known,
    newcomer: async changes => {
      const person = randomUUID()
      const event = transactionOf(person, changes)
      await accept('transactions', event)
      const id = event.id_transaction as string
      const { body } = await answer('data-owner', `/v1/datasets/transactions/events/${id}`)
      return { event, id, person, subject: body.subject! }
    },
    setState: async (pseudonym, state) => {
      const { lookup } = (await known(pseudonym))!
      if (state === 'erased') await vault.erasePerson(lookup, pseudonym)
      else await vault.updatePerson(lookup, { state })
    },
    watch: topic => {
      const seen: LogRecord[] = []
      const { log } = running.stores
      const append = log.append.bind(log)
      log.append = async (entries, receipt) => {
        const appended = await append(entries, receipt)
        for (const entry of entries) if (entry.topic === topic) seen.push(entry.record)
        return appended
      }
      return seen
    },
    countCalls: work => countCalls(running, work),
  }
}

async function countCalls({ stores }: Running, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const undo: (() => void)[] = []
  for (const port of ['vault', 'documents'] as const) {
    const store = stores[port] as unknown as Record<string, (...given: unknown[]) => unknown>
    for (const name of Object.keys(store)) {
      const method = store[name]!
      store[name] = (...given) => {
        // Processors and maintenance look at stores of their own accord.
        const what = port === 'documents' ? `${port}.${name} ${given[0]}` : `${port}.${name}`
        counts[what] = (counts[what] ?? 0) + 1
        return method.apply(store, given)
      }
      undo.push(() => {
        store[name] = method
      })
    }
  }
  await work()
  for (const restore of undo) restore()
  return counts
}
