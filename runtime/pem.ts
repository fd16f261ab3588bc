// Certificates and keys as settings: the PEM text itself. Node takes any other text for an authority that signed
// nothing, and says so only when it meets the server.

import { createPrivateKey, X509Certificate } from 'node:crypto'

const BLOCK = /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----[^-]+-----END (?:[A-Z0-9]+ )?CERTIFICATE-----/g
const FORM = 'as a PEM text, which begins with -----BEGIN; to name a file, add _FILE to the variable'

/** One certificate or several, one after the other; undefined for an empty text. @throws Error that says what is wrong */
export function readCertificates(text: string): string | undefined {
  if (text === '') return undefined
  const blocks = text.match(BLOCK)
  if (!blocks) throw new Error(`must be a certificate ${FORM}`)
  for (const [i, block] of blocks.entries()) {
    try {
      new X509Certificate(block)
    } catch {
      throw new Error(`must be a certificate ${FORM}: certificate ${i + 1} in it is damaged`)
    }
  }
  return text
}

/** A private key; undefined for an empty text. @throws Error that says what is wrong */
export function readPrivateKey(text: string): string | undefined {
  if (text === '') return undefined
  try {
    createPrivateKey(text)
  } catch {
    throw new Error(`must be a private key without a passphrase, ${FORM}`)
  }
  return text
}

/** @param certificates the first is ours, those that signed it come after */
export function belongTogether(certificates: string, key: string): boolean {
  return new X509Certificate(certificates.match(BLOCK)![0]).checkPrivateKey(createPrivateKey(key))
}
