// An erasure whose process dies at each of its stages: the next one goes on where it stood, and the end is the same.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadKek } from '../cli/load-kek.ts'
import { type Running, start } from '../cli/start.ts'
import { startRightsRequests } from '../cli/start-requests.ts'
import { openAudit } from '../governance/audit/record.ts'
import { openSigner, verifySigned } from '../governance/audit/sign.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import { openContractFinder } from '../governance/contract/find-contract.ts'
import { openErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import { openPackageStore } from '../governance/subjects/export/package-store.ts'
import { fileRequest } from '../governance/subjects/file-request.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople } from '../governance/subjects/people.ts'
import { openRequestStore, type RequestStore } from '../governance/subjects/request-store.ts'
import { openRightsLedger } from '../governance/subjects/rights-ledger.ts'
import { openSignedFiles } from '../governance/subjects/signed-files.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { openRetentions } from '../processors/retentions.ts'
import { aggregationOver } from '../processors/windows/aggregation-fixture.ts'
import type { Config } from '../runtime/config.ts'
import { makeLogger } from '../runtime/logger.ts'
import type { JsonObject, JsonValue } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { configIn, makeDir } from './spawn-ecluse.ts'

/** Longer than a claim, so that the next process need not wait for the end of one. */
const LATER_MS = 60_000

/** An Écluse whose own search for requests sleeps: the test's own processes work on them, over the same stores. */
async function opened(t: TestContext) {
  const config = configIn(makeDir(), { ECLUSE_LEASE_MS: '100', ECLUSE_REQUEST_INTERVAL_MS: '60000' })
  const running = await start(config, ['gateway', 'processors'])
  t.after(() => running.stop())
  const keys = JSON.parse(readFileSync(join(config.dataDir, 'dev-credentials.json'), 'utf8')) as Record<string, string>
  const post = async (events: JsonObject[]) => {
    const response = await fetch(`${running.address}/v1/datasets/transactions/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.producer}`, 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    return (await response.json()) as { accepted: number; suppressed: number }
  }
  return { config, running, post }
}

/** What a process of its own would build, over the stores of the one that runs. */
async function processOver(config: Config, { stores }: Running, passedMs: number, died: () => boolean) {
  const { vault, documents, log } = stores
  const now = () => Date.now() + passedMs
  const logger = makeLogger('json', 'silent')
  const ring = await openKeyRing(vault, loadKek(config), now)
  const catalogue = await openCatalogue({
    ...config,
    registry: stores.registry,
    onActivate: async () => {},
    onProblem: () => {},
  })
  const signer = openSigner(ring.signingSeed)
  const audit = openAudit(log, now)
  const files = openSignedFiles(stores.erasures, signer)
  const incarnations = openIncarnations(vault)
  const deps = {
    config: { ...config, requestIntervalMs: 50 },
    stores,
    catalogue,
    contracts: openContractFinder(documents, catalogue),
    retentions: openRetentions({ vault, documents, catalogue, logger, now }),
    incarnations,
    requests: mortal(openRequestStore(documents), died),
    packages: openPackageStore({ lake: stores.lake, documents, vault, ring, now }),
    ledger: openErasureLedger(files),
    rights: openRightsLedger(files),
    ring,
    people: await openPeople(vault, ring, { leaseMs: 100, cachedPersons: 100 }),
    leaseMs: 100,
    audit,
    signer,
    auditHead: async () => null,
    windows: aggregationOver({ ...stores, catalogue, ring }).erased,
    logger,
    now,
  }
  return { deps, stop: startRightsRequests(deps) }
}

/** A store that answers nothing any more once its process has died. */
function mortal(store: RequestStore, died: () => boolean): RequestStore {
  const dead = () => Promise.reject(new Error('the process is dead'))
  return {
    ...store,
    findUnclaimed: nowMs => (died() ? dead() : store.findUnclaimed(nowMs)),
    write: (...given) => (died() ? dead() : store.write(...given)),
  }
}

/** Dies when this many stages were written: right after the last of them, or right before the next one is. */
async function runUntil(config: Config, running: Running, turn: number, isDead: (stages: number) => boolean) {
  let dead = false
  const { deps, stop } = await processOver(config, running, turn * LATER_MS, () => dead)
  const { documents } = running.stores
  const find = async () => (await documents.find('requests', { limit: 1 }))[0]!.body
  const write = deps.requests.write
  deps.requests.write = async (held, change, expiresAtMs) => {
    dead ||= isDead(((change.stages as JsonValue[] | undefined) ?? held.body.stages).length)
    return write(held, change, expiresAtMs)
  }
  await eventually('the request is done, or its process dead', async () => dead || (await find()).state === 'done')
  await stop()
  return find()
}

function filesHold(dataDir: string, needles: Buffer[]): string[] {
  return readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.startsWith('event-log.'))
    .filter(entry => {
      const bytes = readFileSync(join(entry.parentPath, entry.name))
      return needles.some(needle => bytes.includes(needle))
    })
    .map(({ name }) => name)
}

test('a process dies before each stage is written: the next one finishes, and nothing is left', async t => {
  const { config, running, post } = await opened(t)
  const { vault, documents, log } = running.stores
  const [person, other] = [randomUUID(), randomUUID()]
  assert.equal((await post([transactionOf(person), transactionOf(other), transactionOf(person)])).accepted, 3)
  await eventually('all is archived', async () => (await documents.find('events', { limit: 10 })).length === 3)

  const ring = await openKeyRing(vault, loadKek(config), Date.now)
  const [entry] = await vault.findPersons([ring.lookupHash('person', 'customer', person)])
  assert.ok(entry && entry.state !== 'erased')
  const [stored] = await documents.find('events', { where: { subject: entry.pseudonym }, limit: 1 })
  const { nom, email } = (stored!.body.event as { utilisateur: Record<string, string> }).utilisateur
  const needles = [entry.sealedKey, entry.sealedId, Buffer.from(nom!), Buffer.from(email!)]
  assert.ok(filesHold(config.dataDir, needles).length >= 3)

  const audit = openAudit(log, Date.now)
  const requests = openRequestStore(documents)
  const filed = { id: randomUUID(), kind: 'erasure', actor: 'test' } as const
  await fileRequest({ ring, audit, requests, now: Date.now }, filed, {
    subjects: [{ type: 'customer', id: person }],
    reason: 'asked',
    requester: '',
    details: {},
  })
  let body = (await documents.get('requests', filed.id))!.body
  let turns = 0
  for (; body.state !== 'done'; turns++) {
    const reached = (body.stages as JsonValue[]).length
    assert.ok(turns < 100, 'no end')
    // Every second time right before the stage after is written; else one stage further.
    const limit = reached + 1 + (turns % 2)
    body = await runUntil(config, running, turns + 1, stages => stages > limit)
  }
  assert.ok(turns > 8, `died ${turns} times`)
  const signer = openSigner(ring.signingSeed)
  const certificate = verifySigned(body.certificate as string, [signer.publicKeyPem]).payload
  assert.deepEqual(certificate.persons, { erased: 1, erasedBefore: 0, unknown: 0 })
  assert.deepEqual(filesHold(config.dataDir, needles), [])
  assert.equal((await documents.find('events', { limit: 10 })).length, 1, 'the other person’s event stays')
  assert.equal((await post([transactionOf(person)])).suppressed, 1)
  assert.equal(body.sealed, null)
  assert.equal(await ring.findRequestKey(filed.id), undefined)
})
