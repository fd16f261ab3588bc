// A replay that fails between any two of its steps, and goes on: each event once, and counts that are true; and a dry
// run, which changes nothing.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { topicOf } from '../governance/contract/topic-of.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { some } from './quarantine.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const WORD = 'commentaire'

let ecluse: StartedEcluse
let appended: LogRecord[]
before(async () => {
  ecluse = await startEcluse({
    ECLUSE_WATCH_INTERVAL_MS: '100',
    ECLUSE_REQUEST_INTERVAL_MS: '50',
  })
  appended = ecluse.watch(topicOf('transactions'))
})
after(() => ecluse.stop())

interface Done {
  state: string
  counts: Record<string, number>
}

const worded = (changes: JsonObject = {}) => transaction({ [WORD]: 'hello', ...changes })

/** Their request names the version that knows no such word. @returns the cause */
async function reject(events: JsonObject[]): Promise<string> {
  const headers = { 'ecluse-schema': '1-0-0' }
  const { status } = await ecluse.call('producer', '/v1/datasets/transactions/events', { body: events, headers })
  assert.equal(status, 422)
  await settled()
  const { body } = await ecluse.answer('data-steward', '/v1/quarantine/causes?dataset=transactions')
  return (body.items as unknown as { cause: string }[])[0]!.cause
}

const settled = () => ecluse.accept('transactions', transaction())

/** Under the version that knows it. */
async function replay(asked: JsonObject): Promise<Done> {
  const body = { schema: '1-0-1', ...asked }
  const filed = await ecluse.answer('data-steward', '/v1/quarantine/replays?dataset=transactions', { body })
  assert.ok([200, 202].includes(filed.status), JSON.stringify(filed.body))
  return eventually(
    'it is done',
    async () => {
      const { body: seen } = await ecluse.answer('data-steward', filed.location!)
      return seen.state === 'done' && (seen as unknown as Done)
    },
    60_000,
  )
}

/** From now on the word may stand in an event. */
async function allowWord(): Promise<void> {
  const dir = join(ecluse.dir, 'schemas/transactions')
  const schema = JSON.parse(readFileSync(join(dir, '1-0-0.json'), 'utf8'))
  schema.properties[WORD] = { description: 'A word of the customer', type: 'string', maxLength: 200 }
  writeFileSync(join(dir, '1-0-1.json'), JSON.stringify(schema))
  await eventually('it is live', async () => {
    const found = await ecluse.call('data-steward', '/v1/datasets/transactions/schemas/1-0-1')
    return found.status === 200
  })
}

/** Does something else in the place of one call of a store. */
function instead<Store extends object, Name extends keyof Store>(
  store: Store,
  name: Name,
  when: (...given: unknown[]) => boolean,
  act: (call: () => Promise<unknown>) => Promise<unknown>,
): void {
  const method = (store[name] as (...given: unknown[]) => Promise<unknown>).bind(store)
  store[name] = ((...given: unknown[]) => {
    if (!when(...given)) return method(...given)
    store[name] = method as Store[Name]
    return act(() => method(...given))
  }) as Store[Name]
}

const failure = () => Promise.reject(new Error('the store is gone for a moment'))
const isEntries = (collection: unknown) => collection === 'quarantine'

describe('a replay', () => {
  test('as a dry run changes nothing: no person gets an entry, nothing is appended', async () => {
    await allowWord()
    const person = { ...(transaction().utilisateur as JsonObject), idUtilisateur: randomUUID() }
    const cause = await reject([worded({ utilisateur: person }), worded()])
    const before = appended.length
    const calls = await ecluse.countCalls(async () => {
      assert.deepEqual(some((await replay({ cause, dryRun: true })).counts), { accepted: 2 })
    })
    assert.equal(appended.length, before)
    assert.equal(calls['vault.insertPersonsIfAbsent'] ?? 0, 0)
    assert.equal(calls['documents.upsertNewer quarantine'] ?? 0, 0)
    assert.deepEqual(some((await replay({ cause })).counts), { accepted: 2 })
  })

  const steps: [string, () => void][] = [
    ['before the log has anything', () => instead(ecluse.stores.log, 'append', isEvents, failure)],
    ['after the log has it', () => instead(ecluse.stores.log, 'append', isEvents, call => call().then(failure))],
    ['before entries have left', () => instead(ecluse.stores.documents, 'upsertNewer', isEntries, failure)],
    [
      'after entries have left',
      () => instead(ecluse.stores.documents, 'upsertNewer', isEntries, call => call().then(failure)),
    ],
  ]
  for (const [when, interrupt] of steps)
    test(`interrupted ${when} goes on: each event once, and true counts`, async () => {
      const twin = randomUUID()
      const events = [...Array.from({ length: 120 }, () => worded()), worded({ id_transaction: twin })]
      // As a producer that tries again: the same event, rejected twice.
      const twice = { ...events.at(-1)! }
      const cause = await reject([...events, twice])
      interrupt()
      const { counts } = await replay({ cause })
      assert.deepEqual(some(counts), { accepted: 122 })
      await settled()
      for (const { id_transaction: id } of [events[0]!, events.at(-1)!]) {
        const { status } = await ecluse.answer('data-owner', `/v1/datasets/transactions/events/${id}`)
        assert.equal(status, 200)
      }
      const { body } = await ecluse.answer('data-steward', '/v1/anomalies?dataset=transactions&kind=conflict')
      assert.deepEqual(body.items, [])
    })
})

function isEvents(entries: unknown): boolean {
  return (entries as { topic: string }[]).some(({ topic }) => topic === topicOf('transactions'))
}
