// Puts pieces of a body together. A piece may be one byte long, and an object for each would weigh hundreds of times
// more than what it holds: pieces are copied into one buffer that grows. A single piece is given back uncopied.

export interface Gathered {
  sizeBytes: number
  add(piece: Buffer): void
  /** All bytes so far, and begins anew. */
  take(): Buffer
}

/** @param expectedBytes what the whole will have, where that is known: room is made once */
export function gatherBytes(expectedBytes = 0): Gathered {
  let buffer: Buffer = Buffer.alloc(0)
  let isOwn = false
  const gathered: Gathered = {
    sizeBytes: 0,
    add(piece) {
      const sizeBytes = gathered.sizeBytes + piece.length
      if (gathered.sizeBytes === 0) {
        buffer = piece
        isOwn = false
      } else {
        if (!isOwn || sizeBytes > buffer.length) {
          const larger = Buffer.allocUnsafeSlow(Math.max(expectedBytes, sizeBytes * 2))
          buffer.copy(larger, 0, 0, gathered.sizeBytes)
          buffer = larger
          isOwn = true
        }
        piece.copy(buffer, gathered.sizeBytes)
      }
      gathered.sizeBytes = sizeBytes
    },
    take() {
      const bytes = buffer.subarray(0, gathered.sizeBytes)
      buffer = Buffer.alloc(0)
      gathered.sizeBytes = 0
      return bytes
    },
  }
  return gathered
}
