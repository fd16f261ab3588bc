// ecluse ledger: what came in and what became of it, minute by minute, and whether all of it is accounted for.

import { parseArgs } from 'node:util'
import type { LineState } from '../gateway/routes/ledger.ts'
import type { LedgerLine } from '../governance/ledger/ledger-line.ts'
import { openClient } from './client.ts'
import type { Verb } from './verb.ts'

type Line = LedgerLine & { state: LineState }

const SUMMED = [
  ...['received', 'accepted', 'suppressed', 'rejected', 'unanswered', 'appended', 'effective', 'duplicates'],
  ...['conflicts', 'held', 'erased', 'unreadable', 'unacknowledged', 'pending'],
] as (keyof LedgerLine)[]
const HEAD = ['dataset', 'minute', 'state', ...SUMMED, 'archived', 'removed', 'expired']
/** So that a year of a busy dataset does not come by mistake. */
const MAX_LINES = 10_000
const PAGE = 1_000

const ledger: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, from: { type: 'string' }, to: { type: 'string' } },
  })
  const client = openClient(config, 'data-engineer')
  const lines: Line[] = []
  for (const dataset of positionals[0] === undefined ? await datasetsOf(client) : [positionals[0]])
    lines.push(...(await linesOf(client, { dataset, limit: String(PAGE), ...pick(values) })))
  process.stdout.write(values.json ? `${JSON.stringify(lines, null, 2)}\n` : table(lines))
  return lines.some(({ state }) => state === 'mismatch') ? 3 : 0
}

function pick({ from, to }: { from?: string; to?: string }): Record<string, string> {
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

async function datasetsOf(client: ReturnType<typeof openClient>): Promise<string[]> {
  const answer = await client.read('/v1/datasets')
  const { items } = (await answer.json()) as { items: { dataset: string }[] }
  return items.map(({ dataset }) => dataset)
}

/** @throws Refused for a dataset that is not live, Error for more lines than are printed */
async function linesOf(client: ReturnType<typeof openClient>, query: Record<string, string>): Promise<Line[]> {
  const lines: Line[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const asked = new URLSearchParams({ ...query, ...(cursor && { cursor }) })
    const page = (await (await client.read(`/v1/ledger?${asked}`)).json()) as { items: Line[]; next: string | null }
    lines.push(...page.items)
    if (lines.length > MAX_LINES) throw new Error(`there are more than ${MAX_LINES} lines: name --from and --to`)
    cursor = page.next
  }
  return lines
}

function table(lines: Line[]): string {
  const rows = lines.map(line => [
    line.dataset,
    line.window.start.slice(0, 16),
    line.state,
    ...SUMMED.map(name => String(line[name])),
    String(line.archive.events ?? '?'),
    String(line.archive.erased),
    String(line.archive.expired),
  ])
  const sumOf = (column: number) => String(rows.reduce((sum, row) => sum + (Number(row[column]) || 0), 0))
  const totals = HEAD.map((_, column) => (column < 3 ? (['all', '', ''][column] as string) : sumOf(column)))
  const printed = [HEAD, ...rows, totals]
  const widths = HEAD.map((_, column) => Math.max(...printed.map(cells => cells[column]!.length)))
  return printed
    .map(
      cells =>
        `${cells
          .map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

export default ledger
