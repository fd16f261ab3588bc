import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { sampleProfiles, transaction, transactionOf } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

type Stored = { id: string; subject: string; time: string; event: JsonObject; timeAmbiguous: boolean }

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse()
})
after(() => ecluse.end())

async function stored(id: string, dataset = 'transactions'): Promise<Stored & { conflicts: unknown[] }> {
  return eventually(`event ${dataset} is archived`, async () => {
    const response = await ecluse.call('data-owner', `/v1/datasets/${dataset}/events/${encodeURIComponent(id)}`)
    return response.status === 200 && ((await response.json()) as Stored & { conflicts: unknown[] })
  })
}

async function list(path: string): Promise<JsonObject[]> {
  const response = await ecluse.call('data-owner', path)
  assert.equal(response.status, 200)
  return ((await response.json()) as { items: JsonObject[] }).items
}

describe('a producer', () => {
  test('who posts one event learns that it is accepted, and reads it back protected', async () => {
    const event = transaction()
    const { status, answer } = await ecluse.post('transactions', event)
    assert.equal(status, 202)
    assert.deepEqual(answer.results, [{ index: 0, id: event.id_transaction, outcome: 'accepted' }])

    const { event: kept, subject } = await stored(event.id_transaction as string)
    const person = kept.utilisateur as JsonObject
    assert.equal(person.idUtilisateur, subject)
    assert.match(subject, /^p1\.[\w-]{22}$/)
    assert.match(person.nom as string, /^enc1\./)
    assert.match(person.email as string, /^tok1\.person\.0\./)
    assert.match(person.adresse as string, /^enc1\./)
    assert.equal(kept.lieu, 'Paris')
    assert.equal(kept.montant, event.montant)
    assert.deepEqual(kept.details, event.details)
  })

  test('whose batch of 100 holds 3 bad events gets 97 accepted and 3 explained, without a value', async () => {
    const events = Array.from({ length: 100 }, () => transaction())
    events[10] = { ...events[10], montant: 'beaucoup-trop-cher' }
    events[20] = { ...events[20], moyen_paiement: 'chèque-cadeau-secret' }
    events[30] = { ...events[30], nomDeJeuneFille: 'Mademoiselle-Inconnue' }
    const { status, answer } = await ecluse.post('transactions', events)
    assert.equal(status, 202)
    assert.deepEqual([answer.received, answer.accepted, answer.rejected, answer.suppressed], [100, 97, 3, 0])

    const problems = [10, 20, 30].map(index => {
      const result = answer.results[index]!
      assert.ok('problem' in result && result.outcome === 'rejected')
      assert.equal(result.retryable, false)
      assert.equal(result.id, events[index]!.id_transaction)
      assert.equal(result.problem.schema, 'transactions/1-0-0')
      return result.problem.errors![0]!
    })
    assert.deepEqual(
      problems.map(({ pointer, keyword }) => [pointer, keyword]),
      [
        ['/montant', 'type'],
        ['/moyen_paiement', 'enum'],
        ['', 'additionalProperties'],
      ],
    )
    for (const { detail, fix } of problems) assert.ok(detail.length > 5 && fix.length > 5)
    assert.doesNotMatch(JSON.stringify(answer), /beaucoup|cadeau|Mademoiselle|nomDeJeuneFille/)

    for (const [index, event] of events.entries())
      if (![10, 20, 30].includes(index)) await stored(event.id_transaction as string)
    const quarantine = await eventually('3 originals are in the quarantine', async () => {
      const items = await list('/v1/quarantine?dataset=transactions')
      return items.length === 3 && items
    })
    assert.doesNotMatch(JSON.stringify(quarantine), /beaucoup|cadeau|Mademoiselle|nomDeJeuneFille/)
    const causes = await list('/v1/quarantine/causes?dataset=transactions')
    assert.deepEqual(causes.map(({ cause }) => cause).sort(), [
      '(event) additionalProperties',
      '/montant type',
      '/moyen_paiement enum',
    ])
  })

  test('whose events are all bad gets 422', async () => {
    const { status, answer } = await ecluse.post('transactions', [{}, { montant: 1 }])
    assert.equal(status, 422)
    assert.deepEqual([answer.received, answer.rejected], [2, 2])
  })

  test('may send NDJSON, gzip, zstd and the three modes of CloudEvents', async () => {
    const events = Array.from({ length: 5 }, () => transaction())
    const lines = events.map(event => JSON.stringify(event)).join('\n')
    const ndjson = { 'content-type': 'application/x-ndjson' }
    assert.equal((await ecluse.post('transactions', lines, ndjson)).answer.accepted, 5)
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
    ] as const) {
      const body = compress(Buffer.from(JSON.stringify([transaction(), transaction()])))
      assert.equal((await ecluse.post('transactions', body, { 'content-encoding': encoding })).answer.accepted, 2)
    }
    const envelope = (event: JsonObject) => ({
      specversion: '1.0',
      id: event.id_transaction,
      source: '/caisse/12',
      type: 'achat',
      dataschema: 'transactions/1-0-0',
      data: event,
    })
    const structured = await ecluse.post('transactions', envelope(transaction()), {
      'content-type': 'application/cloudevents+json',
    })
    assert.equal(structured.answer.accepted, 1)
    const batch = await ecluse.post('transactions', [envelope(transaction()), envelope(transaction())], {
      'content-type': 'application/cloudevents-batch+json',
    })
    assert.equal(batch.answer.accepted, 2)
    const binary = transaction()
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': binary.id_transaction as string,
      'ce-source': '/x',
      'ce-type': 'y',
    }
    assert.equal((await ecluse.post('transactions', binary, headers)).answer.accepted, 1)

    const mismatch = await ecluse.post(
      'transactions',
      { ...envelope(transaction()), id: 'another' },
      { 'content-type': 'application/cloudevents+json' },
    )
    assert.equal(mismatch.status, 422)
    assert.match(JSON.stringify(mismatch.answer.results), /"keyword":"id"/)
  })

  test('may name the schema version, and is told the nearest when it is unknown', async () => {
    const good = await ecluse.post('transactions', transaction(), { 'ecluse-schema': '1-0-0' })
    assert.equal(good.status, 202)
    const bad = await ecluse.post('transactions', transaction(), { 'ecluse-schema': '1-0-1' })
    assert.equal(bad.status, 422)
    assert.match(JSON.stringify(bad.answer), /schema-version-unknown.*1-0-0/)
  })

  test('who repeats an event has one effect; other content under one id is kept as a conflict and reported', async () => {
    const event = transaction({ montant: 10.5 })
    const id = event.id_transaction as string
    for (let i = 0; i < 3; i++) assert.equal((await ecluse.post('transactions', event)).status, 202)
    const reordered = Object.fromEntries(Object.entries(event).reverse())
    await ecluse.post('transactions', JSON.stringify(reordered, null, 2))
    await ecluse.post('transactions', { ...event, montant: 99.5 })
    const kept = await eventually('the conflict is seen', async () => {
      const found = await stored(id)
      return found.conflicts.length > 0 && found
    })
    assert.equal(kept.conflicts.length, 1)
    assert.equal(kept.event.montant, 10.5)
    const anomalies = await list('/v1/anomalies?dataset=transactions')
    assert.ok(
      anomalies.some(({ kind, id: place }) => kind === 'conflict' && (place as string).startsWith('transactions/')),
    )
  })

  test('without a key, with another role, dataset or content type is told what to do', async () => {
    const anonymous = await fetch(`${ecluse.url}/v1/datasets/transactions/events`, { method: 'POST', body: '{}' })
    assert.equal(anonymous.status, 401)
    assert.equal(anonymous.headers.get('www-authenticate'), 'Bearer')
    const analyst = await ecluse.call('analyst', '/v1/datasets/transactions/events', { method: 'POST', body: '{}' })
    assert.equal(analyst.status, 403)
    const unknown = await ecluse.post('transaction', transaction())
    assert.equal(unknown.status, 404)
    assert.match(JSON.stringify(unknown.answer), /Did you mean `transactions`/)
    const form = await ecluse.post('transactions', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })
    assert.equal(form.status, 415)
    assert.match(JSON.stringify(form.answer), /application\/json/)
    const wrongMethod = await ecluse.call('producer', '/v1/datasets', { method: 'POST' })
    assert.equal(wrongMethod.status, 405)
    assert.equal((await ecluse.call('producer', '/v1/nothing')).status, 404)
    assert.equal((await ecluse.call('producer', '/v1/datasets/transactions/events')).status, 403)
  })
})

