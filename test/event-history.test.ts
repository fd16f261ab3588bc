// An event's history over HTTP: what became of it, where it rests, and that it is nobody's who may not read the event.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { EventHistory } from '../gateway/event-history.ts'
import type { NamedEvent } from '../gateway/name-events.ts'
import type { JsonObject } from '../storage/json.ts'
import type { StoredAnomaly } from '../storage/stored-shapes.ts'
import { eventually } from './eventually.ts'
import { idOf, sale } from './quarantine.ts'
import { customer, REASON } from './rights.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const EVENTS = '/v1/datasets/transactions/events'
const DAY_MS = 86_400_000
const DONE_MS = 60_000

let ecluse: StartedEcluse
before(async () => {
  ecluse = await startEcluse({
    ECLUSE_LEASE_MS: '100',
    ECLUSE_WATCH_INTERVAL_MS: '100',
    ECLUSE_REQUEST_INTERVAL_MS: '50',
    ECLUSE_LAKE_FLUSH_MS: '100',
  })
})
after(() => ecluse.stop())

const ask = (role: string, id: string) => ecluse.answer(role, `${EVENTS}/${id}/history`)

async function history(id: string, role = 'data-steward'): Promise<EventHistory> {
  const { status, body } = await ask(role, id)
  assert.equal(status, 200, JSON.stringify(body))
  return body as unknown as EventHistory
}

const namesOf = ({ steps }: EventHistory) => steps.map(({ step }) => step)

const placeIn = ({ stored }: EventHistory, name: string) => stored.find(({ holder }) => holder === name)!

/** Files a request, and waits for its end. */
async function carryOut(role: string, path: string, body: object): Promise<JsonObject> {
  const filed = await ecluse.answer(role, path, { body })
  assert.ok([200, 202].includes(filed.status), JSON.stringify(filed.body))
  return eventually(
    `what was filed at ${path} is done`,
    async () => {
      const { body } = await ecluse.answer(role, filed.location!)
      assert.notEqual(body.state, 'failed', body.because ?? '')
      return body.state === 'done' && (body as unknown as JsonObject)
    },
    DONE_MS,
  )
}

async function entryOf(event: JsonObject): Promise<string> {
  assert.deepEqual(await ecluse.post('transactions', event), ['rejected'])
  const { body } = await ecluse.answer('data-steward', '/v1/quarantine?dataset=transactions&limit=1')
  return (body.items as unknown as { id: string }[])[0]!.id
}

describe('the history of an accepted event', () => {
  test('tells when it came, where it stands in the log, and which stores hold it until when', async () => {
    const { id } = await ecluse.newcomer()
    const { body: event } = await ecluse.answer('data-steward', `${EVENTS}/${id}`)
    await eventually('the lake has it', async () => placeIn(await history(id), 'lake').found)
    const told = await history(id)
    assert.deepEqual(
      [told.id, told.dataset, told.outcome, told.schema, told.policy],
      [id, 'transactions', 'accepted', event.schema, event.policy],
    )
    assert.deepEqual(told.steps, [
      { step: 'received', at: event.receivedAt },
      { step: 'appended', position: { topic: 'ecluse.transactions', ...(event.position as unknown as JsonObject) } },
    ])
    const [documents, tables, lake, log] = told.stored
    assert.deepEqual(documents, { holder: 'documents', found: true, until: documents!.until })
    assert.deepEqual(tables, { ...documents, holder: 'tables' })
    assert.deepEqual(lake, { holder: 'lake', found: true, day: event.receivedAt!.slice(0, 10), until: lake!.until })
    assert.deepEqual(Object.keys(log!), ['holder', 'until'])
    for (const { until } of told.stored) assert.ok(Date.parse(until!) > Date.now() + DAY_MS)
    assert.ok(!JSON.stringify(told).includes(event.subject!))
  })

  test('tells of copies, of conflicts and of the correction, and of the correction itself', async () => {
    const { event, id, person } = await ecluse.newcomer()
    await ecluse.accept('transactions', event)
    await ecluse.accept('transactions', { ...event, montant: 1.5 })
    const asked = { ...customer(person), dataset: 'transactions', event: id, reason: REASON }
    await carryOut('dpo', '/v1/rectification-requests', { ...asked, changes: [{ pointer: '/montant', value: 2 }] })

    const told = await eventually('the correction is noted', async () => {
      const each = await history(id)
      return namesOf(each).includes('corrected') && each
    })
    assert.deepEqual(namesOf(told), ['received', 'appended', 'duplicate', 'conflict', 'corrected'])
    const [, appended, duplicate, conflict, corrected] = told.steps
    assert.ok(appended!.position!.offset < duplicate!.position!.offset)
    assert.ok(duplicate!.position!.offset < conflict!.position!.offset)
    const times: string[] = told.steps.flatMap(({ at }) => at ?? [])
    assert.deepEqual([times.length, times], [4, times.toSorted()])
    assert.equal(placeIn(told, 'tables').found, false)

    const correction = await history(corrected!.event!)
    assert.deepEqual(
      correction.steps.map(({ step, at, event: of }) => [step, at, of]),
      [
        ['corrects', corrected!.at, id],
        ['appended', undefined, undefined],
      ],
    )
    assert.equal(placeIn(correction, 'tables').found, true)
  })
})

