// Persons' requests end to end: restriction, objection, several ids, aliases, deadlines, progress.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readZip } from '../governance/audit/exact-zip.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { openDocumentsForReading } from './read-documents.ts'
import { customer, fileRight, readRight, rightDone } from './rights.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

const PURPOSE = 'revenue reporting and fraud monitoring'

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse({ environment: { ECLUSE_LEASE_MS: '200' } })
})
after(() => ecluse.end())

const json = { 'content-type': 'application/json' }

async function postOf(person: string, email?: string): Promise<{ id: string; outcome: string }> {
  const event = transactionOf(person)
  if (email !== undefined) (event.utilisateur as JsonObject).email = email
  const { answer } = await ecluse.post('transactions', event)
  const [result] = answer.results
  assert.ok(result && 'outcome' in result)
  return { id: event.id_transaction as string, outcome: result.outcome }
}

async function isRead(id: string): Promise<boolean> {
  const response = await ecluse.call('data-steward', `/v1/datasets/transactions/events/${id}`)
  assert.ok([200, 404].includes(response.status))
  return response.status === 200
}

/** A verb of the command line, with lines on its standard input. */
function run(verb: string, args: string[], lines: string) {
  return new Promise<{ status: number; stdout: string; stderr: string }>(resolve => {
    const env = { ECLUSE_URL: ecluse.url, ECLUSE_API_KEY: ecluse.keys.dpo! }
    const child = execFile(
      process.execPath,
      [join(import.meta.dirname, '../cli/main.ts'), verb, '--reason', 'asked', ...args],
      { cwd: ecluse.dir, env },
      (error, stdout, stderr) => resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    )
    child.stdin!.end(lines)
  })
}

/** Posts as JSON. @returns status and body of the answer */
async function asked(role: string, path: string, body: JsonObject): Promise<[number, JsonObject]> {
  const response = await ecluse.call(role, path, { method: 'POST', headers: json, body: JSON.stringify(body) })
  return [response.status, (await response.json()) as JsonObject]
}

const stateOf = async (id: string) => {
  const documents = openDocumentsForReading(ecluse.dataDir)
  const stored = documents.find('events', `transactions/${id}`)
  documents.close()
  return stored?.held
}

test('who is restricted is read by nobody, and what comes in is held; lifting it gives effect to both', async () => {
  const person = randomUUID()
  const before = await postOf(person)
  await eventually('it is archived', () => isRead(before.id))
  const restricted = await rightDone(ecluse, await fileRight(ecluse, 'restriction', customer(person)))
  assert.deepEqual(restricted.outcome, { persons: 1, erased: 0, unknown: 0, released: 0 })
  assert.equal(await isRead(before.id), false)
  const during = await postOf(person)
  assert.equal(during.outcome, 'accepted')
  await ecluse.settled()
  assert.equal(await stateOf(during.id), 1)
  assert.equal(await isRead(during.id), false)
  const lifted = await rightDone(ecluse, await fileRight(ecluse, 'restriction', { ...customer(person), lift: true }))
  assert.deepEqual(lifted.outcome, { persons: 1, erased: 0, unknown: 0, released: 1 })
  assert.deepEqual([await isRead(before.id), await isRead(during.id)], [true, true])
})

test('who objects to a purpose is suppressed where it is the dataset’s, until that is taken back', async () => {
  const person = randomUUID()
  await postOf(person)
  const objection = { ...customer(person), purpose: PURPOSE }
  await rightDone(ecluse, await fileRight(ecluse, 'objection', objection))
  await eventually('it is noticed', async () => (await postOf(person)).outcome === 'suppressed')
  await rightDone(ecluse, await fileRight(ecluse, 'objection', { ...objection, withdraw: true }))
  await eventually('that it is taken back is noticed', async () => (await postOf(person)).outcome === 'accepted')
})

test('an objection to a purpose that no policy has fails, and says which there are', async () => {
  const filed = await fileRight(ecluse, 'objection', { ...customer(randomUUID()), purpose: 'revenue reports' })
  const failed = await eventually('it fails', async () => {
    const request = await readRight(ecluse, filed)
    return request.state === 'failed' && request
  })
  assert.match(failed.because as string, /no policy has this purpose/)
})

