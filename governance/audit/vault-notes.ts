// What a command does to the vault while it holds no event log: it leaves a note in the vault, and the next process that
// has both brings the note into the audit. The note is written before what it tells of is done.

import { v7 as uuidv7 } from 'uuid'
import type { JsonObject } from '../../storage/json.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit, AuditKind } from './audit.ts'

const PREFIX = 'audit-note/'
/** Notes at a time. */
const PAGE = 100

/** @throws VaultUnavailable */
export async function leaveAuditNote(
  vault: Pick<Vault, 'putSetting'>,
  nowMs: number,
  { kind, details }: { kind: AuditKind; details: JsonObject },
): Promise<void> {
  const at = new Date(nowMs).toISOString()
  await vault.putSetting(PREFIX + uuidv7(), JSON.stringify({ at, kind, details }))
}

/**
 * Records what notes there are, with actor `cli`, and removes them. One that is recorded twice, by two processes or after
 * a crash, is one entry: it keeps its id and time.
 * @throws VaultUnavailable, EventLogUnavailable; what was not recorded is, the next time
 */
export async function recordAuditNotes(
  vault: Pick<Vault, 'listSettings' | 'deleteSetting'>,
  audit: Audit,
): Promise<void> {
  for (;;) {
    const notes = await vault.listSettings(PREFIX, PAGE)
    await audit.record(...notes.map(toEvent))
    for (const { name } of notes) await vault.deleteSetting(name)
    if (notes.length < PAGE) return
  }
}

function toEvent({ name, value }: { name: string; value: string }) {
  const { at, kind, details } = JSON.parse(value) as { at: string; kind: AuditKind; details: JsonObject }
  return { kind, actor: 'cli', details, noted: { id: name.slice(PREFIX.length), at } }
}
