// Both sides of a port must pass the very same contract suite: counts what each side passed, and says what differs.

import type { Port } from './environment.ts'
import type { TalliedTest } from './tally-reporter.ts'

export interface Comparison {
  /** Port, side, tests passed. */
  rows: [port: string, side: string, passed: number][]
  /** Sentences; none when all is as it must be. */
  problems: string[]
}

/** @param ports those that must have been tested. A contract suite is named `<port>: <side>`, a port in plain words. */
export function compareSides(tests: TalliedTest[], ports: readonly Port[]): Comparison {
  const rows: Comparison['rows'] = []
  const problems: string[] = []
  for (const port of ports) {
    const beginning = `${port.replace('-', ' ')}: `
    const ofPort = tests.filter(({ suite }) => suite.startsWith(beginning))
    const sides = [...new Set(ofPort.map(({ suite }) => suite.slice(beginning.length)))]
    const passed = sides.map(side => ofPort.filter(test => test.suite === beginning + side && isPassed(test)).length)
    rows.push(...sides.map((side, i) => [port, side, passed[i]!] as [string, string, number]))
    if (sides.length < 2) problems.push(`${port}: ${sides.length} side was tested, and it has two`)
    if (new Set(passed).size > 1) problems.push(`${port}: its sides passed different numbers of tests`)
  }
  const skipped = tests.filter(({ outcome }) => outcome === 'skipped')
  problems.push(...skipped.map(({ suite, name }) => `a test was skipped: ${[suite, name].filter(Boolean).join(': ')}`))
  return { rows, problems }
}

const isPassed = ({ outcome }: TalliedTest) => outcome === 'passed'

/** Columns under one another. */
export function tableOf(rows: Comparison['rows']): string {
  const cells = [['port', 'side', 'tests passed'], ...rows.map(row => row.map(String))]
  const widths = [0, 1].map(column => Math.max(...cells.map(row => row[column]!.length)))
  return cells.map(row => [...widths.map((width, i) => row[i]!.padEnd(width)), row[2]].join('  ')).join('\n')
}
