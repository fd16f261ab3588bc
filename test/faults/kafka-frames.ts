// Kafka's frames on a plain connection: finds the answers to produce requests, so that one of them can be lost
// (https://kafka.apache.org/protocol).

import type { Inspector } from './tcp-proxy.ts'

const PRODUCE = 0
const LENGTH_BYTES = 4

/**
 * Inspectors for `startTcpProxy`: an answer to a produce request is dropped when `loses` says so.
 * @param loses asked at each such answer
 */
export function losingProduceAnswers(loses: () => boolean): () => Inspector {
  return () => {
    const produces = new Set<number>()
    const requests = splitFrames()
    const answers = splitFrames()
    return {
      fromClient: chunk => {
        for (const frame of requests(chunk)) {
          // After the length: api key, version, correlation id.
          if (frame.readInt16BE(LENGTH_BYTES) === PRODUCE) produces.add(frame.readInt32BE(LENGTH_BYTES + 4))
        }
        return [chunk]
      },
      fromServer: chunk =>
        answers(chunk).filter(frame => !(produces.delete(frame.readInt32BE(LENGTH_BYTES)) && loses())),
    }
  }
}

/** Gathers a stream into frames, each with its length before it; what is not whole yet is kept. */
export function splitFrames(): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0)
  return chunk => {
    rest = Buffer.concat([rest, chunk])
    const frames: Buffer[] = []
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readInt32BE(0)
      if (rest.length < end) break
      frames.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    return frames
  }
}
