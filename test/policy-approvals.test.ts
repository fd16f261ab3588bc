import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AUDIT_TOPIC, readEntry } from '../governance/audit/record.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import { eventually } from './eventually.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const environment = { ECLUSE_POLICY_APPROVAL: 'required', ECLUSE_WATCH_INTERVAL_MS: '50' }

interface Pending {
  dataset: string
  policySha256: string
  schemas: Record<string, string>
  reasons: string[]
}

let ecluse: StartedEcluse
let entries: LogRecord[]
let policyPath: string
let good: string
before(async () => {
  ecluse = await startEcluse(environment)
  entries = ecluse.watch(AUDIT_TOPIC)
  policyPath = join(ecluse.dir, 'policies/transactions.yaml')
  good = readFileSync(policyPath, 'utf8')
})
after(() => ecluse.stop())

const edited = (from: string, to: string, text = good) => {
  const changed = text.replace(from, to)
  assert.notEqual(changed, text)
  return changed
}
const EMAIL = 'level: confidential, action: pseudonymise }'
const weaker = () => edited(EMAIL, 'level: confidential, action: keep }')

async function pending(): Promise<Pending[]> {
  return ((await (await ecluse.call('dpo', '/v1/policy-approvals')).json()) as { items: Pending[] }).items
}
async function live(): Promise<string> {
  return (await ecluse.call('dpo', '/v1/datasets/transactions/policy')).text()
}
async function problems(): Promise<string> {
  return (await fetch(`${ecluse.address}/readyz`)).text()
}
const waiting = (dataset = 'transactions') =>
  eventually('the edit waits', async () => (await pending()).find(edit => edit.dataset === dataset))
const approve = (role: string, body: object) => ecluse.answer(role, '/v1/policy-approvals', { body })

describe('an edit that weakens protection', () => {
  test('waits, told with its reasons, while what was live stays; approved by its hashes it goes live', async () => {
    writeFileSync(policyPath, weaker())
    const edit = await waiting()
    assert.deepEqual(edit.reasons, ['1-0-0 /utilisateur/email: pseudonymise becomes keep'])
    assert.equal(edit.policySha256, hash('sha256', weaker()))
    assert.deepEqual(edit.schemas, {})
    assert.equal(await live(), good)
    assert.match(await problems(), /"degraded":\["contracts"\].*waits for an approval/)

    const { dataset, policySha256 } = edit
    const reason = 'agreed with the works council'
    assert.equal((await approve('data-steward', { dataset, policySha256, reason })).status, 403)
    for (const wrong of [
      { policySha256: hash('sha256', good) },
      { dataset: 'user-profiles' },
      { schemas: { '1-0-1': policySha256 } },
    ])
      assert.equal((await approve('dpo', { dataset, policySha256, reason, ...wrong })).status, 409)
    assert.equal(await live(), good)

    assert.equal((await approve('dpo', { dataset, policySha256, reason })).status, 200)
    await eventually('the edit is live', async () => (await live()) === weaker())
    assert.deepEqual(await pending(), [])
    const approved = entries.map(({ value }) => readEntry(value)).find(({ kind }) => kind === 'policy-approved')!
    assert.equal(approved.dataset, dataset)
    assert.deepEqual(approved.details, { policySha256, schemas: {}, liveSha256: hash('sha256', good), reason })
  })

  test('waits again after it was taken back, which needs nobody', async () => {
    writeFileSync(policyPath, good)
    await eventually('it is taken back', async () => (await live()) === good)
    writeFileSync(policyPath, weaker())
    await waiting()
    assert.equal(await live(), good)
    writeFileSync(policyPath, good)
    await eventually('nothing waits', async () => (await pending()).length === 0)
    assert.match(await problems(), /"degraded":\[\]/)
  })

  test('does not slip through by a restart: what was live before is live again', async () => {
    await ecluse.stop()
    const { dir } = ecluse
    writeFileSync(policyPath, weaker())
    ecluse = await startEcluse(environment, dir)
    assert.equal(await live(), good)
    const { dataset, policySha256 } = await waiting()
    assert.equal((await approve('data-owner', { dataset, policySha256, reason: 'agreed' })).status, 200)
    await eventually('the edit is live', async () => (await live()) === weaker())
  })

  test('is what gives a role more, too, also over a restart', async () => {
    const path = join(ecluse.dir, 'policies/access/policy.csv')
    const text = readFileSync(path, 'utf8')
    const more = `${text}\np, analyst, *, restricted, read, allow\n`
    const readable = async () => {
      const { body } = await ecluse.answer('analyst', '/v1/access/me')
      return (body.access as unknown as { read: string[] }[])[0]!.read.includes('restricted')
    }
    writeFileSync(path, more)
    assert.deepEqual((await waiting('*')).reasons, ['analyst may read restricted on all datasets'])
    assert.equal(await readable(), false)
    await ecluse.stop()
    ecluse = await startEcluse(environment, ecluse.dir)
    assert.equal(await readable(), false)
    const { dataset, policySha256 } = await waiting('*')
    assert.equal((await approve('dpo', { dataset, policySha256, reason: 'agreed' })).status, 200)
    await eventually('it is in force', readable)
    writeFileSync(path, text)
    await eventually('it is taken back', async () => !(await readable()))
    assert.deepEqual(await pending(), [])
  })
})
