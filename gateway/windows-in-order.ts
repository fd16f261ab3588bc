// Rows of an aggregate, window by window, each window whole, in either order. The tables are read in one order alone: for
// the other, what is read at once is turned round.

import { type FixedWindow, stepOf } from '../governance/measures/windows-of.ts'
import { type AggregateRow, ROWS_AT_ONCE } from '../storage/aggregate-rows.ts'
import type { StartRange, WindowOrder } from './aggregate-page.ts'

/** Reads the rows of the windows that start in a range, oldest first. */
type ReadRows = (range: StartRange) => AsyncGenerator<AggregateRow[]>

/** At no time is more in memory than one read, or one window. */
export function windowsInOrder(
  read: ReadRows,
  range: StartRange,
  window: FixedWindow,
  order: WindowOrder,
): AsyncGenerator<AggregateRow[]> {
  return order === 'oldest' ? byWindow(read(range)) : backwards(read, range, stepOf(window))
}

/** What is more than one read is halved until it is not, or until it is one window: its later half comes first. */
async function* backwards(read: ReadRows, range: StartRange, stepMs: number): AsyncGenerator<AggregateRow[]> {
  const { fromMs, toMs } = range
  if (toMs - fromMs <= stepMs) return yield* byWindow(read(range))
  const first = await read(range).next()
  if (first.done) return
  if (first.value.length < ROWS_AT_ONCE)
    return yield* [...Map.groupBy(first.value, ({ window }) => window).values()].reverse()
  const midMs = fromMs + Math.ceil((toMs - fromMs) / 2)
  yield* backwards(read, { fromMs: midMs, toMs }, stepMs)
  yield* backwards(read, { fromMs, toMs: midMs }, stepMs)
}

async function* byWindow(pages: AsyncIterable<AggregateRow[]>): AsyncGenerator<AggregateRow[]> {
  let rows: AggregateRow[] = []
  for await (const page of pages)
    for (const row of page) {
      if (rows.length > 0 && rows[0]!.window !== row.window) {
        yield rows
        rows = []
      }
      rows.push(row)
    }
  if (rows.length > 0) yield rows
}
