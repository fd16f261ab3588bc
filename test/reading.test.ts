import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AUDIT_TOPIC, openEntry, readEntry } from '../governance/audit/record.ts'
import { EventLogUnavailable, type LogRecord } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles } from './fixtures.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const PURPOSE = 'a complaint about a payment'
const EVENTS = '/v1/datasets/transactions/events'

let ecluse: StartedEcluse
let entries: LogRecord[]
before(async () => {
  ecluse = await startEcluse({ ECLUSE_LEASE_MS: '100' })
  entries = ecluse.watch(AUDIT_TOPIC)
})
after(() => ecluse.stop())

interface Shown {
  id?: string
  subject?: string | null
  time?: string
  event: JsonObject & { utilisateur?: JsonObject }
  conflicts?: { event: JsonObject }[]
}

async function read(role: string, path: string, headers: Record<string, string> = {}): Promise<Shown> {
  const response = await ecluse.call(role, path, { headers })
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as Shown
}

async function list(role: string, query = '', headers: Record<string, string> = {}, events = EVENTS) {
  return (await read(role, `${events}${query}`, headers)) as unknown as { items: Shown[]; next: string | null }
}

describe('a reader', () => {
  test('sees the fields of the levels its role may read, and nothing of the others', async () => {
    const { event, id, subject } = await ecluse.newcomer()
    const analyst = await read('analyst', `${EVENTS}/${id}`)
    assert.equal(analyst.subject, subject)
    assert.equal(analyst.event.montant, event.montant)
    assert.equal(analyst.event.lieu, 'Paris')
    assert.match(analyst.event.utilisateur!.nom as string, /^enc1\./)
    assert.match(analyst.event.utilisateur!.email as string, /^tok1\.person\./)
    assert.equal(analyst.event.utilisateur!.idUtilisateur, subject)
    assert.ok(!('adresse' in analyst.event.utilisateur!), 'the address is restricted')

    const engineer = await read('data-engineer', `${EVENTS}/${id}`)
    assert.ok(!('subject' in engineer) && !('utilisateur' in engineer.event))
    assert.equal(engineer.event.montant, event.montant)
    assert.deepEqual((await list('data-engineer')).items.find(item => item.id === id)!.event, engineer.event)

    const owner = await read('data-owner', `${EVENTS}/${id}`)
    assert.match(owner.event.utilisateur!.adresse as string, /^enc1\./)
  })

  test('whose roles may not read learns nothing, whatever is stored', async () => {
    const { id, subject } = await ecluse.newcomer()
    for (const role of ['producer', 'dpo', 'auditor']) {
      const denials = await Promise.all(
        [`${EVENTS}/${id}`, `${EVENTS}/${randomUUID()}`, EVENTS, `${EVENTS}?subject=${subject}`].map(path =>
          ecluse.answer(role, path),
        ),
      )
      for (const denial of denials) assert.deepEqual(denial, denials[0])
      assert.equal(denials[0]!.status, 403)
    }
  })

  test('may filter and page by what it sees alone, and is told before any store is asked', async () => {
    let denied: Awaited<ReturnType<StartedEcluse['answer']>> | undefined
    const counts = await ecluse.countCalls(async () => {
      denied = await ecluse.answer('data-engineer', `${EVENTS}?subject=p1.${'a'.repeat(22)}`)
    })
    assert.equal(denied!.status, 403)
    assert.match(denied!.body.detail!, /The filter subject goes by .* confidential/)
    assert.deepEqual(
      Object.keys(counts).filter(name => / events$|findUnreadable/.test(name)),
      [],
    )
    // The id of a profile is the customer's own.
    const profiles = await ecluse.answer('data-engineer', '/v1/datasets/user-profiles/events')
    assert.equal(profiles.status, 403)
    assert.match(profiles.body.detail!, /The cursor of this list goes by the event’s id, which is confidential/)
  })

  test('pages through everything, with cursors that tell nothing and serve nobody else', async () => {
    const people = await Promise.all(Array.from({ length: 3 }, () => ecluse.newcomer({ date: '2020-05-05T12:00:00' })))
    const query = '?from=2020-05-05T00:00:00Z&to=2020-05-06T00:00:00Z&limit=1'
    const seen: (string | undefined)[] = []
    let cursor = ''
    for (let page = await list('analyst', query); ; page = await list('analyst', query + cursor)) {
      seen.push(...page.items.map(({ id }) => id))
      if (page.next === null) break
      for (const { id } of people) assert.ok(!Buffer.from(page.next, 'base64url').includes(id))
      cursor = `&cursor=${page.next}`
    }
    assert.deepEqual(seen.sort(), people.map(({ id }) => id).sort())
    assert.equal((await ecluse.answer('data-owner', `${EVENTS}${query}${cursor}`)).status, 400)
  })

  test('sees a field by the stricter of the policy it was stored under and the one in force', async () => {
    const path = join(ecluse.dir, 'policies/transactions.yaml')
    const policy = readFileSync(path, 'utf8')
    const before = await ecluse.newcomer()
    const edit = async (text: string) => {
      const live = async () =>
        (await (await ecluse.call('analyst', '/v1/datasets/transactions/policy')).text()) === text
      writeFileSync(path, text)
      await eventually('the policy is live', live)
    }
    await edit(
      policy
        .replace('/montant:             { level: internal', '/montant:             { level: restricted')
        .replace('level: restricted,   action: encrypt }', 'level: confidential, action: encrypt }'),
    )
    const later = await ecluse.newcomer()
    const [old, young] = [
      await read('analyst', `${EVENTS}/${before.id}`),
      await read('analyst', `${EVENTS}/${later.id}`),
    ]
    assert.ok(!('montant' in old.event) && !('montant' in young.event), 'restricted today')
    assert.ok(!('adresse' in old.event.utilisateur!), 'restricted when it was stored')
    assert.match(young.event.utilisateur!.adresse as string, /^enc1\./)
    const clear = await read('data-owner', `${EVENTS}/${before.id}?clear=true`, { 'ecluse-purpose': PURPOSE })
    assert.deepEqual(clear.event.utilisateur!.nom, (before.event.utilisateur as JsonObject).nom)
    await edit(policy)
  })

  test('sees copies of other content under the same mask', async () => {
    const { event, id } = await ecluse.newcomer()
    await ecluse.accept('transactions', { ...event, montant: 1.5 })
    const { conflicts } = await read('analyst', `${EVENTS}/${id}`)
    assert.equal(conflicts!.length, 1)
    const [{ event: copy }] = conflicts as [{ event: Shown['event'] }]
    assert.equal(copy.montant, 1.5)
    assert.ok(!('adresse' in copy.utilisateur!))
    const clear = await read('data-owner', `${EVENTS}/${id}?clear=true`, { 'ecluse-purpose': PURPOSE })
    assert.deepEqual(
      (clear.conflicts![0]!.event as Shown['event']).utilisateur!.nom,
      (event.utilisateur as JsonObject).nom,
    )
  })
})

