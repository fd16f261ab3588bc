// What callers are shown of aggregates: by the mask of their role, with what a reference table knows, over windows that
// overlap, beyond the groups that are counted apart, person by person, and after a definition changed.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { JsonObject, JsonValue } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles, transactionOf } from './fixtures.ts'
import { customer, fileRight, rightDone } from './rights.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

interface Shown {
  window: { start: string; end: string }
  group: Record<string, JsonValue>
  otherGroups?: true
  measures: Record<string, JsonValue>
}

const DECLARED = `aggregates:
  overlapping:
    window: { hopping: { size: 10m, every: 5m } }
    measures: { payments: count, payers: { distinct: /utilisateur/email } }
  towns:
    window: { tumbling: 1h }
    groupBy: [/lieu]
    measures: { payments: count }
  payers:
    window: { tumbling: 1h }
    groupBy: [/utilisateur/email]
    perPerson: true
    measures: { payments: count }
  visits:
    window: { session: { gap: 5m } }
    perPerson: true
    measures: { payments: count, amount: { sum: /montant } }
`
const DAY = '2026-04-17'
const DAYS = `from=${DAY}T00:00:00Z&to=2026-04-19T00:00:00Z`
const RANGE = `${DAYS}&limit=1000`

let ecluse: EcluseProcess
before(async () => {
  const dir = makeDir()
  edit(join(dir, 'policies'), text => text.replace('aggregates:\n', DECLARED))
  const environment = {
    ...{ ECLUSE_AGGREGATE_GROUPS: '3', ECLUSE_LEASE_MS: '1000', ECLUSE_MAINTENANCE_INTERVAL_MS: '500' },
  }
  ecluse = await spawnEcluse({ dir, environment })
  await ecluse.post('transactions', payments)
  await ecluse.post('transactions', visits)
  await ecluse.settled()
})
after(() => ecluse.end())

function edit(policiesDir: string, change: (text: string) => string): void {
  const path = join(policiesDir, 'transactions.yaml')
  const text = readFileSync(path, 'utf8')
  assert.notEqual(change(text), text)
  writeFileSync(path, change(text))
}

const persons = Array.from({ length: 12 }, () => randomUUID())
/** 20 payments a minute for 12 minutes from 10:00 UTC on; each person pays in each of 8 towns. */
const payments = Array.from({ length: 240 }, (_, i) =>
  transactionOf(persons[i % 12]!, {
    utilisateur: { ...(transactionOf('x').utilisateur as JsonObject), email: `${i % 12}@example.org` },
    montant: 1.5,
    lieu: `Ville ${Math.floor(i / 12) % 8}, Rue de Paris`,
    date: `${DAY}T12:${String(Math.floor(i / 20)).padStart(2, '0')}:${String((i % 20) * 3).padStart(2, '0')}`,
  }),
).map((event, i) => ({
  ...event,
  utilisateur: { ...(event.utilisateur as JsonObject), idUtilisateur: persons[i % 12]! },
}))
const [visitor, gone] = [randomUUID(), randomUUID()]
/** Two minutes before midnight in UTC, one after, and 20 minutes after. */
const visits = [visitor, gone].flatMap(person =>
  ['01:58:00', '02:01:00', '02:20:00'].map(time =>
    transactionOf(person, { montant: 2.5, lieu: 'Ville 0, Rue', date: `2026-04-18T${time}` }),
  ),
)

async function ask(name: string, role = 'analyst', dataset = 'transactions', query = RANGE) {
  const response = await ecluse.call(role, `/v1/datasets/${dataset}/aggregates/${name}?${query}`)
  const answer = (await response.json()) as { items: Shown[]; detail?: string; fix?: string; next: string | null }
  return { status: response.status, ...answer }
}

const startsIn = ({ items }: { items: Shown[] }, hour: string) =>
  items.filter(({ window }) => window.start.startsWith(`${DAY}T${hour}`))

/** Page by page, to the end. */
async function inPages(name: string, query: string): Promise<Shown[]> {
  const items: Shown[] = []
  for (let next: string | null = ''; next !== null; ) {
    const page = await ask(name, 'analyst', 'transactions', `${query}${next && `&cursor=${next}`}`)
    assert.equal(page.status, 200, JSON.stringify(page))
    items.push(...page.items)
    next = page.next
  }
  return items
}

test('hopping windows show each event in all windows it lies in', async () => {
  const shown = startsIn(await ask('overlapping'), '')
  const found = shown.map(({ window, measures }) => [window.start.slice(11, 16), measures.payments, measures.payers])
  assert.deepEqual(found, [
    ['09:55', 100, 12],
    ['10:00', 200, 12],
    ['10:05', 140, 12],
    ['10:10', 40, 12],
  ])
})

test('a measure of a level that a role may not read is not shown to it', async () => {
  const { status, items } = await ask('overlapping', 'data-engineer')
  assert.equal(status, 200)
  assert.ok(items.length >= 4)
  for (const { measures } of items) assert.deepEqual(Object.keys(measures), ['payments'])
})

test('rows whose groups are of such a level are refused', async () => {
  for (const name of ['payers', 'visits']) {
    assert.equal((await ask(name)).status, 200)
    const { status, detail } = await ask(name, 'data-engineer')
    assert.equal(status, 403)
    assert.match(detail!, /confidential/)
  }
})

