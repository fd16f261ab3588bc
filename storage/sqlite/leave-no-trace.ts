// Makes sure that what was deleted is gone from a SQLite file. `secure_delete` overwrites deleted cells, but when
// cells move between pages, copies of them stay in the gaps. So the file's bytes are searched for what must be gone,
// and the file is written anew (VACUUM) only if something of it is found: docs/decisions/0025.

import { fstatSync, openSync, read, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { byteFinder, MIN_NEEDLE_BYTES } from './find-bytes.ts'

/** Together half a minute: another process may be searching. */
const CHECKPOINT_ATTEMPTS = 600
const CHECKPOINT_PAUSE_MS = 50
/** Searched in one go, within about a millisecond. */
const CHUNK_BYTES = 1_048_576
const PIECE_BYTES = 15
/** Half of 128 bits in base64. */
const RANDOM_PIECE_BYTES = 11
/** Beyond, writing anew is cheaper than searching. */
const MAX_NEEDLES = 50_000

const readAt = promisify(read)

interface Waiting {
  needles: Buffer[] | undefined
  resolve: () => void
  reject: (error: unknown) => void
}

export interface NoTrace {
  /**
   * Resolves once none of these bytes is left in the file, in a gap of its pages or in its write-ahead log. What is
   * asked for while a search is under way shares the next one. A needle too short to be told from chance makes the
   * file be written anew.
   * @param needles undefined if nobody knows any more what is gone: then the file is written anew
   * @throws Error when another process keeps the write-ahead log open
   */
  leaveNoTrace(needles: Buffer[] | undefined): Promise<void>
}

/** @param db an open file in WAL mode */
export function noTraceIn(db: DatabaseSync): NoTrace {
  const path = db.location()!
  let waiting: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    // What is asked for in this turn of the loop goes together.
    await nextTurn()
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        if (await isFound(batch.map(({ needles }) => needles))) {
          db.exec('VACUUM')
          await truncateWal()
        }
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    running = false
  }

  async function isFound(asked: (Buffer[] | undefined)[]): Promise<boolean> {
    if (!asked.every(each => each !== undefined)) return true
    const needles = asked.flat()
    if (needles.length > MAX_NEEDLES || needles.some(({ length }) => length < MIN_NEEDLE_BYTES)) return true
    const thaw = await freeze()
    try {
      return await fileHolds(path, needles)
    } finally {
      thaw()
    }
  }

  /** Brings everything into the main file and keeps it as it is, until the function returned is called. */
  async function freeze(): Promise<() => void> {
    for (let attempt = 0; attempt < CHECKPOINT_ATTEMPTS; attempt++) {
      await truncateWal()
      const reader = new DatabaseSync(path, { readOnly: true })
      reader.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
      // A reader that needs nothing of the log lets nobody write into the file: SQLite, "WAL-mode file format", 2.3.
      if (statSync(`${path}-wal`).size === 0) return () => reader.close()
      reader.close()
    }
    throw stillOpen()
  }

  /** Readers may hold the log open for a moment: tried until it is empty, then given up with an error. */
  async function truncateWal(): Promise<void> {
    for (let attempt = 0; attempt < CHECKPOINT_ATTEMPTS; attempt++) {
      if (checkpoint()) return
      await sleep(CHECKPOINT_PAUSE_MS)
    }
    throw stillOpen()
  }

  /** At once or not at all: SQLite would wait for its readers with the whole process. */
  function checkpoint(): boolean {
    const { timeout } = db.prepare('PRAGMA busy_timeout').get()!
    db.exec('PRAGMA busy_timeout=0')
    try {
      return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()!.busy === 0
    } finally {
      db.exec(`PRAGMA busy_timeout=${timeout}`)
    }
  }

  return {
    leaveNoTrace: async needles => {
      if (needles?.length === 0) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ needles, resolve, reject })
      if (!running) void run()
      await promise
    },
  }
}

/**
 * Pieces of 15 bytes and more: the copy in a gap may be overwritten in part, or cut where a cell goes on in another
 * page. Of a sealed key of 60 bytes, whatever holds none of them lacks half, and cannot be opened.
 */
export function piecesOf(bytes: Buffer): Buffer[] {
  return cut(bytes, PIECE_BYTES)
}

/** In pieces of about the same length, none of which is shorter than this. */
function cut(bytes: Buffer, pieceBytes: number): Buffer[] {
  const count = Math.max(1, Math.floor(bytes.length / pieceBytes))
  const startOf = (piece: number) => Math.floor((piece * bytes.length) / count)
  return Array.from({ length: count }, (_, i) => bytes.subarray(startOf(i), startOf(i + 1)))
}

/** Pseudonyms, tokens and ciphertexts: all but the last part is the same in many. */
const RANDOM_TEXT = /^(?:p1|tok1\.[a-z0-9-]+\.\d+|enc1)\.([A-Za-z0-9_-]{22,})$/

/** What to search for, for a text: as it stands, also in JSON; of one of our own random texts, its pieces. */
export function traceOf(text: string): Buffer[] {
  const random = RANDOM_TEXT.exec(text)?.[1]
  if (random) return cut(Buffer.from(random), RANDOM_PIECE_BYTES)
  return [...new Set([text, JSON.stringify(text).slice(1, -1)])].map(form => Buffer.from(form))
}

const stillOpen = () => new Error('the write-ahead log could not be truncated: another process holds it open')

async function fileHolds(path: string, needles: Buffer[]): Promise<boolean> {
  const holds = byteFinder(needles)
  const file = descriptorOf(path)
  /** The end of one piece stands before the next one, for what lies across. */
  const overlap = Math.max(0, ...needles.map(({ length }) => length)) - 1
  const pieces = [0, 1].map(() => Buffer.allocUnsafe(overlap + CHUNK_BYTES)) as [Buffer, Buffer]
  const readPiece = async (i: number) => {
    const piece = pieces[i % 2]!
    const { bytesRead } = await readAt(file, piece, overlap, CHUNK_BYTES, i * CHUNK_BYTES)
    return piece.subarray(0, overlap + bytesRead)
  }
  let piece = await readPiece(0)
  let from = overlap
  for (let next = 1; piece.length > overlap; next++) {
    piece.copy(pieces[next % 2]!, 0, piece.length - overlap)
    const reading = readPiece(next)
    const found = holds(piece.subarray(from))
    piece = await reading
    if (found) return true
    from = 0
  }
  return false
}

/**
 * Kept open as long as the process lives: closing any descriptor of a file drops all POSIX locks that the process has
 * on it, SQLite's too (sqlite.org/howtocorrupt.html, 2.2).
 */
const descriptors = new Map<string, number>()

function descriptorOf(path: string): number {
  const known = descriptors.get(path)
  if (known !== undefined && fstatSync(known).ino === statSync(path).ino) return known
  const opened = openSync(path, 'r')
  descriptors.set(path, opened)
  return opened
}
