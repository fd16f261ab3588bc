import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord } from '../../storage/event-log/event-log.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { openAudit, readEntry } from './record.ts'
import { leaveAuditNote, recordAuditNotes } from './vault-notes.ts'

const NOON = Date.parse('2026-11-21T12:00:00.000Z')

test('what commands did to the vault comes into the audit in their order, with its own time, once', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  const records: LogRecord[] = []
  const append = async (entries: { record: LogRecord }[]) => {
    records.push(...entries.map(({ record }) => record))
    return []
  }
  const audit = openAudit({ append }, () => NOON + 60_000)
  for (let key = 0; key < 150; key++) await leaveAuditNote(vault, NOON, { kind: 'key-made', details: { key } })
  // One process that dies after it recorded, before it removed.
  const dying = { ...vault, deleteSetting: () => Promise.reject(new Error('dead')) }
  await assert.rejects(recordAuditNotes(dying, audit), /dead/)
  await recordAuditNotes(openAgain(), audit)
  assert.deepEqual(await vault.listSettings('audit-note/', 1), [])

  const entries = new Map(records.map(({ value }) => [value.toString(), readEntry(value)]))
  assert.equal(records.length, 250)
  const told = [...entries.values()].map(({ id: _, ...entry }) => entry)
  const expected = Array.from({ length: 150 }, (_, key) => ({
    at: '2026-11-21T12:00:00.000Z',
    kind: 'key-made',
    actor: 'cli',
    details: { key },
  }))
  assert.deepEqual(told, expected)
  await recordAuditNotes(vault, audit)
  assert.equal(records.length, 250)
})
