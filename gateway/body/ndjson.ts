// Cuts an NDJSON body into its lines as it comes, with memory bounded by one line and one chunk. It never looks
// inside a line.

import { type Gathered, gatherBytes } from './gather-bytes.ts'
import type { BodyLimits } from './limits.ts'
import type { RequestRefused } from './request-refused.ts'
import { eventTooLarge, tooManyEvents } from './split-events.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** What is carried from one chunk of the body to the next. */
interface OpenLine {
  /** The beginning of a line whose end has not come yet. */
  begun: Gathered
  /** Lines that were given so far, blank ones not counted. */
  given: number
}

/**
 * The lines of a body, without their ends and without blank ones, in groups of at most `chunkEvents`: all that are
 * complete are given before the next bytes are asked for.
 * Throws `RequestRefused` 413 for too long a line or too many, after the lines before; errors of `chunks` pass through.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, limits: BodyLimits): AsyncGenerator<Buffer[]> {
  const open: OpenLine = { begun: gatherBytes(), given: 0 }
  for await (const chunk of chunks) yield* cut(chunk, open, limits)
  // The last line needs no line feed of its own.
  if (open.begun.sizeBytes > 0) yield* cut(Buffer.of(lineFeed), open, limits)
}

/** The lines that end in this chunk; what follows the last of them stays open. */
function* cut(chunk: Buffer, open: OpenLine, limits: BodyLimits): Generator<Buffer[]> {
  let lines: Buffer[] = []
  let refusal: RequestRefused | undefined
  let start = 0
  for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
    const line = endLine(open, chunk.subarray(start, end))
    start = end + 1
    if (line.length > limits.lineBytes) refusal = eventTooLarge(limits, open.given)
    else if (isBlank(line)) continue
    else if (open.given === limits.events) refusal = tooManyEvents(limits)
    if (refusal !== undefined) break
    open.given++
    lines.push(line)
    if (lines.length === limits.chunkEvents) {
      yield lines
      lines = []
    }
  }
  if (lines.length > 0) yield lines
  if (refusal !== undefined) throw refusal
  const rest = chunk.subarray(start)
  // The one byte more may be a carriage return.
  if (open.begun.sizeBytes + rest.length > limits.lineBytes + 1) throw eventTooLarge(limits, open.given)
  if (rest.length > 0) open.begun.add(rest)
}

/** The open line with its last piece, without a carriage return before the line feed; the next line begins. */
function endLine(open: OpenLine, piece: Buffer): Buffer {
  let line = piece
  if (open.begun.sizeBytes > 0) {
    open.begun.add(piece)
    line = open.begun.take()
  }
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
}

function isBlank(line: Buffer): boolean {
  return line.every(byte => byte === 0x20 || byte === 0x09 || byte === carriageReturn)
}
