import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { zipSync } from 'fflate'
import { readZip, writeZip, type ZipFiles } from './exact-zip.ts'
import { openSigner } from './sign.ts'
import { signPackage, verifyPackage } from './verify-package.ts'

const signer = openSigner(randomBytes(32))
const keys = [signer.publicKeyPem]
const files: ZipFiles = new Map([
  ['b.csv', Buffer.from('a,b\r\n')],
  ['a.json', Buffer.from('{}')],
])
const made = signPackage(signer, { request: 'r1' }, files)

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

test('a package verifies, and the same files give the same bytes', () => {
  assert.deepEqual(verifyPackage(made, keys).payload.request, 'r1')
  assert.deepEqual(writeZip(readZip(made)), made)
  assert.deepEqual([...readZip(made).keys()], ['a.json', 'b.csv', 'manifest.json'])
})

test('each single bit of a package counts', () => {
  for (let bit = 0; bit < made.length * 8; bit++)
    assert.throws(() => verifyPackage(flipped(made, bit), keys), `bit ${bit} of ${made.length * 8}`)
})

test('each single bit of its manifest counts, in an archive that is sound', () => {
  const entries = readZip(made)
  const manifest = Buffer.from(entries.get('manifest.json')!)
  for (let bit = 0; bit < manifest.length * 8; bit++) {
    const zip = writeZip(new Map([...entries, ['manifest.json', flipped(manifest, bit)]]))
    assert.throws(() => verifyPackage(zip, keys), `bit ${bit}`)
  }
})

test('a file more, less or other, another key and another writer’s archive are refused', () => {
  const entries = readZip(made)
  const wrong = [
    new Map([...entries, ['c.txt', Buffer.from('x')]]),
    new Map([...entries].filter(([path]) => path !== 'a.json')),
    new Map([...entries].filter(([path]) => path !== 'manifest.json')),
    new Map([...entries, ['a.json', Buffer.from('[]')]]),
  ]
  for (const each of wrong) assert.throws(() => verifyPackage(writeZip(each as ZipFiles), keys))
  assert.throws(() => verifyPackage(made, [openSigner(randomBytes(32)).publicKeyPem]))
  assert.throws(() => verifyPackage(Buffer.from(zipSync(Object.fromEntries(entries), { level: 6 })), keys))
  assert.throws(() => verifyPackage(Buffer.concat([made, Buffer.from('x')]), keys))
  assert.throws(() => verifyPackage(Buffer.concat([Buffer.from('x'), made]), keys))
  const signed = signer.sign({ type: 'ecluse/other/1', files: [] })
  assert.throws(() => verifyPackage(writeZip(new Map([['manifest.json', Buffer.from(signed)]])), keys))
})
