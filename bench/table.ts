// The benchmark's report as text.

import type { RoundsReport } from './rounds.ts'
import type { KafkaReport } from './through-kafka.ts'

const WIDTH = 12

export function table({ rounds, shapes }: RoundsReport): string {
  const lines: string[] = []
  for (const [shape, { stacks, ratios }] of Object.entries(shapes)) {
    const processes = Object.keys(Object.values(stacks)[0]!.cpu)
    lines.push(
      '',
      `${shape} (median of ${rounds} rounds; CPU seconds per 100,000 events)`,
      row(shape, [...processes.map(name => `${name} CPU`), 'events/s', 'p50 ms', 'p99 ms']),
      ...Object.entries(stacks).map(([name, { cpu, eventsPerSecond, p50Ms, p99Ms }]) =>
        row(name, [...Object.values(cpu), eventsPerSecond, p50Ms, p99Ms]),
      ),
      ...Object.entries(ratios).map(([name, ratio]) => row(`governed ÷ ${name}`, Object.values(ratio))),
    )
  }
  return `${lines.join('\n')}\n`
}

export function archiveTable({ acknowledged, appended, archive }: KafkaReport): string {
  const lines = [
    '',
    row('records', ['acknowledged', 'in the topic']),
    ...Object.keys(appended).map(name => row(name, [acknowledged[name]!, appended[name]!])),
    '',
    'from the log to the archive (CPU seconds per 1,000,000 events)',
    row('documents', ['process CPU', 'broker CPU', 'events/s']),
    ...Object.entries(archive).map(([name, report]) =>
      row(name, [report.processCpuSecondsPerMillion, report.brokerCpuSecondsPerMillion, report.eventsPerSecond]),
    ),
  ]
  return `${lines.join('\n')}\n`
}

function row(name: string, cells: (string | number)[]): string {
  const text = (cell: string | number) =>
    typeof cell === 'string' || Number.isInteger(cell) ? String(cell) : cell.toFixed(cell < 100 ? 2 : 0)
  return [name.padEnd(24), ...cells.map(cell => text(cell).padStart(WIDTH))].join('  ')
}
