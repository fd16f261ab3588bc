// Verifies a proof of the audit in the browser, without trusting the gateway's word: the entry's hash, the way to the
// root (RFC 6962), and the signature of that root (Ed25519).

const SIGNATURE_CONTEXT = 'ecluse-signature-1\n'

const hexOf = bytes => Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, '0')).join('')
const ofHex = text => Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
const ofBase64 = text =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), char => char.charCodeAt(0))
const sha256 = async (...parts) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer()))

/** RFC 8785, for what a signed head holds: objects, texts, whole numbers. */
function canonical(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  return `{${Object.keys(value)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonical(value[name])}`)
    .join()}}`
}

/**
 * @param {string} text the proof as it was answered @param {{ keyId: string, publicKeyPem: string }[]} keys
 * @param {string} leaf the hash that is to be proven, hex: of the entry that is shown
 * @returns {Promise<{ check: 'entry' | 'content' | 'tree' | 'signature', good: boolean }[] & { treeSize?: number }>}
 */
export async function verifyProof(text, keys, leaf) {
  const { index, leafHash, entry, path, head } = JSON.parse(text)
  const { payload, signature } = head
  const hash = entry === undefined ? leafHash : hexOf(await sha256(Uint8Array.of(0), ofBase64(entry)))
  const isSame = hash === leafHash && leafHash === leaf
  const checks = [
    // Of a hash alone nobody knows what the entry says.
    isSame && entry === undefined ? { check: 'content', good: false } : { check: 'entry', good: isSame },
    { check: 'tree', good: await leadsToRoot(ofHex(leafHash), index, payload, path) },
    { check: 'signature', good: await isSigned(payload, signature, keys) },
  ]
  return Object.assign(checks, { treeSize: payload.treeSize })
}

/** RFC 9162, 2.1.3.2. */
async function leadsToRoot(leaf, index, { treeSize, rootHash }, path) {
  if (index >= treeSize) return false
  let [node, last, found] = [index, treeSize - 1, leaf]
  const half = count => Math.floor(count / 2)
  for (const sibling of path.map(ofHex)) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      found = await sha256(Uint8Array.of(1), sibling, found)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      found = await sha256(Uint8Array.of(1), found, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && hexOf(found) === rootHash
}

async function isSigned(payload, { algorithm, keyId, value }, keys) {
  const known = keys.find(key => key.keyId === keyId)
  if (algorithm !== 'Ed25519' || !known) return false
  const der = ofBase64(known.publicKeyPem.replace(/-----[^-]+-----|\s/g, ''))
  const key = await crypto.subtle.importKey('spki', der, { name: 'Ed25519' }, false, ['verify'])
  const signed = new TextEncoder().encode(SIGNATURE_CONTEXT + canonical(payload))
  return crypto.subtle.verify('Ed25519', key, ofBase64(value), signed)
}
