// What happens to a body that is refused before it was read. If the connection were closed at once, the client's
// system could throw the answer away together with what it still wanted to send: so the rest is taken and dropped, for
// a moment, after the answer has been written.

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** How long a refused body is taken and dropped, ms. */
const LINGER_MS = 2_000

export function hasUnreadBody({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
}

/** The answer as a stream that ends once the rest of the body has come, or has come for long enough. */
export function answerThenLinger(answer: string, request: IncomingMessage): Readable {
  async function* parts() {
    yield answer
    await untilDrained(request)
  }
  return Readable.from(parts(), { objectMode: false })
}

function untilDrained(request: IncomingMessage): Promise<void> {
  return new Promise(resolve => {
    if (request.complete || request.destroyed) return resolve()
    const timer = setTimeout(done, LINGER_MS)
    function done() {
      clearTimeout(timer)
      request.off('end', done).off('close', done)
      resolve()
    }
    request.on('end', done).on('close', done).on('error', done).resume()
  })
}
