// The end of a log file, for errors that quote it.

import { readFileSync } from 'node:fs'

const LINES = 20

/** The last 20 lines, or nothing if there is no such file. */
export function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LINES).join('\n')
  } catch {
    return ''
  }
}
