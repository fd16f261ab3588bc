// ecluse retention: what will go when, by dataset and store, as the gateway tells it.

import { parseArgs } from 'node:util'
import { MAX_COUNTED, PERIODS, type StoreRetention } from '../gateway/list-retention.ts'
import { openClient } from './client.ts'
import type { Verb } from './verb.ts'

const DAY_MS = 86_400_000

const retention: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json: { type: 'boolean' } } })
  const query = positionals[0] === undefined ? '' : `?dataset=${encodeURIComponent(positionals[0])}`
  const answer = await openClient(config, 'data-engineer').read(`/v1/retention${query}`)
  const { items } = (await answer.json()) as { items: StoreRetention[] }
  process.stdout.write(values.json ? `${JSON.stringify(items, null, 2)}\n` : table(items))
  return 0
}

function table(items: StoreRetention[]): string {
  const head = ['dataset', 'store', 'kept', 'oldest', ...PERIODS.map(days => `in ${days} d`), 'by', 'ended by']
  const rows = items.map(({ dataset, store, retentionMs, oldest, ending, by, enforcedBy }) => [
    dataset ?? '(all)',
    store,
    `${Math.round((retentionMs / DAY_MS) * 100) / 100} d`,
    oldest?.slice(0, 10) ?? '',
    ...PERIODS.map((_, i) => numberOf(ending[i]?.records)),
    by ?? 'not counted',
    enforcedBy,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(cells => cells[column]!.length)))
  return [head, ...rows]
    .map(
      cells =>
        `${cells
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function numberOf(records: number | undefined): string {
  if (records === undefined) return ''
  return records >= MAX_COUNTED ? `${MAX_COUNTED}+` : String(records)
}

export default retention
