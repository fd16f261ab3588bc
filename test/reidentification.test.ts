import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { makeApiKey } from '../gateway/authenticate.ts'
import { AUDIT_TOPIC, openEntry, readEntry } from '../governance/audit/record.ts'
import { MAX_OPEN_REQUESTS } from '../governance/subjects/reidentification.ts'
import { requestKeyName } from '../governance/subjects/rights-request.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import { type Answer, type StartedEcluse, startEcluse } from './start-ecluse.ts'

const PATH = '/v1/reidentification-requests'
const PURPOSE = 'a suspicion of fraud that the bank told us of'

let ecluse: StartedEcluse
let entries: LogRecord[]
before(async () => {
  ecluse = await startEcluse()
  entries = ecluse.watch(AUDIT_TOPIC)
})
after(() => ecluse.stop())

async function makeKey(name: string, roles: string[]): Promise<void> {
  const { status, body } = await ecluse.answer('data-engineer', '/v1/access/keys', {
    body: { name, roles, datasets: ['*'] },
  })
  assert.ok(status < 300, JSON.stringify(body))
  ecluse.keys[name] = body.apiKey!
}

/** Brings the end of a request to a moment ago. */
async function letTimePass(id: string): Promise<void> {
  const { documents } = ecluse.stores
  const stored = (await documents.get('reidentifications', id))!
  const body = { ...stored.body, endsAt: new Date(Date.now() - 1).toISOString() }
  await documents.upsertNewer('reidentifications', [{ ...stored, version: stored.version + 1, body }])
}

const ask = (role: string, pseudonym: string) =>
  ecluse.answer(role, PATH, { body: { dataset: 'transactions', pseudonym, purpose: PURPOSE } })
const approve = (role: string, location: string) => ecluse.answer(role, `${location}/approvals`, { method: 'POST' })
const nobodys = () => `p1.${randomUUID().replaceAll('-', '').slice(0, 22)}`
const requestKeys = async () => (await ecluse.stores.vault.listKeys('request/')).map(({ name }) => name)

/** Of one request, as the audit holds it. */
const recorded = (id: string) => entries.map(({ value }) => readEntry(value)).filter(({ request }) => request === id)

test('requests are listed to those who may approve, and to each requester their own, without what is sealed', async () => {
  await makeKey('second-owner', ['data-owner'])
  await makeKey('other-analyst', ['analyst'])
  const { body } = await ask('data-owner', nobodys())
  const listed = async (role: string) =>
    ((await ecluse.answer(role, PATH)).body as unknown as { items: Record<string, string>[] }).items
  for (const role of ['dpo', 'data-owner', 'second-owner']) {
    const found = (await listed(role)).find(({ id }) => id === body.id)!
    assert.deepEqual([found.state, found.pseudonym, found.purpose], ['pending', undefined, undefined])
  }
  assert.deepEqual(await listed('other-analyst'), [])
})

test('a second person in another role approves; then the requester learns who it is, and each look is recorded', async () => {
  const { subject: pseudonym, person } = await ecluse.newcomer()
  const { keys } = (await ecluse.known(pseudonym))!
  const asked = await ask('data-owner', pseudonym)
  assert.equal(asked.status, 202)
  const location = asked.location!
  assert.equal(location, `${PATH}/${asked.body.id}`)
  const { state, purpose } = (await ecluse.answer('dpo', location)).body
  assert.deepEqual([state, purpose], ['pending', PURPOSE])
  assert.equal((await ecluse.answer('data-owner', `${location}/identity`)).status, 409, 'not before it is approved')

  const approved = await approve('dpo', location)
  assert.deepEqual([approved.status, approved.body.state], [200, 'approved'])
  assert.deepEqual((await ecluse.answer('data-owner', `${location}/identity`)).body, { type: 'customer', id: person })
  assert.deepEqual((await ecluse.answer('data-owner', `${location}/identity`)).status, 200)
  assert.equal((await ecluse.answer('dpo', `${location}/identity`)).status, 404, 'for the requester alone')
  assert.equal((await approve('dpo', location)).status, 409)

  const audit = recorded(asked.body.id!)
  assert.deepEqual(
    audit.map(({ kind }) => kind),
    ['reidentification-requested', 'approval', 'reidentified', 'reidentified'],
  )
  for (const entry of audit.slice(2)) {
    assert.equal(entry.person, keys.auditTag)
    assert.deepEqual(openEntry(keys, entry), { purpose: PURPOSE })
  }
  assert.ok(!audit.some(entry => JSON.stringify(entry).includes(pseudonym)))

  await letTimePass(asked.body.id!)
  const over = await ecluse.answer('data-owner', location)
  assert.deepEqual([over.body.state, over.body.pseudonym, over.body.purpose], ['ended', undefined, undefined])
  assert.equal((await ecluse.answer('data-owner', `${location}/identity`)).status, 409)
})

test('a request that nobody answers in time expires', async () => {
  const { location, body } = await ask('data-owner', nobodys())
  await letTimePass(body.id!)
  const { state, purpose } = (await ecluse.answer('data-owner', location!)).body
  assert.deepEqual([state, purpose], ['expired', undefined])
  assert.equal((await approve('dpo', location!)).status, 409)
})