test('an alias leads to the person; one that leads to two fails, and never leads to the one who is left', async () => {
  const [one, two] = [randomUUID(), randomUUID()]
  const [own, shared] = [`${randomUUID()}@example.org`, `${randomUUID()}@example.org`]
  for (const [person, email] of [
    [one, own],
    [one, shared],
    [two, shared],
  ] as const)
    await postOf(person, email)
  const alias = (id: string) => ({ alias: { type: 'email', id } })
  const ambiguous = await fileRight(ecluse, 'erasure', alias(shared))
  const failed = await eventually('it fails', async () => {
    const request = await readRight(ecluse, ambiguous)
    return request.state === 'failed' && request
  })
  assert.match(failed.because as string, /leads to 2 persons/)
  const done = await rightDone(ecluse, await fileRight(ecluse, 'erasure', alias(` ${own.toUpperCase()} `)))
  assert.deepEqual(done.outcome, { erased: 1, erasedBefore: 0, unknown: 0 })
  assert.equal((await postOf(one)).outcome, 'suppressed')
  assert.equal((await readRight(ecluse, ambiguous)).state, 'failed')
  assert.equal((await postOf(two)).outcome, 'accepted')
})

test('several ids at once; who is unknown or gone is told as a number', async () => {
  const [one, two, unknown] = [randomUUID(), randomUUID(), randomUUID()]
  for (const person of [one, two]) await postOf(person)
  const subjects = [one, two, unknown].map(id => ({ type: 'customer', id }))
  const done = await rightDone(ecluse, await fileRight(ecluse, 'erasure', { subjects }))
  assert.deepEqual(done.outcome, { erased: 2, erasedBefore: 0, unknown: 1 })
  const again = await rightDone(ecluse, await fileRight(ecluse, 'erasure', { subjects }))
  assert.deepEqual(again.outcome, { erased: 0, erasedBefore: 2, unknown: 1 })
})

test('a request is due in a month; more time is given once, for a reason', async () => {
  const filed = await fileRight(ecluse, 'erasure', { alias: { type: 'email', id: 'nobody@example.org' } })
  const { createdAt, dueAt } = await rightDone(ecluse, filed)
  const days = (Date.parse(dueAt as string) - Date.parse(createdAt as string)) / 86_400_000
  assert.ok(days >= 28 && days <= 31)
  const late = await ecluse.call('dpo', `${filed.path}/extensions`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ reason: 'complex' }),
  })
  assert.equal(late.status, 409)
})

test('progress is streamed until the end', async () => {
  const person = randomUUID()
  await postOf(person)
  const filed = await fileRight(ecluse, 'erasure', customer(person))
  const response = await ecluse.call('dpo', `${filed.path}/events`)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const events = (await response.text()).split('\n\n').filter(Boolean)
  const last = JSON.parse(/^event: progress\ndata: (.*)$/.exec(events.at(-1)!)![1]!) as JsonObject
  assert.equal(last.state, 'done')
  assert.ok(events.length >= 2)
})

test('the command line says of a request what its kind takes', async () => {
  const person = randomUUID()
  const { id } = await postOf(person)
  await eventually('it is archived', () => isRead(id))
  const done = async (verb: string, ...args: string[]) => {
    const { status, stderr } = await run(verb, args, `customer ${person}\n`)
    assert.equal(status, 0, stderr)
  }
  await done('restrict')
  assert.equal(await isRead(id), false)
  await done('restrict', '--lift')
  assert.equal(await isRead(id), true)
  await done('object', '--purpose', PURPOSE)
  await eventually('it is noticed', async () => (await postOf(person)).outcome === 'suppressed')
  await done('object', '--purpose', PURPOSE, '--withdraw')
  await eventually('that it is taken back is noticed', async () => (await postOf(person)).outcome === 'accepted')
  await done('export', '--language', 'fr', '--out', ecluse.dir)
  const [zip] = readdirSync(ecluse.dir).filter(name => name.endsWith('.zip'))
  const index = readZip(readFileSync(join(ecluse.dir, zip!))).get('index.html')!
  assert.match(Buffer.from(index).toString(), /<html lang="fr"/)
  for (const [verb, ...args] of [['object'], ['erase', '--lift'], ['restrict', '--language', 'fr']] as const)
    assert.equal((await run(verb, args, `customer ${person}\n`)).status, 2, verb)
})

