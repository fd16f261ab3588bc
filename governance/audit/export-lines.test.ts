import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, test } from 'node:test'
import { seededRandom } from '../../sources/simulate/seeded-random.ts'
import { sampleAudit, sampleEntries, sampleSigner } from './audit-fixture.ts'
import { canonicalText } from './exact-text.ts'
import { verifyExport } from './export-lines.ts'
import { formatNumbers } from './missing-contents.ts'
import { ProofInvalid } from './proof.ts'
import { openSigner } from './sign.ts'
import { verifyTreeHead } from './tree-head.ts'

const entries = sampleEntries(40)
const audit = sampleAudit(entries)
const publicKeys = [sampleSigner.publicKeyPem]

/** In pieces that end anywhere. */
async function* pieces(bytes: Buffer, size = 97): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const verify = async (bytes: Buffer, heads: string[] = []) => {
  const since = heads.map(head => verifyTreeHead(head, publicKeys))
  return verifyExport(pieces(bytes), { publicKeys, since })
}

test('an export verifies, also with entries of which only the hash is left', async () => {
  const seen: string[] = []
  const whole = await verifyExport(pieces(audit.exported()), {
    publicKeys,
    onEntry: (done, of) => seen.push(`${done}/${of}`),
  })
  assert.equal(whole.head.treeSize, 40)
  assert.deepEqual(whole.withoutContent, { entries: 0, stretches: [] })
  assert.deepEqual([seen[0], seen.at(-1), seen.length], ['1/40', '40/40', 40])
  assert.deepEqual((await verify(audit.exported(13))).withoutContent, { entries: 13, stretches: [[0, 12]] })
  assert.equal((await verify(sampleAudit(sampleEntries(1)).exported())).head.treeSize, 1)
})

test('an export continues every head that was kept elsewhere', async () => {
  const since = [40, 1, 17].map(size => audit.head(size))
  assert.deepEqual((await verify(audit.exported(), since)).continues, [1, 17, 40])
})

test('a small export with any single bit changed does not verify', async () => {
  const bytes = sampleAudit(sampleEntries(3)).exported(1)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    await assert.rejects(verify(changed), `bit ${bit} of ${bytes.length * 8}`)
  }
})

