// Which failures of MongoDB pass by themselves, and how often work is tried again. Never what a caller or an
// administrator has to mend: a duplicate, a wrong password, a missing right.

import { setTimeout as sleep } from 'node:timers/promises'
import { MongoBulkWriteError, MongoNetworkError, MongoNetworkTimeoutError, MongoServerError } from 'mongodb'

const ATTEMPTS = 3
const FIRST_PAUSE_MS = 100
const PAUSE_GROWTH = 4

/** DocumentDB passes on some of PostgreSQL's own errors, five characters of six bits each. */
const sqlState = (text: string) =>
  [...text].reduce((code, character, i) => code + (character.charCodeAt(0) - 48) * 64 ** i, 0)

/**
 * By code: an internal or unknown error, a network error between servers, a shutdown, an election, as MongoDB's
 * specification of retryable reads has them; a write conflict, a deadlock, and a PostgreSQL that stops or starts.
 */
const PASSING = new Set([
  ...[1, 8, 6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 112],
  ...['40001', '40P01', '57P01', '57P02', '57P03'].map(sqlState),
])
const DUPLICATE_KEY = 11000

/** Runs idempotent work, again after a passing failure: three times at most, within a second beside the work itself. */
export async function withRetries<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === ATTEMPTS || !isPassing(error)) throw error
      // Spread, so that many callers who failed at once do not come back at once.
      await sleep(FIRST_PAUSE_MS * PAUSE_GROWTH ** (attempt - 1) * (0.5 + Math.random() / 2))
    }
  }
}

/** Whether trying again soon may help. What waited in vain already, for a server or an answer, is not tried again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof MongoNetworkError) return !(error instanceof MongoNetworkTimeoutError)
  if (error instanceof MongoBulkWriteError) {
    // A bulk write hides a failed selection or a broken connection behind an error of its own.
    if ('reason' in error) return false
    const codes = [error.writeErrors].flat().map(({ code }) => code)
    // What was refused for its key is refused again, and told then.
    if (codes.length > 0)
      return codes.some(isPassingCode) && codes.every(code => code === DUPLICATE_KEY || isPassingCode(code))
  }
  return error instanceof MongoServerError && isPassingCode(error.code)
}

const isPassingCode = (code: unknown) => code === undefined || PASSING.has(code as number)

/**
 * Puts documents into the order of their names, as every bulk write sends them: DocumentDB locks what a bulk touches,
 * and two that came in different orders would wait for each other.
 */
export function inOrder<Form extends { _id: string }>(forms: Iterable<Form>): Form[] {
  return [...forms].sort((one, two) => (one._id < two._id ? -1 : 1))
}

/**
 * Runs an unordered bulk write, of which some may be refused because their key is taken.
 * @returns the indexes of those
 * @throws what the driver throws, when anything else failed too
 */
export async function duplicatesIn(write: () => Promise<unknown>): Promise<number[]> {
  try {
    await write()
    return []
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
    const refused = [error.writeErrors].flat()
    if (refused.length === 0 || refused.some(({ code }) => code !== DUPLICATE_KEY)) throw error
    return refused.map(({ index }) => index)
  }
}
