// Aggregates on real servers: two processors of which one stops and both are killed meanwhile, and an erasure; in the
// end they are what a plain recomputation says.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { type RealInstallation, startInstallation } from './real-installation.ts'
import { PAYMENTS_DAY, paymentsOf, reckonPayments, type Shown, withoutMedian } from './reckon-payments.ts'
import { customer, fileRight, rightDone } from './rights.ts'

const SHOWN_MS = 120_000
const persons = Array.from({ length: 15 }, () => randomUUID())

let ecluse: RealInstallation
let sent: JsonObject[] = []
before(async () => {
  ecluse = await startInstallation()
})
after(() => ecluse?.stop())

async function shown(): Promise<Shown[]> {
  const range = `from=${PAYMENTS_DAY}T00:00:00Z&to=${PAYMENTS_DAY}T23:59:59Z&limit=1000`
  const path = `/v1/datasets/${ecluse.transactions}/aggregates/amount-by-payment-method?${range}`
  const response = await ecluse.call('analyst', path)
  const answer = (await response.json()) as { items: Shown[] }
  assert.equal(response.status, 200, JSON.stringify(answer))
  return answer.items
}

/** In pieces, each tenth event twice. */
async function post(events: JsonObject[]): Promise<void> {
  sent.push(...events)
  for (let at = 0; at < events.length; at += 50) {
    const piece = events.slice(at, at + 50)
    const { answer } = await ecluse.post(ecluse.transactions, [...piece, ...piece.slice(0, 5)], (at / 50) % 2)
    assert.equal(answer.accepted, piece.length + 5)
  }
}

async function becomesRight(): Promise<void> {
  const expected = reckonPayments(sent)
  assert.ok(expected.length >= 5)
  let last: Shown[] = []
  await eventually(
    'the aggregate is what a plain recomputation says',
    async () => {
      last = withoutMedian(await shown())
      return isDeepStrictEqual(last, expected)
    },
    SHOWN_MS,
  ).catch(error => {
    assert.deepEqual(last, expected)
    throw error
  })
}

test('whoever stops, is killed or takes over, every payment counts once', async () => {
  const [one, other] = ecluse.processors
  await post(paymentsOf(persons))
  await one!.end()
  await post(paymentsOf(persons))
  await other!.end('SIGKILL')
  await one!.restart()
  await post(paymentsOf(persons))
  await other!.restart()
  await one!.end('SIGKILL')
  await post(paymentsOf(persons))
  await one!.restart()
  await becomesRight()
})

test('an erased person’s payments are in no window any more, and more payments count', async () => {
  const gone = persons[0]!
  const isTheirs = ({ utilisateur }: JsonObject) => (utilisateur as JsonObject).idUtilisateur === gone
  const gateway = ecluse.gateways[0]!.current
  await rightDone(gateway, await fileRight(gateway, 'erasure', customer(gone)))
  sent = sent.filter(event => !isTheirs(event))
  assert.deepEqual(withoutMedian(await shown()), reckonPayments(sent))
  await post(paymentsOf(persons.slice(1)))
  await becomesRight()
})