test('a conflict names an event whose id is personal by its token, and to those alone who may read it', async () => {
  const person = randomUUID()
  const profile = structuredClone(sampleProfiles[0]!) as JsonObject & { login: JsonObject }
  profile.login.uuid = person
  await ecluse.accept('user-profiles', profile)
  await ecluse.accept('user-profiles', { ...profile, gender: profile.gender === 'male' ? 'female' : 'male' })
  const path = '/v1/anomalies?dataset=user-profiles'
  const [told] = ((await read('data-steward', path)) as unknown as { items: { event?: { id: string } }[] }).items
  const { event, ...rest } = told!
  assert.match(event!.id, /^tok1\.person\./)
  assert.equal((await read('data-steward', `/v1/datasets/user-profiles/events/${event!.id}`)).conflicts!.length, 1)
  assert.deepEqual((await ecluse.answer('data-engineer', path)).body.items, [rest])
  assert.ok(!JSON.stringify(told).includes(person))
})

describe('a copy of which nothing is left', () => {
  test('as after the erasure of somebody else it named, leaves the event as it is', async () => {
    const { event, id } = await ecluse.newcomer()
    await ecluse.accept('transactions', { ...event, montant: 1.5 })
    const { documents } = ecluse.stores
    const [anomaly] = await documents.find('anomalies', { where: { eventDocument: `transactions/${id}` }, limit: 1 })
    const { version, body } = anomaly!
    await documents.upsertNewer('anomalies', [{ ...anomaly!, version: version + 1, body: { ...body, copy: null } }])
    const shown = await read('analyst', `${EVENTS}/${id}`)
    assert.deepEqual([shown.id, shown.conflicts], [id, []])
    const { body: told } = await ecluse.answer('data-steward', `/v1/anomalies/${encodeURIComponent(anomaly!.id)}`)
    assert.deepEqual([told.kind, told.event], ['conflict', undefined])
  })
})

