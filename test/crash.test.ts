import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const ROUNDS = 20
const CLIENTS = 8

test(`after ${ROUNDS} kill -9 under load every acknowledged event is archived exactly once, nothing invented`, async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const sent = new Map<string, JsonObject>()
  const acknowledged = new Set<string>()
  let ecluse = await spawnEcluse()

  for (let round = 0; round < ROUNDS; round++) {
    const load = Promise.all(Array.from({ length: CLIENTS }, () => postUntilItDies(ecluse, random, sent, acknowledged)))
    const before = acknowledged.size
    // Every other round dies whether or not it came to anything.
    if (round % 2 === 0) await eventually('an event is acknowledged', () => acknowledged.size > before)
    // The moment of death is random on purpose: this is no wait for something to happen.
    await sleep(20 + random() * 400)
    assert.equal(await ecluse.end('SIGKILL'), 'SIGKILL')
    await load
    ecluse = await ecluse.restart()
  }

  await ecluse.settled()
  const archived = await readAll(ecluse)
  t.diagnostic(`${sent.size} sent, ${acknowledged.size} acknowledged, ${archived.length} archived`)
  const ids = archived.map(({ id }) => id as string)
  assert.equal(new Set(ids).size, ids.length, 'an event is archived twice')
  assert.deepEqual(
    [...acknowledged].filter(id => !ids.includes(id)),
    [],
    'an acknowledged event is lost',
  )
  for (const { id, event } of archived) {
    const original = sent.get(id as string)
    assert.ok(original, 'an event was invented')
    assert.equal((event as JsonObject).montant, original.montant)
  }
  assert.ok(acknowledged.size >= ROUNDS / 2)
  await ecluse.end()
})

async function postUntilItDies(
  ecluse: EcluseProcess,
  random: () => number,
  sent: Map<string, JsonObject>,
  acknowledged: Set<string>,
): Promise<void> {
  for (;;) {
    const events = Array.from({ length: 1 + Math.floor(random() * 20) }, () =>
      transaction({ montant: Math.floor(random() * 1e6) / 100 }),
    )
    for (const event of events) sent.set(event.id_transaction as string, event)
    try {
      const { answer } = await ecluse.post('transactions', events.length === 1 ? events[0] : events)
      for (const result of answer.results)
        if ('outcome' in result && result.outcome === 'accepted') acknowledged.add(result.id)
    } catch {
      return
    }
  }
}

async function readAll(ecluse: EcluseProcess): Promise<JsonObject[]> {
  const items: JsonObject[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`
    const response = await ecluse.call('data-steward', `/v1/datasets/transactions/events?limit=1000${query}`)
    const page = (await response.json()) as { items: JsonObject[]; next: string | null }
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return items
}