describe('times and persons', () => {
  test('a local time in a gap is rejected, one in a fold takes the first offset and is marked', async () => {
    const gap = await ecluse.post('transactions', transaction({ date: '2026-03-29T02:30:00' }))
    assert.equal(gap.status, 422)
    assert.match(JSON.stringify(gap.answer), /"pointer":"\/date","keyword":"time"/)
    const fold = transaction({ date: '2026-10-25T02:30:00' })
    await ecluse.post('transactions', fold)
    const { time, timeAmbiguous } = await stored(fold.id_transaction as string)
    assert.deepEqual([time, timeAmbiguous], ['2026-10-25T00:30:00.000Z', true])
  })

  test('the same person in both datasets has one pseudonym; two persons never share; tokens are per person', async () => {
    const profile = structuredClone(sampleProfiles[0]!)
    const uuid = (profile.login as JsonObject).uuid as string
    const posted = await ecluse.post('user-profiles', profile)
    assert.deepEqual(posted.answer.results, [{ index: 0, id: uuid, outcome: 'accepted' }])
    const mine = [transactionOf(uuid), transactionOf(uuid)]
    const others = transactionOf(randomUUID())
    await ecluse.post('transactions', [...mine, others])

    const [first, second] = await Promise.all(mine.map(event => stored(event.id_transaction as string)))
    const other = await stored(others.id_transaction as string)
    const [profileStored] = await eventually('the profile is archived', async () => {
      const items = await list(`/v1/datasets/user-profiles/events?subject=${first!.subject}`)
      return items.length === 1 && (items as unknown as Stored[])
    })
    assert.equal(profileStored!.subject, first!.subject)
    assert.notEqual(profileStored!.id, uuid)
    assert.match(profileStored!.id, /^tok1\.person\.0\./)
    assert.equal((profileStored!.event.login as JsonObject).uuid, first!.subject)
    assert.equal(second!.subject, first!.subject)
    assert.notEqual(other.subject, first!.subject)
    const email = (event: Stored) => (event.event.utilisateur as JsonObject).email
    assert.equal(email(first!), email(second!))
    assert.notEqual(email(first!), email(other))
  })
})

