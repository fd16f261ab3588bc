// What a person may ask, and its proof, on real servers: two gateways, two processors. An export, a correction, a
// restriction and its end, an objection, a stricter policy for what is stored, and the audit of all of it.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { EventHistory } from '../gateway/event-history.ts'
import { readZip } from '../governance/audit/exact-zip.ts'
import { verifyDocument } from '../governance/audit/verify-document.ts'
import type { PersonalData } from '../governance/subjects/export/personal-data.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { type RealInstallation, startInstallation } from './real-installation.ts'
import { customer, fileRight, readRight, rightDone } from './rights.ts'

const WAIT_MS = 180_000

let ecluse: RealInstallation
before(async () => {
  ecluse = await startInstallation()
})
after(() => ecluse?.stop())

const gateway = (at = 0) => ecluse.gateways[at]!.current

async function done(kind: string, body: JsonObject) {
  const filed = await fileRight(gateway(), kind, body)
  return { filed, request: await rightDone(gateway(), filed) }
}

async function publicKeys(): Promise<string[]> {
  const { items } = (await (await ecluse.call('dpo', '/v1/signing-keys')).json()) as {
    items: { publicKeyPem: string }[]
  }
  return items.map(({ publicKeyPem }) => publicKeyPem)
}

async function bytesOf(role: string, path: string): Promise<Buffer> {
  const response = await ecluse.call(role, path)
  assert.equal(response.status, 200, path)
  return Buffer.from(await response.arrayBuffer())
}

/** Size of the newest signed tree, once it holds this many entries. */
async function signedTree(entries: number): Promise<number> {
  return eventually(
    'the tree is signed',
    async () => {
      const head = await ecluse.call('auditor', '/v1/audit/head')
      if (head.status !== 200) return undefined
      const { payload } = (await head.json()) as { payload: { treeSize: number } }
      return payload.treeSize >= entries && payload.treeSize
    },
    WAIT_MS,
  )
}

const pathOf = (id: string, query = '') => `/v1/datasets/${ecluse.transactions}/events/${id}${query}`

async function stored(id: string, query = ''): Promise<JsonObject> {
  return eventually(
    `event ${id} is archived`,
    async () => {
      const response = await ecluse.call('data-owner', pathOf(id, query), 1)
      return response.status === 200 && ((await response.json()) as JsonObject)
    },
    WAIT_MS,
  )
}

async function outcomeOf(event: JsonObject): Promise<string> {
  const { answer } = await ecluse.post(ecluse.transactions, event, 1)
  return (answer.results[0] as { outcome: string }).outcome
}

async function post(person: string, event = transactionOf(person)): Promise<string> {
  assert.equal(await outcomeOf(event), 'accepted')
  return event.id_transaction as string
}