test('of two who decide at once one does', async () => {
  await makeKey('other', ['dpo'])
  for (let i = 0; i < 5; i++) {
    const { location } = await ask('data-owner', nobodys())
    const decided = await Promise.all([
      approve('dpo', location!),
      ecluse.answer('other', `${location}/refusals`, { body: { reason: 'not now' } }),
    ])
    assert.deepEqual(decided.map(({ status }) => status).sort(), [200, 409])
    const winner = decided.find(({ status }) => status === 200)!
    assert.equal((await ecluse.answer('data-owner', location!)).body.state, winner.body.state)
  }
})

test('nobody decides on a request of their own, or with a role of the requester’s', async () => {
  const { location } = await ask('data-owner', nobodys())
  assert.equal((await approve('data-owner', location!)).status, 403)
  await makeKey('second', ['dpo', 'data-owner'])
  const shared = await approve('second', location!)
  assert.equal(shared.status, 403)
  assert.match(shared.body.detail!, /has a role that the requester has too/)
  for (const role of ['data-steward', 'analyst', 'auditor']) {
    assert.equal((await approve(role, location!)).status, 403)
    assert.equal((await ecluse.answer(role, location!)).status, 404)
  }
})

test('a role that Écluse does not know is no role in common', async () => {
  const withRole = async (role: string) => {
    const { apiKey, credential } = makeApiKey({ roles: [role, 'employee'], datasets: ['*'], nowMs: Date.now() })
    await ecluse.stores.vault.putCredential(credential)
    ecluse.keys[`employed ${role}`] = apiKey
  }
  await withRole('data-owner')
  await withRole('dpo')
  const { location } = await ask('employed data-owner', nobodys())
  assert.equal((await approve('employed dpo', location!)).status, 200)
})

test('a refusal ends the request: its key is destroyed, and the requester reads why', async () => {
  const { location, body } = await ask('data-owner', nobodys())
  const name = requestKeyName(body.id!)
  assert.ok((await requestKeys()).includes(name))
  const reason = 'the bank can ask the police'
  const refused = await ecluse.answer('dpo', `${location}/refusals`, { body: { reason } })
  assert.deepEqual([refused.status, refused.body.state], [200, 'refused'])
  assert.ok(!(await requestKeys()).includes(name))
  const shown = (await ecluse.answer('data-owner', location!)).body
  assert.deepEqual(
    [shown.state, shown.reason, shown.pseudonym, shown.purpose],
    ['refused', reason, undefined, undefined],
  )
  assert.equal((await approve('dpo', location!)).status, 409)
  assert.equal((await ecluse.answer('data-owner', `${location}/identity`)).status, 409)
  assert.deepEqual(
    recorded(body.id!).map(({ kind }) => kind),
    ['reidentification-requested', 'refusal'],
  )
})

test('until it is approved nothing tells whether there is such a person; afterwards nobody is a recorded answer', async () => {
  const { subject: pseudonym } = await ecluse.newcomer()
  const restricted = (await ecluse.newcomer()).subject
  await ecluse.setState(restricted, 'restricted')
  const told: unknown[] = []
  const calls: unknown[] = []
  const found: number[] = []
  for (const asked of [pseudonym, nobodys(), restricted]) {
    const answers: Answer[] = []
    const counts = await ecluse.countCalls(async () => {
      answers.push(await ask('dpo', asked))
      const location = answers[0]!.location!
      answers.push(await ecluse.answer('data-owner', location), await ecluse.answer('dpo', `${location}/identity`))
    })
    calls.push(
      Object.fromEntries(
        Object.entries(counts).filter(([name]) => /reidentifications|Pseudonym|putKey|setKeyEnd/.test(name)),
      ),
    )
    told.push(answers.map(({ status, body }) => [status, Object.keys(body), body.state]))
    const location = answers[0]!.location!
    assert.equal((await approve('data-owner', location)).status, 200)
    found.push((await ecluse.answer('dpo', `${location}/identity`)).status)
    const last = recorded(answers[0]!.body.id!).at(-1)!
    assert.deepEqual([last.kind, last.details], ['reidentified', { found: asked === pseudonym }])
  }
  assert.deepEqual(told[1], told[0])
  assert.deepEqual(told[2], told[0])
  assert.deepEqual(calls[1], calls[0])
  assert.deepEqual(calls[2], calls[0])
  assert.deepEqual(found, [200, 404, 404])
})

test('what is asked rests sealed, and is bounded', async () => {
  const { documents } = ecluse.stores
  const { status, body } = await ecluse.answer('data-owner', PATH, {
    body: { dataset: 'transactions', pseudonym: nobodys(), purpose: 'x' },
  })
  assert.deepEqual([status, body.type], [400, 'urn:ecluse:problem:request-invalid'])
  assert.equal(
    (await ecluse.answer('data-owner', PATH, { body: { dataset: 'other', pseudonym: nobodys(), purpose: PURPOSE } }))
      .status,
    404,
  )
  assert.equal((await ask('analyst', nobodys())).status, 403)

  const pseudonym = nobodys()
  const statuses: number[] = []
  for (let i = 0; i <= MAX_OPEN_REQUESTS; i++) statuses.push((await ask('data-owner', pseudonym)).status)
  assert.equal(statuses.at(-1), 429)
  const stored = JSON.stringify(await documents.find('reidentifications', { limit: 100 }))
  assert.ok(stored.includes('"state":"pending"') && !stored.includes(pseudonym) && !stored.includes(PURPOSE))
})