test('of a larger export, no bit out of a sample may change', async t => {
  const seed = randomInt(2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  const bytes = audit.exported(5)
  for (let i = 0; i < 1_000; i++) {
    const bit = Math.floor(random() * bytes.length * 8)
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    await assert.rejects(verify(changed), `bit ${bit}`)
  }
})

test('lines that are left out, added, moved or cut are told', async () => {
  const lines = audit.exported().toString().split('\n').slice(0, -1)
  const [head, first, second, ...rest] = lines as [string, string, string, ...string[]]
  const texts = [
    [head, second, first, ...rest],
    [head, first, ...rest],
    [head, first, second, ...rest.slice(0, -1)],
    [head, first, first, second, ...rest],
    [...lines, second],
    [first, second, ...rest],
    [head],
    [head, '', first, second, ...rest],
  ].map(each => `${each.join('\n')}\n`)
  for (const text of [...texts, lines.join('\n'), `${lines.join('\r\n')}\r\n`, '', '\n'])
    await assert.rejects(verify(Buffer.from(text)), text.slice(0, 100))
  await assert.rejects(verify(Buffer.alloc(2_000_000, 'x')), /longer than any/)
})

test('an audit that was rewritten by the holder of the key is caught by a head kept elsewhere', async () => {
  const kept = audit.head(25)
  const rewritten = sampleAudit(entries.with(10, Buffer.from('nothing happened')))
  await verify(rewritten.exported())
  await assert.rejects(verify(rewritten.exported(), [kept]), /first 25 entries are not those/)
  const later = sampleAudit(entries.with(30, Buffer.from('nothing happened')))
  await verify(later.exported(), [kept])
})

test('an audit that a zombie forked is caught by the head of the other branch', async () => {
  const fork = sampleAudit([...entries.slice(0, 30), ...sampleEntries(60).slice(50)])
  await verify(fork.exported(), [audit.head(30)])
  await assert.rejects(verify(fork.exported(), [audit.head(31)]), /first 31 entries are not those/)
  await assert.rejects(verify(audit.exported(), [fork.head()]), /first 40 entries are not those/)
})

test('an audit that lost its end is caught by a longer head, and a head of another key counts for nothing', async () => {
  const shorter = sampleAudit(entries.slice(0, 30))
  await assert.rejects(verify(shorter.exported(), [audit.head(31)]), /entries were removed/)
  const other = sampleAudit(entries, openSigner(Buffer.alloc(32, 9)))
  await assert.rejects(verify(audit.exported(), [other.head(10)]), /another key/)
  await assert.rejects(verify(other.exported()), /another key/)
})

describe('content that is missing', () => {
  const DAY_MS = 86_400_000
  const nowMs = Date.parse('2026-11-21T12:00:00Z')
  const daysAgo = (days: number) => new Date(nowMs - days * DAY_MS).toISOString()
  /** An audit with entries so many days old. */
  const auditOf = (...days: number[]) =>
    sampleAudit(
      days.map((each, i) => Buffer.from(canonicalText({ id: `${i}`, kind: 'clear-read', at: daysAgo(each) }))),
    )
  const verifyAt = (exported: Buffer, days = 365, since: string[] = [], isSaid = true) =>
    verifyExport(pieces(exported), {
      publicKeys,
      since: since.map(head => verifyTreeHead(head, publicKeys)),
      kept: { retentionMs: days * DAY_MS, isSaid, nowMs },
    })

  test('of an entry after one that is there, too soon to have expired, is told as withheld', async () => {
    const minutesOld = auditOf(0.03, 0.02, 0.01)
    await assert.rejects(verifyAt(minutesOld.exported(i => i === 2)), /too soon to have expired: 2\. .* 365 days old/)
    await assert.rejects(verifyAt(minutesOld.exported(i => i === 1)), ProofInvalid)
    await assert.rejects(verifyAt(auditOf(300, 200, 100, 1).exported(i => i > 0)), /expired: 1–3\./)
    // A record that is no entry tells no time, and hides none.
    const garbage = sampleAudit([Buffer.from(canonicalText({ at: daysAgo(1) })), Buffer.from('{'), Buffer.from('x')])
    await assert.rejects(verifyAt(garbage.exported(i => i === 2)), /expired: 2\./)
  })

  test('that retention has taken is told by number, and nothing else is said of it', async () => {
    const { withoutContent } = await verifyAt(auditOf(500, 400, 366, 364, 1).exported(3))
    assert.deepEqual(withoutContent, { entries: 3, stretches: [[0, 2]] })
    assert.equal((await verifyAt(auditOf(500, 400).exported(2))).withoutContent.entries, 2)
    // What a command noted came in later than it was recorded, and went sooner than what stands before it.
    await verifyAt(auditOf(500, 364.5, 365.1, 300).exported(i => i === 0 || i === 2))
  })

  test('after the retention was shortened is no alarm to who says how short it was', async () => {
    const shortened = auditOf(1_000, 900, 500, 400, 10).exported(i => i === 2 || i === 3)
    await assert.rejects(verifyAt(shortened, 3_650), /expired: 2–3\./)
    assert.deepEqual((await verifyAt(shortened, 365)).withoutContent.stretches, [[2, 3]])
  })

  test('from the beginning is told against a head kept elsewhere, by who says for how long entries were kept', async () => {
    const audit = auditOf(0.03, 0.02, 0.01)
    assert.equal((await verifyAt(audit.exported(3))).withoutContent.entries, 3)
    await assert.rejects(verifyAt(audit.exported(3), 365, [audit.head(1)]), /expired: 1–2\./)
    assert.equal((await verifyAt(audit.exported(3), 365, [audit.head(1)], false)).withoutContent.entries, 3)
  })

  test('in many places is told by the first of them', async () => {
    const days = Array.from({ length: 100 }, () => 400)
    const { withoutContent } = await verifyAt(auditOf(...days).exported(i => i % 2 === 0))
    assert.equal(withoutContent.entries, 50)
    assert.match(formatNumbers(withoutContent), /^0, 2, 4, .*, 38 and 30 more$/)
  })
})