test('a rejected event is found by its entry, and once it was replayed by both', async () => {
  const event = sale({ moyen_paiement: 'cheque' })
  const entry = await entryOf(event)
  const told = await history(entry)
  assert.deepEqual([told.outcome, namesOf(told)], ['rejected', ['received', 'quarantined']])
  assert.deepEqual(told.steps[1]!.causes, [{ pointer: '/moyen_paiement', keyword: 'enum' }])
  assert.equal(placeIn(told, 'documents').found, true)
  assert.ok(!JSON.stringify(told).includes(idOf(event)))
  // An analyst reads events, and may not know of the quarantine.
  assert.deepEqual(await ask('analyst', entry), await ask('analyst', randomUUID()))

  const dir = join(ecluse.dir, 'schemas/transactions')
  const schema = JSON.parse(readFileSync(join(dir, '1-0-0.json'), 'utf8'))
  schema.properties.moyen_paiement.enum.push('cheque')
  writeFileSync(join(dir, '1-0-1.json'), JSON.stringify(schema, null, 2))
  const version = '/v1/datasets/transactions/schemas/1-0-1'
  await eventually('the version is live', async () => (await ecluse.call('data-steward', version)).ok)
  const path = '/v1/quarantine/replays?dataset=transactions'
  const { id: request, counts } = await carryOut('data-steward', path, { ids: [entry] })
  assert.equal((counts as JsonObject).accepted, 1)

  const left = await history(entry)
  assert.equal(left.outcome, 'replayed')
  assert.deepEqual(left.steps, [
    told.steps[0],
    { step: 'quarantined' },
    { step: 'replayed', request, outcome: 'accepted' },
  ])
  assert.deepEqual(placeIn(left, 'documents'), { holder: 'documents', found: false })
  await eventually('it is archived', async () => (await ask('data-steward', idOf(event))).status === 200)
  const replayed = await history(idOf(event))
  assert.deepEqual(namesOf(replayed), ['received', 'quarantined', 'replayed', 'appended'])
  assert.deepEqual([replayed.steps[0], replayed.steps[2]!.request], [told.steps[0], request])
})

test('a discarded event is found by its entry, without what was in it', async () => {
  const entry = await entryOf(sale({ montant: 'plenty' }))
  const asked = { ids: [entry], reason: 'a test till' }
  const { id: request } = await carryOut('data-steward', '/v1/quarantine/discards?dataset=transactions', asked)
  const told = await history(entry)
  assert.deepEqual([told.outcome, told.steps.at(-1)], ['discarded', { step: 'discarded', request }])
})

describe('nothing is told', () => {
  test('to who may not read events, whatever there is', async () => {
    const { id } = await ecluse.newcomer()
    for (const role of ['producer', 'dpo', 'auditor']) {
      const denial = await ask(role, id)
      assert.equal(denial.status, 403)
      assert.deepEqual(await ask(role, randomUUID()), denial)
    }
    for (const role of ['data-engineer', 'analyst', 'data-owner']) assert.equal((await ask(role, id)).status, 200)
  })

  test('of a person of whom nothing may be read: with the answer and the calls of an unknown id', async () => {
    const { id, subject, person } = await ecluse.newcomer()
    await ecluse.accept('transactions', sale({ id_transaction: id }, person))
    const wrong = sale({ montant: 'plenty' }, person)
    const entry = await entryOf(wrong)
    assert.deepEqual([(await ask('data-steward', id)).status, (await ask('data-steward', entry)).status], [200, 200])
    await ecluse.setState(subject, 'restricted')
    const later = sale({}, person)
    await ecluse.accept('transactions', later)
    const answers: object[] = []
    const counted: object[] = []
    for (const asked of [randomUUID(), id, entry, idOf(later)])
      counted.push(
        onlyAsked(
          await ecluse.countCalls(async () => {
            answers.push(await ask('data-steward', asked))
          }),
        ),
      )
    assert.equal((answers[0] as { status: number }).status, 404)
    for (const each of answers) assert.deepEqual(each, answers[0])
    for (const each of counted) assert.deepEqual(each, counted[0])
    assert.deepEqual(counted[0], {
      'documents.get events': 1,
      'documents.find anomalies': 1,
      'documents.get quarantine': 1,
      'vault.findUnreadable': 2,
    })
  })

  test('of an erased person: as if the event had never been', async () => {
    const { id, event, person } = await ecluse.newcomer()
    await ecluse.accept('transactions', event)
    assert.deepEqual(namesOf(await history(id)), ['received', 'appended', 'duplicate'])
    await carryOut('dpo', '/v1/erasure-requests', { ...customer(person), reason: REASON })
    const gone = await ask('data-steward', id)
    assert.deepEqual([gone.status, gone], [404, await ask('data-steward', randomUUID())])
  })
})

