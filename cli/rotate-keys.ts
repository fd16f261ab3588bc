// ecluse keys rotate-kek, rotate-lookup, signing: the keys that hold the others, directly in the vault.

import { openSigner } from '../governance/audit/sign.ts'
import { leaveAuditNote } from '../governance/audit/vault-notes.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { rotateKek } from '../governance/subjects/system-keys.ts'
import type { Config } from '../runtime/config.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { loadKek, loadKeks } from './load-kek.ts'
import { printJson } from './print-json.ts'

/** Seals every key under the KEK in ECLUSE_KEK_NEXT. */
export async function changeKek(vault: Vault, config: Config, json: boolean): Promise<number> {
  if (!config.kekNext)
    throw new Error(
      'put the new key-encryption key into ECLUSE_KEK_NEXT (make one with `openssl rand -base64 32`), for every process: ' +
        'restart them with both, then run this again',
    )
  await leaveAuditNote(vault, Date.now(), { kind: 'key-rotated', details: { keys: 'kek' } })
  const replaced = await rotateKek(vault, loadKek(config), config.kekNext)
  process.stderr.write(
    `${replaced} keys are sealed under the new key-encryption key.\n` +
      'Now set ECLUSE_KEK to what ECLUSE_KEK_NEXT holds, take ECLUSE_KEK_NEXT away, and restart every process.\n' +
      'Destroy the old one only then, and every copy of it: it opens the backups of the vault made before.\n',
  )
  if (json) printJson({ sealedAnew: replaced })
  return 0
}

/** Makes a new look-up key, and a new epoch with it: what rests of entries in their old places dies with the old one. */
export async function changeLookup(vault: Vault, config: Config, json: boolean): Promise<number> {
  const ring = await openKeyRing(vault, loadKeks(config), Date.now)
  await leaveAuditNote(vault, Date.now(), { kind: 'key-rotated', details: { keys: 'lookup' } })
  const { id, usedFromMs } = await ring.rotateLookup()
  const usedFrom = new Date(usedFromMs).toISOString()
  await ring.beginEpoch(ring.epoch)
  process.stderr.write(
    `look-up key ${id} is made, and used from ${usedFrom} on. Persons are brought under it when ` +
      'they are met, the others by the processors’ maintenance.\n' +
      'Around that moment new persons are answered 503 for half a minute; producers send them again.\n' +
      'The old key stays: hashes of the erased were made with it, and only with it they stay suppressed.\n',
  )
  if (json) printJson({ key: id, usedFrom })
  return 0
}

/** The public key that certificates, packages and heads are verified with. */
export async function printSigningKey(vault: Vault, config: Config, json: boolean): Promise<number> {
  const { signingSeed } = await openKeyRing(vault, loadKeks(config), Date.now)
  const { keyId, publicKeyPem } = openSigner(signingSeed)
  if (json) printJson({ keyId, publicKeyPem })
  else process.stdout.write(publicKeyPem)
  return 0
}
