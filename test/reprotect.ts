// Edits the policy of a running Écluse, and has it protect anew what is stored of a dataset, as a data owner does.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Totals } from '../governance/reprotection/totals.ts'
import { eventually } from './eventually.ts'
import type { EcluseProcess } from './spawn-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')

/** Edits the policy, and waits until it is live. */
export async function edit(
  ecluse: EcluseProcess,
  dataset: string,
  ...replacements: [from: string, to: string][]
): Promise<void> {
  const file = join(ecluse.policiesDir, `${dataset}.yaml`)
  const before = readFileSync(file, 'utf8')
  const text = replacements.reduce((edited, [from, to]) => {
    assert.ok(edited.includes(from), from)
    return edited.replace(from, to)
  }, before)
  writeFileSync(file, text)
  await eventually('the edit is live', async () => {
    const live = await (await ecluse.call('data-owner', `/v1/datasets/${dataset}/policy`)).text()
    return live === text
  })
}

/** Runs the command. */
export function reprotect(
  ecluse: EcluseProcess,
  dataset: string,
  ...args: string[]
): { status: number | null; totals: Totals; stdout: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'reprotect', dataset, '--json', ...args], {
    cwd: ecluse.dir,
    encoding: 'utf8',
    env: { ECLUSE_URL: ecluse.url, ECLUSE_DATA_DIR: ecluse.dataDir },
  })
  assert.equal(stderr, '')
  return { status, stdout, totals: (JSON.parse(stdout) as { outcome: Totals }).outcome }
}

/** Values by field, and what became of them. */
export const counts = (totals: Totals['protected']) =>
  Object.fromEntries(totals.map(({ pointer, from, to, count }) => [`${pointer}: ${from} → ${to}`, count]))
