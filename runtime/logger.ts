// The process's own log. Never a personal value, a secret or a body: callers log names, counts and ids of our making.

import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

/** One JSON object a line, or readable text. Written to standard output, synchronously, so that a crash loses nothing. */
export function makeLogger(format: 'text' | 'json', level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json') return pino(options, pino.destination({ dest: 1, sync: true }))
  return pino(options, pretty({ sync: true, destination: 1, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }))
}
