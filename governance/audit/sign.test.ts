import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import { readUtf8 } from './exact-text.ts'
import { openSigner, type SignedPayload, verifySigned } from './sign.ts'

const signer = openSigner(Buffer.alloc(32, 7))
const other = openSigner(Buffer.alloc(32, 8))

/** About as long as an erasure's certificate. */
const certificate: SignedPayload = {
  type: 'ecluse/certificate/1',
  request: '0198a6c2-7e1f-7a44-9c5e-0d6d3cf21ab5',
  finishedAt: '2026-11-21T12:00:00.000Z',
  stages: ['fenced', 'key destroyed', 'processors passed'].map((name, i) => ({
    name,
    at: `2026-11-21T11:59:0${i}.000Z`,
  })),
  holders: ['documents', 'tables', 'quarantine', 'lake'].map(name => ({ name, records: 12_345, verified: true })),
  remains: [
    { what: 'kept fields é ß 漢 "quoted" \\ and \u0001', until: '2027-11-21T00:00:00.000Z', records: 7, share: 0.25 },
  ],
  head: { treeSize: 4_711, rootHash: 'ab'.repeat(32) },
}

test('the seed of RFC 8032’s first test gives its public key', () => {
  const { publicKeyPem } = openSigner(
    Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
  )
  const der = Buffer.from(publicKeyPem.replaceAll(/-----.*-----|\n/g, ''), 'base64')
  assert.equal(der.subarray(-32).toString('hex'), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
})

test('a signed document verifies with its key, also among others, and with no other', () => {
  const text = signer.sign(certificate)
  assert.ok(!text.includes('\n'))
  assert.deepEqual(verifySigned(text, [signer.publicKeyPem]), { payload: certificate, keyId: signer.keyId })
  for (const keys of [[`${other.publicKeyPem}\n${signer.publicKeyPem}`], [other.publicKeyPem, signer.publicKeyPem]])
    assert.deepEqual(verifySigned(text, keys).payload, certificate)
  assert.throws(() => verifySigned(text, [other.publicKeyPem]), /another key/)
  assert.throws(() => verifySigned(text, ['no key']), /no Ed25519 public key/)
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const rsa = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  assert.throws(() => verifySigned(text, [rsa]), /no Ed25519 public key/)
})

test('a signed document with any single bit changed does not verify', () => {
  const bytes = Buffer.from(signer.sign(certificate))
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => verifySigned(readUtf8(changed), [signer.publicKeyPem]), `bit ${bit} of ${bytes.length * 8}`)
  }
})

test('one document has one text: another that means the same does not verify', () => {
  const text = signer.sign(certificate)
  const { payload, signature } = JSON.parse(text)
  const value: string = signature.value
  // The last character holds four bits of the signature's last byte, and two that mean nothing.
  const loose = value.slice(0, -1) + String.fromCharCode(value.charCodeAt(value.length - 1) + 1)
  assert.deepEqual(Buffer.from(loose, 'base64url'), Buffer.from(value, 'base64url'))
  const texts = [
    `${text}\n`,
    ` ${text}`,
    `\u{feff}${text}`,
    JSON.stringify({ signature, payload }),
    text.replace('"type"', '"type":"x","type"'),
    text.replace('12345', '12345.0'),
    canonicalize({ payload, signature: { ...signature, value: loose } })!,
    canonicalize({ payload, signature: { ...signature, value: `${value}==` } })!,
    canonicalize({ payload, signature: { ...signature, note: 1 } })!,
    canonicalize({ payload, signature, note: 1 })!,
    canonicalize([text])!,
    '',
    'null',
  ]
  for (const each of texts)
    assert.throws(() => verifySigned(each, [signer.publicKeyPem]), { name: /TextNotExact|SignatureInvalid/ })
})

test('what cannot be written exactly is not signed', () => {
  assert.throws(() => signer.sign({ type: 'ecluse/test/1', text: '\ud800' }))
  assert.throws(() => openSigner(Buffer.alloc(31)), RangeError)
})