describe('clear values', () => {
  const headers = { 'ecluse-purpose': PURPOSE }

  test('are shown for a stated purpose to who may, and each person read stands in the audit', async () => {
    const people = [
      await ecluse.newcomer({ date: '2021-01-02T10:00:00' }),
      await ecluse.newcomer({ date: '2021-01-02T11:00:00' }),
    ]
    const before = entries.length
    const { items } = await list('data-owner', '?from=2021-01-02T00:00:00Z&to=2021-01-03T00:00:00Z&clear=true', headers)
    assert.equal(items.length, 2)
    for (const { event, id, person, subject } of people) {
      const shown = items.find(item => item.id === id)!
      const raw = event.utilisateur as JsonObject
      assert.deepEqual(
        { ...shown.event.utilisateur, email: '' },
        { ...raw, email: '', idUtilisateur: person },
        'all but the token is raw again',
      )
      assert.match(shown.event.utilisateur!.email as string, /^tok1\./)
      assert.equal(shown.subject, subject)
    }
    const read = entries.slice(before).map(({ value }) => readEntry(value))
    assert.deepEqual(
      read.map(({ kind, dataset }) => [kind, dataset]),
      Array(2).fill(['clear-read', 'transactions']),
    )
    for (const { id, subject } of people) {
      const keys = (await ecluse.known(subject))!.keys
      const opened = read.filter(({ person }) => person === keys.auditTag).map(entry => openEntry(keys, entry))
      assert.deepEqual(opened, [{ purpose: PURPOSE, events: [id] }])
    }
    const text = Buffer.concat(entries.map(({ value }) => value)).toString()
    for (const secret of [PURPOSE, ...people.flatMap(({ id, subject, person }) => [id, subject, person])])
      assert.ok(!text.includes(secret))
  })

  test('of a profile are its raw fields again; what was dropped or generalised is not', async () => {
    const profile = structuredClone(sampleProfiles[0]!) as JsonObject & { login: JsonObject }
    profile.login.uuid = randomUUID()
    await ecluse.accept('user-profiles', profile)
    const { items } = await list('data-owner', '?clear=true', headers, '/v1/datasets/user-profiles/events')
    const shown = items[0]!.event as typeof profile & { dob: JsonObject }
    assert.deepEqual(shown.name, profile.name)
    assert.equal(shown.login.uuid, profile.login.uuid)
    assert.ok(!('password' in shown.login))
    assert.match(shown.dob.date as string, /^\d{4}$/)
  })

  test('are refused without the right or a purpose, and for more than 100 events at once', async () => {
    const { id } = await ecluse.newcomer()
    const denied = await ecluse.answer('analyst', `${EVENTS}/${id}?clear=true`, { headers })
    assert.deepEqual(
      [denied.status, denied],
      [403, await ecluse.answer('analyst', `${EVENTS}/${randomUUID()}?clear=true`, { headers })],
    )
    for (const purpose of [undefined, 'no', 'x'.repeat(201)]) {
      const given = { headers: purpose === undefined ? {} : { 'ecluse-purpose': purpose } }
      const { status, body } = await ecluse.answer('data-owner', `${EVENTS}/${id}?clear=true`, given)
      assert.equal(status, 400)
      assert.match(body.fix!, /Ecluse-Purpose/)
    }
    assert.equal((await ecluse.answer('data-owner', `${EVENTS}?clear=true&limit=101`, { headers })).status, 400)
    const asked = encodeURIComponent('réclamation')
    assert.equal((await ecluse.answer('data-owner', `${EVENTS}/${id}?clear=true&purpose=${asked}`)).status, 200)
  })

  test('are not shown when the audit cannot be written', async () => {
    const { id } = await ecluse.newcomer()
    const { log } = ecluse.stores
    const append = log.append
    log.append = async () => {
      throw new EventLogUnavailable('down')
    }
    const refused = await ecluse.answer('data-owner', `${EVENTS}/${id}?clear=true`, { headers })
    log.append = append
    assert.equal(refused.status, 503)
    assert.ok(!JSON.stringify(refused).includes('utilisateur'))
  })
})

for (const state of ['restricted', 'erasing', 'erased'] as const)
  test(`of a person who is ${state} nothing is shown, and one event is as one that does not exist`, async () => {
    const { id, subject } = await ecluse.newcomer()
    assert.equal((await list('data-owner', `?subject=${subject}`)).items.length, 1)
    await ecluse.setState(subject, state)
    const headers = { 'ecluse-purpose': PURPOSE }
    for (const clear of ['', '&clear=true']) {
      assert.deepEqual((await list('data-owner', `?subject=${subject}${clear}`, headers)).items, [])
      const query = clear.replace('&', '?')
      const answers: object[] = []
      const counts: object[] = []
      for (const asked of [id, randomUUID()])
        counts.push(
          await ecluse.countCalls(async () => {
            answers.push(await ecluse.answer('data-owner', `${EVENTS}/${asked}${query}`, { headers }))
          }),
        )
      assert.deepEqual(answers[0], answers[1])
      assert.equal((answers[0] as { status: number }).status, 404)
      assert.deepEqual(onlyRead(counts[0]!), onlyRead(counts[1]!))
      assert.deepEqual(onlyRead(counts[0]!), {
        'documents.get events': 1,
        'documents.find anomalies': 1,
        'vault.findUnreadable': 1,
      })
    }
  })

/** Without what processors and maintenance ask meanwhile. */
function onlyRead(counts: object): object {
  const names =
    /^(documents\.get events|documents\.find anomalies|documents\.get contracts|vault\.find(Unreadable|ByPseudonyms))$/
  return Object.fromEntries(Object.entries(counts).filter(([name]) => names.test(name)))
}
