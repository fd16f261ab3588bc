// The erasure of persons, end to end: what is on disk before and after, what the certificate says, what stays.

import assert from 'node:assert/strict'
import { hash, randomUUID } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { verifySigned } from '../governance/audit/sign.ts'
import { formatToken, PERSON_DOMAIN, tokenInput } from '../governance/protection/token.ts'
import { findPersons } from '../governance/subjects/find-persons.ts'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import type { JsonObject } from '../storage/json.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { eventually } from './eventually.ts'
import { filesOutsideLog } from './files-outside-log.ts'
import { sampleProfiles, transactionOf } from './fixtures.ts'
import { readablePlaces, textsIn } from './protected-texts.ts'
import { inLake, queryLake } from './read-lake.ts'
import { askDpo, customer, fileRight, REASON, rightDone } from './rights.ts'
import { searchBytes } from './search-bytes.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const PERSONS = 1_000
const ERASED = 20
const LEASE_MS = 1_000
const environment = { ECLUSE_LEASE_MS: String(LEASE_MS), ECLUSE_LAKE_FLUSH_MS: '200' }
/** Events in one request: what is looked up within a lease, on a busy machine too. */
const SLICE = 100

interface Traces {
  pseudonym: string
  lookup: string
  sealedKey: Buffer
  sealedId: Buffer
  /** Tokens and ciphertexts of the person's events. */
  texts: string[]
}

const ids = Array.from({ length: PERSONS }, () => randomUUID())
const gone = ids.filter((_, i) => i % (PERSONS / ERASED) === 7)
const living = ids.filter(id => !gone.includes(id))
const emailOf = (id: string) => `${id.slice(0, 13)}@example.org`

let ecluse: EcluseProcess
let traces: Map<string, Traces>
let othersBefore: string

const profileOf = (id: string): JsonObject => {
  const profile = structuredClone(sampleProfiles[0]!)
  return { ...profile, email: emailOf(id), login: { ...(profile.login as JsonObject), uuid: id } }
}

const transactionBy = (id: string): JsonObject => {
  const event = transactionOf(id)
  return { ...event, utilisateur: { ...(event.utilisateur as JsonObject), email: emailOf(id) } }
}

async function withRing<T>(
  dataDir: string,
  work: (ring: KeyRing, vault: ReturnType<typeof openSqliteVault>) => Promise<T>,
) {
  const vault = openSqliteVault(join(dataDir, 'vault.sqlite'))
  try {
    const kek = Buffer.from(readFileSync(join(dataDir, 'dev-kek'), 'utf8'), 'base64')
    return await work(await openKeyRing(vault, kek, Date.now), vault)
  } finally {
    await vault.close()
  }
}

