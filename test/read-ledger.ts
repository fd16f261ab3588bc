// The conservation ledger as it is read over HTTP, and a load to be counted in it.

import assert from 'node:assert/strict'
import type { LineState } from '../gateway/routes/ledger.ts'
import type { LedgerLine } from '../governance/ledger/ledger-line.ts'
import type { StoredAnomaly } from '../storage/stored-shapes.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import type { EcluseProcess } from './spawn-ecluse.ts'

const TRANSACTIONS = 'transactions'

/** Écluse, wherever it runs. */
interface Callable {
  call(role: string, path: string): Promise<Response>
}

type Line = LedgerLine & { state: LineState }

async function readLedger({ call }: Callable, dataset: string): Promise<Line[]> {
  const lines: Line[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await call('auditor', `/v1/ledger?dataset=${dataset}&limit=2${cursor && `&cursor=${cursor}`}`)
    const page = (await response.json()) as { items: Line[]; next: string | null }
    assert.equal(response.status, 200, JSON.stringify(page))
    lines.push(...page.items)
    cursor = page.next
  }
  return lines
}

/** Each number over all lines. */
export function sumsOf(lines: Line[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { dataset: _dataset, window: _window, state: _state, archive, ...numbers } of lines)
    for (const [name, value] of Object.entries({
      ...numbers,
      archived: archive.events ?? 0,
      removed: archive.erased,
      expired: archive.expired,
    }))
      sums[name] = (sums[name] ?? 0) + value
  return sums
}

export async function mismatches({ call }: Callable, dataset = TRANSACTIONS): Promise<StoredAnomaly[]> {
  const response = await call('data-steward', `/v1/anomalies?dataset=${dataset}&limit=1000`)
  const { items } = (await response.json()) as { items: StoredAnomaly[] }
  return items.filter(({ kind }) => kind === 'ledger-mismatch')
}

/** Resolves once every line was compared anew, and balances. */
export async function balanced(ecluse: Callable, dataset = TRANSACTIONS): Promise<Line[]> {
  const since = Date.now()
  return eventually('the ledger was compared anew, and balances', async () => {
    const lines = await readLedger(ecluse, dataset)
    const last = Math.min(...lines.map(({ archive }) => Date.parse(archive.checkedAt ?? '1970-01-01T00:00:00Z')))
    return lines.every(({ state }) => state === 'balanced') && last > since + 1_000 && lines
  })
}

/** Transactions, some of them invalid; what was answered is added up. */
export async function postUntilItDies(
  { post }: EcluseProcess,
  random: () => number,
  acknowledged: { accepted: number; rejected: number },
  dataset = TRANSACTIONS,
): Promise<void> {
  for (;;) {
    const events = Array.from({ length: 1 + Math.floor(random() * 20) }, () =>
      transaction(random() < 0.1 ? { montant: 'nothing' } : {}),
    )
    try {
      const { answer } = await post(dataset, events)
      acknowledged.accepted += answer.accepted
      acknowledged.rejected += answer.rejected
    } catch {
      return
    }
  }
}