describe('an operator', () => {
  test('sees readiness, liveness, metrics and an OpenAPI 3.1 document', async () => {
    const ready = (await (await fetch(`${ecluse.url}/readyz`)).json()) as {
      status: string
      contracts: { live: string[] }
    }
    assert.equal(ready.status, 'ready')
    assert.deepEqual(ready.contracts.live, ['transactions', 'user-profiles'])
    assert.equal((await fetch(`${ecluse.url}/livez`)).status, 200)
    assert.match(
      await (await fetch(`${ecluse.url}/metrics`)).text(),
      /ecluse_gateway_events_total\{.*outcome="accepted"/,
    )
    const openapi = (await (await fetch(`${ecluse.url}/openapi.json`)).json()) as { openapi: string; paths: object }
    assert.equal(openapi.openapi, '3.1.0')
    assert.ok('/v1/datasets/{dataset}/events' in openapi.paths)
    assert.equal((await fetch(`${ecluse.url}/docs/`)).status, 200)
  })

  test('finds each dataset described, with a curl that works', async () => {
    const dataset = (await (await ecluse.call('producer', '/v1/datasets/transactions')).json()) as JsonObject
    assert.equal(dataset.steward, 'data-office@example.org')
    assert.match(dataset.curl as string, /curl .*\/v1\/datasets\/transactions\/events/)
    assert.equal((await ecluse.post('transactions', dataset.sample)).status, 202)
    const [aggregate] = dataset.aggregates as JsonObject[]
    assert.deepEqual(
      [aggregate!.name, aggregate!.window, aggregate!.lateness, aggregate!.retention, aggregate!.level],
      ['amount-by-payment-method', { tumbling: '1m' }, '1h', '400d', 'internal'],
    )
    assert.deepEqual((aggregate!.measures as JsonObject[]).at(-1), {
      name: 'median',
      kind: 'quantile',
      pointer: '/montant',
      parameters: { q: 0.5 },
      level: 'internal',
    })
    const policy = await ecluse.call('data-steward', '/v1/datasets/transactions/policy')
    assert.match(await policy.text(), /^# yaml-language-server/)
    const schema = await ecluse.call('data-steward', '/v1/datasets/transactions/schemas/1-0-0')
    assert.equal(((await schema.json()) as JsonObject).$schema, 'https://json-schema.org/draft/2020-12/schema')
  })

  test('who asks it to stop loses nothing that was accepted', async () => {
    const other = await spawnEcluse()
    const events = Array.from({ length: 200 }, () => transaction())
    const posts = events.map(event => other.post('transactions', event).catch(() => undefined))
    await Promise.race(posts)
    const ended = other.end()
    const accepted = (await Promise.all(posts)).flatMap(post => post?.answer.results ?? [])
    assert.equal(await ended, 0)
    const again = await other.restart()
    await again.settled()
    for (const result of accepted) {
      if (!('outcome' in result)) continue
      const found = await again.call('data-steward', `/v1/datasets/transactions/events/${result.id}`)
      assert.equal(found.status, 200)
    }
    assert.ok(accepted.length > 0)
    await again.end()
  })
})
