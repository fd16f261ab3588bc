import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord } from '../../storage/event-log/event-log.ts'
import { personKeys } from '../protection/person-keys.ts'
import { newPseudonym } from '../protection/token.ts'
import type { AuditEvent } from './audit.ts'
import { AUDIT_TOPIC, MAX_ENTRY_BYTES, openAudit, openEntry, readEntry } from './record.ts'

const NOON = '2026-11-21T12:00:00.000Z'
const newPerson = (byte: number) => ({ pseudonym: newPseudonym(), keys: personKeys(Buffer.alloc(32, byte)) })
const alice = newPerson(1)
const bob = newPerson(2)

/** What the log would hold. */
async function recorded(...events: AuditEvent[]): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const append = async (entries: { topic: string; record: LogRecord }[]) => {
    for (const { topic, record } of entries) {
      assert.equal(topic, AUDIT_TOPIC)
      records.push(record)
    }
    return []
  }
  await openAudit({ append }, () => Date.parse(NOON)).record(...events)
  return records
}

test('an entry is canonical JSON that says what happened, and nobody who reads it learns about whom', async () => {
  const purpose = 'asked by Alice Dubois'
  const [record] = await recorded({
    kind: 'clear-read',
    actor: '0123456789abcdef',
    dataset: 'transactions',
    details: { events: 2 },
    about: { person: alice, sealed: { purpose } },
  })
  const text = record!.value.toString()
  for (const secret of [alice.pseudonym, purpose, 'Alice']) assert.ok(!text.includes(secret))
  const { id, sealed, person, ...rest } = readEntry(record!.value)
  assert.deepEqual(rest, {
    at: NOON,
    kind: 'clear-read',
    actor: '0123456789abcdef',
    dataset: 'transactions',
    details: { events: 2 },
  })
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.match(person!, /^tok1\.audit\.0\.[\w-]{22}$/)
  assert.match(sealed!, /^enc1\./)
})

test('entries about one person share a tag that another’s do not have, and open under that person’s key alone', async () => {
  const events = [alice, alice, bob].map(
    (person): AuditEvent => ({ kind: 'reidentified', actor: 'a', about: { person, sealed: { purpose: 'p' } } }),
  )
  const [first, second, third] = (await recorded(...events)).map(({ value }) => readEntry(value))
  assert.equal(first!.person, second!.person)
  assert.notEqual(first!.person, third!.person)
  assert.notEqual(first!.sealed, second!.sealed)
  assert.deepEqual(openEntry(alice.keys, first!), { purpose: 'p' })
  assert.throws(() => openEntry(bob.keys, first!))
  assert.throws(() => openEntry(alice.keys, { ...first!, id: second!.id }), 'moved to another entry')
  assert.equal(openEntry(alice.keys, { id: 'x', at: NOON, kind: 'approval', actor: 'a' }), undefined)
})

test('several entries go to the log at once, and none asks nothing of it', async () => {
  const records = await recorded({ kind: 'key-made', actor: 'cli' }, { kind: 'key-revoked', actor: 'cli' })
  assert.deepEqual(
    records.map(({ value }) => readEntry(value).kind),
    ['key-made', 'key-revoked'],
  )
  assert.deepEqual(await recorded(), [])
})

test('an entry has a bound', async () => {
  const details = { text: 'x'.repeat(MAX_ENTRY_BYTES) }
  await assert.rejects(recorded({ kind: 'approval', actor: 'a', details }), RangeError)
})

test('what is no entry is told from one, and nothing of it is repeated', async () => {
  const [record] = await recorded({ kind: 'approval', actor: 'a', dataset: 'd', details: {} })
  const text = record!.value.toString()
  const { id, ...rest } = JSON.parse(text)
  const secret = 'secret'
  const wrong = [
    '',
    'null',
    secret,
    ` ${text}`,
    `${text}\n`,
    JSON.stringify({ id, ...rest, zzz: 1, aaa: secret }),
    ...[{ id: secret }, { at: `${secret}` }, { at: '2026-11-21T12:00:00Z' }, { kind: 'A b' }, { actor: 1 }].map(
      change => canonical({ id, ...rest, ...change }),
    ),
    ...[{ dataset: 1 }, { request: secret.repeat(99) }, { person: [] }, { sealed: 1 }, { details: [secret] }].map(
      change => canonical({ id, ...rest, ...change }),
    ),
  ].map(each => Buffer.from(each))
  for (const value of [...wrong, Buffer.of(0xff, 0xfe), Buffer.alloc(MAX_ENTRY_BYTES + 1, ' ')])
    assert.throws(
      () => readEntry(value),
      (error: Error) => !error.message.includes(secret),
      value.toString().slice(0, 200),
    )
  assert.equal(readEntry(Buffer.from(canonical({ id, ...rest, kind: 'of-a-later-version', more: 1 }))).actor, 'a')
})

const canonical = (members: Record<string, unknown>) =>
  JSON.stringify(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))))