test('groups beyond those that are counted apart are counted together', async () => {
  const shown = startsIn(await ask('towns'), '10')
  const counts = shown.map(({ group, otherGroups, measures }) => [group.lieu, otherGroups ?? false, measures.payments])
  assert.deepEqual(counts, [
    [null, true, 132],
    ['Ville 0', false, 36],
    ['Ville 1', false, 36],
    ['Ville 2', false, 36],
  ])
})

test('a profile is counted in its country, with the region of a reference table', async () => {
  const people = Array.from({ length: 6 }, (_, i) => {
    const profile = structuredClone(sampleProfiles[0]!)
    Object.assign(profile.login as JsonObject, { uuid: randomUUID() })
    Object.assign(profile.location as JsonObject, { country: 'France' })
    Object.assign(profile.dob as JsonObject, { age: 20 + 5 * i })
    return profile
  })
  const { answer } = await ecluse.post('user-profiles', people)
  assert.equal(answer.accepted, 6, JSON.stringify(answer))
  await ecluse.settled()
  const { items } = await ask('by-country', 'analyst', 'user-profiles', '')
  // Bands of ten years count as their middle: 25, 25, 35, 35, 45, 45.
  assert.deepEqual(
    items.map(({ group, measures }) => [group, measures]),
    [
      [
        { country: 'France', region: 'Europe' },
        { users: 6, averageAge: 35 },
      ],
    ],
  )
})

test('sessions are shown person by person, whole over midnight, page by page', async () => {
  const { items } = await ask('visits')
  const own = items.filter(({ window }) => window.start >= `${DAY}T23:00`)
  const pseudonyms = new Set(own.map(({ group }) => group.subject))
  assert.equal(pseudonyms.size, 2)
  for (const pseudonym of pseudonyms) {
    const sessions = own.filter(({ group }) => group.subject === pseudonym)
    assert.deepEqual(
      sessions.map(({ window, measures }) => [window.start, window.end, measures]),
      [
        [`${DAY}T23:58:00.000Z`, '2026-04-18T00:01:00.000Z', { payments: 2, amount: 5 }],
        ['2026-04-18T00:20:00.000Z', '2026-04-18T00:20:00.000Z', { payments: 1, amount: 2.5 }],
      ],
    )
  }
  assert.deepEqual(await inPages('visits', `${DAYS}&limit=2`), items)
  const late = await ask('visits', 'analyst', 'transactions', `from=2026-04-18T00:00:00Z&to=2026-04-18T00:10:00Z`)
  assert.deepEqual(late.items, [], 'what began before does not begin there')
})

test('the newest come first where they are asked for, with cursors of their own', async () => {
  const turnedRound = (items: Shown[], length: number) =>
    [...Map.groupBy(items, ({ window }) => window.start.slice(0, length)).values()].reverse().flat()
  for (const name of ['overlapping', 'towns'])
    assert.deepEqual(await inPages(name, `${DAYS}&limit=3&order=newest`), turnedRound((await ask(name)).items, 24))
  const sessions = await inPages('visits', `${DAYS}&limit=2&order=newest`)
  assert.deepEqual(sessions, turnedRound((await ask('visits')).items, 10), 'day by day, then person by person')
  const { next } = await ask('overlapping', 'analyst', 'transactions', `${DAYS}&limit=1&order=newest`)
  const refused = await ask('overlapping', 'analyst', 'transactions', `${DAYS}&limit=1&cursor=${next}`)
  assert.equal(refused.status, 400)
  assert.match(refused.detail!, /newest first.*oldest first/)
  const { status, fix } = await ask('towns', 'analyst', 'transactions', `${DAYS}&order=latest`)
  assert.equal(status, 400)
  assert.match(fix!, /oldest.*newest/)
})

test('after an erasure nothing of the person is among the rows of single persons', async () => {
  const before = await ask('visits')
  const emails = await ask('payers')
  await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(gone)))
  await rightDone(ecluse, await fileRight(ecluse, 'erasure', customer(persons[3]!)))
  const left = await ask('visits')
  const subjects = (items: Shown[]) => new Set(items.map(({ group }) => group.subject as string))
  const missing = subjects(before.items).difference(subjects(left.items))
  assert.equal(missing.size, 2)
  const tokens = new Set(emails.items.map(({ group }) => group.email as string))
  const still = new Set((await ask('payers')).items.map(({ group }) => group.email as string))
  const lost = tokens.difference(still)
  assert.ok(lost.size >= 1)
  const file = readFileSync(join(ecluse.dataDir, 'tables.sqlite'))
  for (const text of [...missing, ...lost])
    assert.ok(!file.includes(text.slice(-20)), 'not even in what the file holds of removed rows')
})

test('a definition that changed begins anew; rows of the old one are not shown', async () => {
  edit(ecluse.policiesDir, text => text.replace('every: 5m', 'every: 10m'))
  const path = '/v1/datasets/transactions'
  await eventually('the new definition is live', async () =>
    (await (await ecluse.call('analyst', path)).text()).includes('"every":"10m"'),
  )
  assert.deepEqual((await ask('overlapping')).items, [])
  const fresh = payments
    .filter((_, i) => i % 12 !== 3)
    .map(event => ({
      ...event,
      id_transaction: randomUUID(),
      date: `2026-04-18${`${(event as JsonObject).date}`.slice(10)}`,
    }))
  await ecluse.post('transactions', fresh)
  await ecluse.settled()
  const { items } = await ask('overlapping')
  assert.deepEqual(
    items.map(({ window, measures }) => [window.start, measures.payments]),
    [
      ['2026-04-18T10:00:00.000Z', 183],
      ['2026-04-18T10:10:00.000Z', 37],
    ],
  )
})
