import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')

/** The tokens of an event's e-mail, sent by a person of their own. */
async function tokensOf(ecluse: EcluseProcess): Promise<string[]> {
  const event = transactionOf(randomUUID())
  await ecluse.post('transactions', event)
  const stored = await eventually('the event is archived', async () => {
    const response = await ecluse.call(
      'data-steward',
      `/v1/datasets/transactions/events/${event.id_transaction as string}`,
    )
    return response.status === 200 && ((await response.json()) as { event: { utilisateur: JsonObject } })
  })
  return (stored.event.utilisateur.email as { tokens: string[] }).tokens
}

test('after a named domain’s rotation old and new events still join: both tokens are written for a while', async () => {
  const dir = makeDir()
  const policy = join(dir, 'policies/transactions.yaml')
  const text = readFileSync(policy, 'utf8')
  const edited = text.replace(
    /(\/utilisateur\/email:.*action: )pseudonymise/,
    '$1{ pseudonymise: { domain: marketing } }',
  )
  assert.notEqual(edited, text)
  writeFileSync(policy, edited)
  const ecluse = await spawnEcluse({ dir, environment: { ECLUSE_LEASE_MS: '100' } })

  const [old, ...none] = await tokensOf(ecluse)
  assert.match(old!, /^tok1\.marketing\.1\./)
  assert.deepEqual(none, [])
  assert.deepEqual(await tokensOf(ecluse), [old], 'the same e-mail of two persons has one token in a named domain')

  const rotate = () =>
    spawnSync(process.execPath, [MAIN, 'keys', 'rotate', 'marketing'], {
      cwd: dir,
      env: { ECLUSE_DOMAIN_OVERLAP_MS: '10000' },
      encoding: 'utf8',
    })
  const { status, stderr } = rotate()
  assert.equal(status, 0, stderr)
  const both = await eventually('both tokens are written', async () => {
    const tokens = await tokensOf(ecluse)
    return tokens.length === 2 && tokens
  })
  assert.match(both[0]!, /^tok1\.marketing\.2\./)
  assert.equal(both[1], old)
  const alone = await eventually('the overlap has ended', async () => {
    const tokens = await tokensOf(ecluse)
    return tokens.length === 1 && tokens
  })
  assert.deepEqual(alone, [both[0]])
  await ecluse.end()
})