test('progress is streamed no longer than the key is good, but for a lease', async () => {
  const person = randomUUID()
  await postOf(person)
  const held = await ecluse.call('dpo', '/v1/legal-holds', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ ...customer(person), reason: 'a lawsuit' }),
  })
  assert.equal(held.status, 200)
  const made = await ecluse.call('data-engineer', '/v1/access/keys', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ name: 'a test', roles: ['dpo'], datasets: ['*'] }),
  })
  const { id, apiKey } = (await made.json()) as { id: string; apiKey: string }
  const filed = await fileRight(ecluse, 'erasure', customer(person))
  const response = await fetch(`${ecluse.url}${filed.path}/events`, { headers: { authorization: `Bearer ${apiKey}` } })
  assert.equal(response.status, 200)
  const ended = response.text()
  await ecluse.call('data-engineer', `/v1/access/keys/${id}`, { method: 'DELETE' })
  // It is blocked, and would go on for ten minutes.
  assert.match(await ended, /^event: progress/)
  assert.notEqual((await readRight(ecluse, filed)).state, 'done')
})

test('a body that says in two ways whom it is about, or in none, is refused', async () => {
  for (const body of [{}, { ...customer('a'), alias: { type: 'email', id: 'a@example.org' } }]) {
    const response = await ecluse.call('dpo', '/v1/erasure-requests', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ reason: 'x', ...body }),
    })
    assert.equal(response.status, 400)
    assert.match(((await response.json()) as { detail: string }).detail, /Exactly one/)
  }
})

test('what is not a request of this kind is not found, and other roles may not ask', async () => {
  assert.equal((await ecluse.call('dpo', `/v1/export-requests/${randomUUID()}`)).status, 404)
  for (const role of ['producer', 'analyst', 'data-steward', 'auditor'])
    assert.equal((await ecluse.call(role, '/v1/erasure-requests')).status, 403)
})

test('a kind of person or alias that no policy names is refused when it is filed, with the kind that was meant', async () => {
  const more: Record<string, JsonObject> = {
    objection: { purpose: PURPOSE },
    rectification: { dataset: 'transactions', event: 'e', changes: [{ pointer: '/a', value: 1 }] },
  }
  for (const kind of ['erasure', 'export', 'rectification', 'restriction', 'objection'])
    for (const [who, detail, fix] of [
      [{ subject: { type: 'custommer', id: 'C-1' } }, /no live policy names this kind of person/, /`customer`\? There/],
      [{ alias: { type: 'emial', id: 'a@example.org' } }, /no live policy names this kind of alias/, /`email`\? There/],
    ] as const) {
      const [status, problem] = await asked('dpo', `/v1/${kind}-requests`, { ...who, reason: 'asked', ...more[kind] })
      assert.equal(status, 400, kind)
      assert.match(problem.detail as string, detail)
      assert.match(problem.fix as string, fix)
    }
  const [status] = await asked('dpo', '/v1/audit/searches', { subject: { type: 'custommer', id: 'C-1' } })
  assert.equal(status, 400, 'nor is the audit searched in vain')
})

test('whom an open request is about, who asked and why is read by who may carry it out, on record, until it is done', async () => {
  const person = randomUUID()
  await postOf(person)
  const hold = { ...customer(person), reason: 'a lawsuit' }
  assert.equal((await asked('dpo', '/v1/legal-holds', hold))[0], 200)
  const { stdout } = await run(
    'erase',
    ['--requester', 'the person, by phone', '--no-wait', '--json'],
    `customer ${person}\n`,
  )
  const { id } = JSON.parse(stdout) as { id: string }
  const path = `/v1/erasure-requests/${id}`
  assert.equal((await asked('dpo', `${path}/extensions`, { reason: 'the lawsuit is long' }))[0], 200)
  const read = await ecluse.call('dpo', `${path}/details`)
  assert.deepEqual([read.status, read.headers.get('cache-control')], [200, 'no-store'])
  assert.deepEqual(await read.json(), {
    subjects: [{ type: 'customer', id: person }],
    alias: null,
    reason: 'asked',
    requester: 'the person, by phone',
    asked: {},
    extension: 'the lawsuit is long',
  })
  await eventually('that it was read is on record', async () => {
    const entries = await ecluse.call('auditor', '/v1/audit/entries?kind=request-read')
    const { items } = (await entries.json()) as { items: { entry: { request: string } }[] }
    return items.some(({ entry }) => entry.request === id)
  })
  for (const role of ['auditor', 'data-steward', 'data-owner'])
    assert.equal((await ecluse.call(role, `${path}/details`)).status, 403)
  assert.equal((await ecluse.call('dpo', `/v1/export-requests/${id}/details`)).status, 404)
  const done = await rightDone(ecluse, await fileRight(ecluse, 'export', customer(randomUUID())))
  assert.equal((await ecluse.call('dpo', `/v1/export-requests/${done.id}/details`)).status, 409)
})
