// Declared aggregates over HTTP: what is counted, against a plain recomputation; what is withheld; after crashes, an
// erasure and a correction.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../gateway/problem.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { PAYMENTS_DAY, paymentsOf, reckonPayments, type Shown, withoutMedian } from './reckon-payments.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const DAY = PAYMENTS_DAY
const range = `from=${DAY}T00:00:00Z&to=${DAY}T23:59:59Z&limit=1000`

const environment = { ECLUSE_LEASE_MS: '1000', ECLUSE_MAINTENANCE_INTERVAL_MS: '500' }
let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ environment })
})
after(() => ecluse.end())

const persons = Array.from({ length: 12 }, () => randomUUID())
let sent: JsonObject[]

const payments = () => paymentsOf(persons)

async function read(name: string, role = 'analyst', query = range): Promise<Shown[]> {
  const response = await ecluse.call(role, `/v1/datasets/transactions/aggregates/${name}?${query}`)
  const answer = (await response.json()) as { items: Shown[] }
  assert.equal(response.status, 200, JSON.stringify(answer))
  return answer.items
}

describe('an aggregate', () => {
  test('shows what a plain recomputation shows, whatever comes twice', async () => {
    sent = payments()
    await ecluse.post('transactions', sent)
    await ecluse.post('transactions', sent.slice(0, 50))
    await ecluse.settled()
    const shown = await read('amount-by-payment-method')
    assert.deepEqual(withoutMedian(shown), reckonPayments(sent))
    assert.ok(shown.length >= 5)
    for (const { measures } of shown) assert.equal(typeof measures.median, 'number')
  })

  test('is the same after the process was killed, and counts on', async () => {
    await ecluse.end('SIGKILL')
    ecluse = await ecluse.restart()
    const more = payments()
    await ecluse.post('transactions', more)
    sent = [...sent, ...more]
    await ecluse.settled()
    assert.deepEqual(withoutMedian(await read('amount-by-payment-method')), reckonPayments(sent))
  })

  test('does not count a corrected event, but its correction', async () => {
    const event = sent[0]!
    const id = event.id_transaction as string
    const person = (event.utilisateur as JsonObject).idUtilisateur as string
    const filed = await fileRight(ecluse, 'rectification', {
      ...customer(person),
      dataset: 'transactions',
      event: id,
      changes: [{ pointer: '/montant', value: 1000.5 }],
    })
    await rightDone(ecluse, filed)
    sent = [{ ...event, montant: 1000.5 }, ...sent.slice(1)]
    await eventually('the window is computed anew', async () => {
      const shown = withoutMedian(await read('amount-by-payment-method'))
      return isDeepStrictEqual(shown, reckonPayments(sent))
    })
  })

  test('does not count whom an erasure removed; its certificate names the days', async () => {
    const gone = persons[0]!
    const filed = await fileRight(ecluse, 'erasure', customer(gone))
    await rightDone(ecluse, filed)
    sent = sent.filter(({ utilisateur }) => (utilisateur as JsonObject).idUtilisateur !== gone)
    assert.deepEqual(withoutMedian(await read('amount-by-payment-method')), reckonPayments(sent))
    const certificate = await (await ecluse.call('dpo', `${filed.path}/certificate`)).text()
    assert.match(certificate, new RegExp(`"computedAnew":\\{"transactions":\\["${DAY}"`))
    const more = payments().filter(({ utilisateur }) => (utilisateur as JsonObject).idUtilisateur !== gone)
    await ecluse.post('transactions', more)
    await ecluse.settled()
    sent = [...sent, ...more]
    assert.deepEqual(withoutMedian(await read('amount-by-payment-method')), reckonPayments(sent), 'and counts on')
  })
})

test('pages come to the same as one read', async () => {
  const all = await read('amount-by-payment-method')
  const items: Shown[] = []
  let cursor = ''
  for (let pages = 0; pages < 100; pages++) {
    const query = `from=${DAY}T00:00:00Z&to=${DAY}T23:59:59Z&limit=2${cursor && `&cursor=${cursor}`}`
    const response = await ecluse.call(
      'analyst',
      `/v1/datasets/transactions/aggregates/amount-by-payment-method?${query}`,
    )
    const page = (await response.json()) as { items: Shown[]; next: string | null }
    items.push(...page.items)
    if (page.next === null) break
    cursor = page.next
  }
  assert.deepEqual(items, all)
})

test('a name that is not declared is told so, with the nearest; a role that may not read is refused', async () => {
  const unknown = await ecluse.call('analyst', '/v1/datasets/transactions/aggregates/amount-by-payment-methods')
  assert.equal(unknown.status, 404)
  assert.match(((await unknown.json()) as { fix: string }).fix, /amount-by-payment-method/)
  const path = '/v1/datasets/transactions/aggregates/amount-by-payment-method'
  const noTime = (await (await ecluse.call('analyst', `${path}?from=yesterday`)).json()) as Problem
  assert.deepEqual([noTime.status, noTime.detail], [400, 'query/from is no time.'])
  assert.match(noTime.fix, /RFC 3339 .* 2026-11-21T08:00:00Z/)
  const refused = await ecluse.call(
    'producer',
    `/v1/datasets/transactions/aggregates/amount-by-payment-method?${range}`,
  )
  assert.equal(refused.status, 403)
})