describe('on real servers', () => {
  const person = randomUUID()
  const firstEvent = transactionOf(person)
  let first: string
  let firstTree: number

  test('an export holds a person’s events in the clear, and its package verifies', async () => {
    firstTree = await signedTree(1)
    first = await post(person, firstEvent)
    await post(person)
    await post(randomUUID())
    await ecluse.settled()
    const { filed } = await done('export', customer(person))
    const zip = await bytesOf('dpo', `${filed.path}/package`)
    assert.equal(verifyDocument(zip, await publicKeys()).type, 'ecluse/export-manifest/1')
    const data = JSON.parse(Buffer.from(readZip(zip).get('data.json')!).toString()) as PersonalData
    const records = data.datasets.flatMap(dataset => dataset.records)
    assert.equal(records.length, 2)
    for (const { event } of records) assert.equal((event.utilisateur as JsonObject).idUtilisateur, person)
  })

  test('a correction is a new event that names the old one, which carries the mark', async () => {
    const changes = [{ pointer: '/montant', value: 12.5 }]
    await done('rectification', { ...customer(person), dataset: ecluse.transactions, event: first, changes })
    const corrected = await stored(`${first}~r1`)
    assert.deepEqual([corrected.rectifies, (corrected.event as JsonObject).montant], [first, 12.5])
    assert.equal((await stored(first)).rectifiedBy, `${first}~r1`)
  })

  test('an event’s history tells of a copy and of the correction, and which servers hold what', async () => {
    assert.equal(await outcomeOf(firstEvent), 'accepted')
    const history = async (id: string) => {
      const response = await ecluse.call('data-steward', pathOf(id, '/history'), 1)
      const told = (await response.json()) as EventHistory
      return {
        steps: told.steps.map(({ step }) => step),
        found: told.stored.map(({ holder, found }) => [holder, found]),
      }
    }
    const whole = async (id: string, steps: string[]) =>
      eventually(
        `all of ${id} is noted, and it is in the lake`,
        async () => {
          const told = await history(id)
          return told.steps.length === steps.length && told.found[2]![1] && told
        },
        WAIT_MS,
      )
    const steps = ['received', 'appended', 'duplicate', 'corrected']
    const told = await whole(first, steps)
    assert.deepEqual(told.steps.toSorted(), steps.toSorted())
    const held = [
      ['lake', true],
      ['log', undefined],
    ]
    assert.deepEqual(told.found, [['documents', true], ['tables', false], ...held])
    const correction = await whole(`${first}~r1`, ['corrects', 'appended'])
    assert.deepEqual(correction.found, [['documents', true], ['tables', true], ...held])
  })

  test('who is restricted is read by nobody; what comes in is held until that is lifted', async () => {
    await done('restriction', customer(person))
    const held = await post(person)
    await ecluse.settled()
    for (const id of [first, held]) assert.equal((await ecluse.call('data-owner', pathOf(id), 1)).status, 404)
    const { request } = await done('restriction', { ...customer(person), lift: true })
    assert.equal((request.outcome as JsonObject).released, 1)
    for (const id of [first, held]) assert.equal((await stored(id)).id, id)
  })

  test('who objects to the purpose is suppressed at every gateway, until it is taken back', async () => {
    const other = randomUUID()
    await post(other)
    const { policy } = (await ecluse.contracts()).get(ecluse.transactions)!
    await done('objection', { ...customer(other), purpose: policy.purpose })
    assert.equal(await outcomeOf(transactionOf(other)), 'suppressed')
    await done('objection', { ...customer(other), purpose: policy.purpose, withdraw: true })
    assert.equal(await outcomeOf(transactionOf(other)), 'accepted')
  })

  test('what is stored comes under a stricter policy', async () => {
    await ecluse.settled()
    const file = join(ecluse.dir, 'policies', `${ecluse.transactions}.yaml`)
    const text = readFileSync(file, 'utf8')
    const edited = text.replace(
      '/type_transaction:    { level: internal, action: keep }',
      '/type_transaction:    { level: internal, action: keep }\n  /details/produit:     { level: confidential, action: encrypt }',
    )
    assert.notEqual(edited, text)
    writeFileSync(file, edited)
    await eventually(
      'the edit is live at both gateways',
      async () => {
        const live = [0, 1].map(at => ecluse.call('data-owner', `/v1/datasets/${ecluse.transactions}/policy`, at))
        return (await Promise.all((await Promise.all(live)).map(each => each.text()))).every(each => each === edited)
      },
      WAIT_MS,
    )
    const response = await gateway().call('dpo', '/v1/reprotection-requests', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dataset: ecluse.transactions, reason: 'stricter' }),
    })
    assert.equal(response.status, 202)
    const filed = { path: response.headers.get('location')!, id: '' }
    const request = await rightDone(gateway(), filed)
    const { changed, read } = request.outcome as { changed: number; read: number }
    assert.ok(changed > 0 && changed <= read, `${changed} of ${read}`)
    const { details } = (await stored(first)).event as { details: JsonObject }
    assert.match(details.produit as string, /^enc1\./)
    const clear = (await stored(first, '?clear=true&purpose=a%20look')).event as { details: JsonObject }
    assert.equal(clear.details.produit, (transactionOf(person).details as JsonObject).produit)
    assert.equal((await readRight(gateway(), filed)).state, 'done')
  })

  test('all of it stands in the audit, whose head and proofs verify', async () => {
    await ecluse.settled()
    const keys = await publicKeys()
    const page = JSON.parse((await bytesOf('dpo', '/v1/audit/entries?limit=1000')).toString()) as {
      items: { index: number; entry: { kind: string } }[]
    }
    const kinds = new Set(page.items.map(({ entry }) => entry.kind))
    for (const kind of [
      'contract-activated',
      'clear-read',
      'right-requested',
      'right-done',
      'package-read',
      'reprotected',
    ])
      assert.ok(kinds.has(kind), kind)
    const newest = page.items[0]!.index
    await signedTree(newest + 1)
    verifyDocument(await bytesOf('auditor', '/v1/audit/head'), keys)
    verifyDocument(await bytesOf('auditor', `/v1/audit/entries/${newest}/proof`), keys)
    verifyDocument(await bytesOf('auditor', `/v1/audit/consistency?from=${firstTree}`), keys)
  })
})
