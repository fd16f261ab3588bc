import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { seededRandom } from '../../sources/simulate/seeded-random.ts'
import { sampleAudit, sampleEntries, sampleSigner } from './audit-fixture.ts'
import { verifyExport } from './export-lines.ts'
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
  assert.equal(whole.expired, 0)
  assert.deepEqual([seen[0], seen.at(-1), seen.length], ['1/40', '40/40', 40])
  assert.equal((await verify(audit.exported(13))).expired, 13)
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