function rows(dataDir: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(join(dataDir, 'documents.sqlite'), { readOnly: true, timeout: 5_000 })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

async function collectTraces(dataDir: string): Promise<Map<string, Traces>> {
  const texts = new Map<string, string[]>()
  for (const { id, body } of rows(dataDir, 'SELECT id, body FROM d_events')) {
    const { subject, event } = JSON.parse(body as string) as { subject: string; event: JsonObject }
    const own = /tok1\.person\.\S+$/.exec(id as string)?.[0]
    texts.set(subject, [...(texts.get(subject) ?? []), ...textsIn(event), ...(own ? [own] : [])])
  }
  return withRing(dataDir, async (ring, vault) => {
    const found = await vault.findPersons(ids.map(id => ring.lookupHash('person', 'customer', id)))
    return new Map(
      found.map((person, i) => {
        assert.ok(person && person.state !== 'erased')
        const { pseudonym, lookup, sealedKey, sealedId } = person
        return [ids[i]!, { pseudonym, lookup, sealedKey, sealedId, texts: texts.get(pseudonym) ?? [] }]
      }),
    )
  })
}

/** Kinds of traces that stand in some file, by kind and file. */
async function found(dataDir: string, persons: string[]): Promise<Set<string>> {
  const files = await filesOutsideLog(dataDir)
  const kinds = new Set<string>()
  for (const id of persons) {
    const { pseudonym, lookup, sealedKey, sealedId, texts } = traces.get(id)!
    const needles: [string, Buffer][] = [
      ['sealed key', sealedKey],
      ['sealed id', sealedId],
      ['link', Buffer.from(lookup.slice(-16) + pseudonym.slice(0, 12))],
      ['link', Buffer.from(pseudonym.slice(-12) + lookup.slice(0, 16))],
      ...texts.map((text): [string, Buffer] => ['token or ciphertext', Buffer.from(text)]),
    ]
    for (const [kind, needle] of needles)
      for (const { name, bytes } of files) if (bytes.includes(needle)) kinds.add(`${kind} in ${name}`)
    for (const { name, bytes } of files)
      if (name === 'the lake' && bytes.includes(pseudonym)) kinds.add('pseudonym in the lake')
  }
  return kinds
}

/** All that is archived of the others, as one hash. */
function othersOf(dataDir: string): string {
  const pseudonyms = new Set(living.map(id => traces.get(id)!.pseudonym))
  const bodies = rows(dataDir, 'SELECT body FROM d_events ORDER BY id').filter(({ body }) =>
    pseudonyms.has((JSON.parse(body as string) as { subject: string }).subject),
  )
  assert.equal(bodies.length, living.length * 2)
  return hash('sha256', JSON.stringify(bodies))
}

before(async () => {
  ecluse = await spawnEcluse({ environment: { ...environment, ECLUSE_WATCH_INTERVAL_MS: '1000' } })
  for (const [dataset, make] of [
    ['transactions', transactionBy],
    ['user-profiles', profileOf],
  ] as const) {
    for (let at = 0; at < PERSONS; at += SLICE) {
      const { answer } = await ecluse.post(dataset, ids.slice(at, at + SLICE).map(make))
      assert.equal(answer.accepted, SLICE)
    }
  }
  // Rejected, and sealed under each person's key.
  await ecluse.post(
    'transactions',
    gone.map(id => ({ ...transactionBy(id), montant: 'x' })),
  )
  await inLake(ecluse)
  traces = await collectTraces(ecluse.dataDir)
  othersBefore = othersOf(ecluse.dataDir)
})
after(() => ecluse.end())

describe('twenty of a thousand persons in two datasets are erased', () => {
  let certificates: JsonObject[]

  test('before, the search finds what is theirs in every holder', async () => {
    const kinds = await found(ecluse.dataDir, gone)
    for (const kind of [
      'sealed key in vault.sqlite',
      'link in vault.sqlite',
      'token or ciphertext in documents.sqlite',
      'token or ciphertext in the lake',
      'pseudonym in the lake',
    ])
      assert.ok(
        [...kinds].some(each => each.startsWith(kind)),
        `no ${kind}: ${[...kinds].join(', ')}`,
      )
    assert.ok([...kinds].some(kind => kind.startsWith('token or ciphertext in tables.sqlite')))
  })

  test('each request is done, with a certificate that verifies', async () => {
    const filed = await Promise.all(gone.map(id => fileRight(ecluse, 'erasure', customer(id))))
    const keys = (await (await ecluse.call('dpo', '/v1/signing-keys')).json()) as { items: { publicKeyPem: string }[] }
    certificates = await Promise.all(
      filed.map(async request => {
        const done = await rightDone(ecluse, request)
        assert.deepEqual(
          (done.holders as JsonObject[]).map(({ verifiedAt }) => typeof verifiedAt),
          ['string', 'string', 'string', 'string', 'string'],
        )
        const text = await (await ecluse.call('dpo', `${request.path}/certificate`)).text()
        return verifySigned(
          text,
          keys.items.map(key => key.publicKeyPem),
        ).payload
      }),
    )
    for (const certificate of certificates)
      assert.deepEqual(certificate.persons, { erased: 1, erasedBefore: 0, unknown: 0 })
  })

  test('after, nothing of it is found in any file outside the log, free pages included', async () => {
    assert.deepEqual([...(await found(ecluse.dataDir, gone))], [])
    assert.ok((await found(ecluse.dataDir, living.slice(0, 1))).size > 0, 'the search still finds others')
  })

  test('what the requests said rests nowhere either: neither raw ids nor reasons', async () => {
    const { length } = await searchBytes({ dir: ecluse.dataDir, values: [...gone, REASON] })
    assert.equal(length, 0)
  })

  test('with all keys that are left, none of their tokens can be made again and none of their ciphertexts opened', async () => {
    const lost = new Set(gone.flatMap(id => traces.get(id)!.texts))
    await withRing(ecluse.dataDir, async (ring, vault) => {
      const pseudonyms = living.map(id => traces.get(id)!.pseudonym)
      const persons = await findPersons(vault, ring, pseudonyms)
      assert.equal(persons.size, living.length)
      for (const { keys } of persons.values())
        for (const id of gone) assert.ok(!lost.has(formatToken(PERSON_DOMAIN, 0, keys.token(tokenInput(emailOf(id))))))
      for (const id of gone) {
        const [person] = await vault.findPersons([traces.get(id)!.lookup])
        assert.deepEqual(person, { lookup: traces.get(id)!.lookup, state: 'erased' })
      }
    })
  })

  test('what the certificate lists as left in the log is what a scan of the log finds', () => {
    const db = new DatabaseSync(join(ecluse.dataDir, 'event-log.sqlite'), { readOnly: true })
    const records = db
      .prepare('SELECT shards.topic, value, headers FROM records JOIN shards ON shards.id = records.id / 1099511627776')
      .all()
    db.close()
    for (const [i, id] of gone.entries()) {
      const scanned = new Set<string>()
      for (const { topic, value, headers } of records) {
        const text = Buffer.from(value as Uint8Array).toString()
        if (!text.includes(traces.get(id)!.pseudonym) && !String(headers).includes(traces.get(id)!.pseudonym)) continue
        scanned.add(`${topic} `)
        if (String(topic).endsWith('.quarantine')) continue
        for (const place of readablePlaces(JSON.parse(text.slice(text.indexOf('{'))))) scanned.add(`${topic} ${place}`)
      }
      const { log } = certificates[i]!.remains as { log: { topic: string; pointer: string; until: string }[] }
      assert.deepEqual([...new Set(log.map(({ topic, pointer }) => `${topic} ${pointer}`))].sort(), [...scanned].sort())
      for (const { until } of log) assert.ok(Date.parse(until) > Date.now())
    }
  })

  test('the others are untouched', () => {
    assert.equal(othersOf(ecluse.dataDir), othersBefore)
  })

  test('new events of the twenty are suppressed', async () => {
    const { answer } = await ecluse.post('transactions', gone.map(transactionBy))
    assert.equal(answer.suppressed, ERASED)
  })

  test('a log that is read again from the start brings nothing back', async () => {
    await ecluse.end()
    const db = new DatabaseSync(join(ecluse.dataDir, 'event-log.sqlite'))
    db.exec('DELETE FROM positions')
    db.close()
    ecluse = await ecluse.restart()
    await inLake(ecluse)
    assert.deepEqual([...(await found(ecluse.dataDir, gone))], [])
    assert.equal(othersOf(ecluse.dataDir), othersBefore)
  })
})

test('an hour-old backup that is restored brings nobody back, and loses nobody’s rights', async t => {
  const own = await spawnEcluse({ environment })
  const backup = `${own.dataDir}-backup`
  t.after(() => rmSync(backup, { recursive: true, force: true }))
  const [person, other] = [randomUUID(), randomUUID()]
  await own.post('transactions', [transactionBy(person), transactionBy(other)])
  await inLake(own)
  const [{ subject } = { subject: '' }] = (await queryLake(
    own.dataDir,
    'transactions',
    'SELECT subject FROM lake ORDER BY "offset"',
  )) as { subject: string }[]
  await own.end()
  cpSync(own.dataDir, backup, { recursive: true })
  const again = await own.restart()
  await rightDone(again, await fileRight(again, 'erasure', customer(person)))
  const purpose = 'revenue reporting and fraud monitoring'
  await rightDone(again, await fileRight(again, 'objection', { ...customer(other), purpose }))
  const held = await askDpo(again, '/v1/legal-holds', { ...customer(other), reason: REASON })
  assert.deepEqual(held, { held: true })
  await again.end()
  // The ledger of erasures alone is not restored.
  for (const name of readdirSync(backup))
    if (name !== 'erasures') cpSync(join(backup, name), join(own.dataDir, name), { recursive: true })
  const restored = await own.restart()
  t.after(() => restored.end())
  const { answer } = await restored.post('transactions', [transactionBy(person), transactionBy(other)])
  assert.equal(answer.suppressed, 2)
  const hold = await askDpo(restored, '/v1/legal-holds/lookups', customer(other))
  assert.deepEqual(hold, { held: true, reason: REASON })
  assert.match(restored.output(), /"persons":1,"msg":"rights of persons had been lost with a restored vault, and stand/)
  await eventually('the lake is without them', async () => {
    // A file may go between the manifest and its reading.
    const rows = await queryLake(own.dataDir, 'transactions', 'SELECT subject FROM lake').catch(() => [])
    return rows.length === 1 && rows[0]!.subject !== subject
  })
})