describe('an anomaly of a conflicting copy', () => {
  type Told = StoredAnomaly & { event?: NamedEvent }

  async function conflicts(): Promise<Told[]> {
    const { body } = await ecluse.answer('data-steward', '/v1/anomalies?dataset=transactions&kind=conflict&limit=1000')
    return body.items as unknown as Told[]
  }
  const path = ({ id }: Told) => `/v1/anomalies/${encodeURIComponent(id)}`

  /** An event that came again with other content, and the anomaly that this made. */
  async function contradicted() {
    const before = new Set((await conflicts()).map(({ id }) => id))
    const newcomer = await ecluse.newcomer()
    await ecluse.accept('transactions', { ...newcomer.event, montant: 7.25 })
    return { ...newcomer, anomaly: (await conflicts()).find(({ id }) => !before.has(id))! }
  }

  test('names the event, and where both copies stand, as its passport does', async () => {
    const { id, anomaly } = await contradicted()
    const { steps } = await history(id)
    const placed = (position: object) => ({ topic: 'ecluse.transactions', ...position })
    assert.equal(anomaly.event!.id, id)
    assert.deepEqual(placed(anomaly.event!.position!), steps.find(({ step }) => step === 'appended')!.position)
    assert.deepEqual(placed(anomaly.position!), steps.find(({ step }) => step === 'conflict')!.position)
    assert.deepEqual((await ecluse.answer('data-steward', path(anomaly))).body, anomaly)
    const judged = await ecluse.answer('data-owner', `${path(anomaly)}/states`, { body: { state: 'acknowledged' } })
    assert.deepEqual((judged.body as unknown as Told).event, anomaly.event)
  })

  test('names none of a person of whom nothing may be read: as where the event is gone, at the same calls', async () => {
    const [living, gone] = [await contradicted(), await contradicted()]
    const asked = async ({ anomaly }: typeof living) => {
      let body: unknown
      const counts = await ecluse.countCalls(async () => {
        ;({ body } = await ecluse.answer('data-steward', path(anomaly)))
      })
      return { body, counts: onlyAsked(counts, /^(documents\.getAll events|vault\.findUnreadable)$/) }
    }
    const counts = { 'documents.getAll events': 1, 'vault.findUnreadable': 1 }
    // The lake looks at events, too, shortly after they came.
    const isAsked = (of: typeof living, body: object) =>
      eventually('it is told with these calls', async () => isDeepStrictEqual(await asked(of), { body, counts }))
    await isAsked(living, living.anomaly)
    await ecluse.setState(living.subject, 'restricted')
    await ecluse.stores.documents.delete('events', [`transactions/${gone.id}`])
    for (const each of [living, gone]) {
      const { event: _, ...rest } = each.anomaly
      await isAsked(each, rest)
      const listed = (await conflicts()).find(({ id }) => id === rest.id)
      assert.deepEqual(listed, rest)
    }
    await ecluse.setState(living.subject, 'active')
    await carryOut('dpo', '/v1/erasure-requests', { ...customer(living.person), reason: REASON })
    assert.equal((await ecluse.call('data-steward', path(living.anomaly))).status, 404)
    assert.ok(!JSON.stringify(await conflicts()).includes(living.id))
  })
})

test('a role that may not read what is internal is refused, though the id be public', async () => {
  const { id } = await ecluse.newcomer()
  const edit = (path: string, change: (text: string) => string) => {
    const file = join(ecluse.dir, 'policies', path)
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }
  edit('transactions.yaml', text =>
    text.replace('  /devise:', '  /id_transaction: { level: public, action: keep }\n  /devise:'),
  )
  edit('access/policy.csv', text => `${text}p, analyst, transactions, internal, read, deny\n`)
  const refused = await eventually('both are in force', async () => {
    const answer = await ask('analyst', id)
    return answer.body.detail?.startsWith('When an event was received') && answer
  })
  assert.deepEqual([refused.status, refused], [403, await ask('analyst', randomUUID())])
})

const ASKED = /^(documents\.(get (events|quarantine)|find (anomalies|passed_over))|vault\.findUnreadable)$/

/** Without what processors and maintenance ask meanwhile. */
function onlyAsked(counts: object, names = ASKED): object {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => names.test(name)))
}
