// The table of what the fault tests measured, as docs/reliability.md shows it.

/** What was measured of one fault. */
export interface FaultRow {
  fault: string
  rounds: number
  /** Accepted by a gateway. */
  events: number
  lost: number
  invented: number
  /** Copies in the log beyond the first: without effect. */
  doubled: number
  /** From healing until a fresh event was archived, the slowest round. */
  slowestHealMs: number
  seed: number
  note: string
}

/** As Markdown. */
export function faultTable(rows: FaultRow[]): string {
  const heads = ['fault', 'rounds', 'events', 'lost', 'invented', 'doubled', 'slowest heal', 'note']
  const lines = rows.map(row => [
    row.fault,
    row.rounds,
    row.events,
    row.lost,
    row.invented,
    row.doubled,
    `${(row.slowestHealMs / 1_000).toFixed(1)} s`,
    row.note,
  ])
  return [heads, ['---', ...heads.slice(1, 7).map(() => '---:'), '---'], ...lines]
    .map(cells => `| ${cells.join(' | ')} |`)
    .join('\n')
}
