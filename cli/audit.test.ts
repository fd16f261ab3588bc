import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sampleAudit, sampleSigner } from '../governance/audit/audit-fixture.ts'
import { canonicalText } from '../governance/audit/exact-text.ts'

const DAY_MS = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString()
const audit = sampleAudit(
  [900, 700, 400, 0].map((days, i) =>
    Buffer.from(canonicalText({ id: `${i}`, kind: 'clear-read', at: daysAgo(days) })),
  ),
)

let dir: string
before(() => {
  dir = mkdtempSync(join(tmpdir(), 'ecluse-audit-'))
  writeFileSync(join(dir, 'signing.pem'), sampleSigner.publicKeyPem)
})
after(() => rmSync(dir, { recursive: true }))

function verify(exported: Buffer, ...more: string[]) {
  writeFileSync(join(dir, 'audit.ndjson'), exported)
  const main = join(import.meta.dirname, 'main.ts')
  const args = [main, 'audit', 'verify', 'audit.ndjson', '--key', 'signing.pem', ...more]
  return spawnSync(process.execPath, args, { cwd: dir, env: {}, encoding: 'utf8', timeout: 120_000 })
}

test('entries whose content is not in the export are named, and not vouched for', () => {
  const { status, stdout } = verify(audit.exported(2))
  assert.equal(status, 0)
  assert.match(
    stdout,
    /^Valid: 4 entries; the content of 2 is not in this export \(0–1\): expired or withheld\. Signed at/,
  )
  const answer = JSON.parse(verify(audit.exported(2), '--json').stdout)
  assert.deepEqual([answer.valid, answer.withoutContent], [true, { entries: 2, stretches: [[0, 1]] }])
})

test('an export that keeps back the content of the newest entry is not valid', () => {
  const exported = audit.exported(i => i === 3)
  const { status, stdout, stderr } = verify(exported)
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /^NOT VALID: audit\.ndjson: .* too soon to have expired: 3\./)
  const answer = JSON.parse(verify(exported, '--json', '--days', '1000').stdout)
  assert.equal(answer.valid, false)
  assert.match(answer.because, /not all is 1000 days old/)
})

test('the retention is as the auditor says it, in whole days', () => {
  const exported = audit.exported(i => i === 1)
  assert.equal(verify(exported).status, 1)
  assert.equal(verify(exported, '--days', '600').status, 0)
  assert.equal(verify(exported, '--days', 'ten').status, 2)
})
