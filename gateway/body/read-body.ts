// Reads a request's body from its stream, decompressed, bounded in bytes and in time. It never destroys the request's
// stream, whose socket still has to carry the answer: after a refusal it only stops reading.

import { finished, pipeline, type Transform } from 'node:stream'
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Body, Headers } from './body.ts'
import { gatherBytes } from './gather-bytes.ts'
import type { BodyLimits } from './limits.ts'
import { makePatience } from './patience.ts'
import { RequestAborted, RequestRefused } from './request-refused.ts'

const outputChunkBytes = 64 * 1024

/** Decompressors by content coding (RFC 9110, section 8.4). */
const decompressors: Record<string, () => Transform> = {
  gzip: () => createGunzip({ chunkSize: outputChunkBytes }),
  'x-gzip': () => createGunzip({ chunkSize: outputChunkBytes }),
  deflate: () => createInflate({ chunkSize: outputChunkBytes, rejectGarbageAfterEnd: true }),
  zstd: () =>
    createZstdDecompress({
      chunkSize: outputChunkBytes,
      rejectGarbageAfterEnd: true,
      // RFC 9659: a window of 8 MB at most, so that a frame's header cannot claim memory.
      params: { [constants.ZSTD_d_windowLogMax]: 23 },
    }),
}

/**
 * The whole body in one buffer.
 * Throws `RequestRefused` (400 corrupt, 408, 413, 415, 503) or `RequestAborted`.
 */
export async function readBody(body: Body): Promise<Buffer> {
  if (codingOf(body.headers) === 'identity') return readIdentity(body)
  const gathered = gatherBytes()
  for await (const chunk of readChunks(body)) gathered.add(chunk)
  return gathered.take()
}

/**
 * The body as it comes, for bodies that need not be whole to be understood.
 * Throws as `readBody` does, after the chunks that were good.
 * @param keptBytes how much of the body its reader keeps in memory, at most
 */
export async function* readChunks(body: Body, keptBytes = body.limits.bodyBytes): AsyncGenerator<Buffer> {
  let unreservedBytes = keptBytes
  for await (const chunk of decode(body)) {
    const bytes = Math.min(chunk.length, unreservedBytes)
    unreservedBytes -= bytes
    body.reserve?.(bytes)
    yield chunk
  }
}

/** The body's chunks without its content coding. */
async function* decode(body: Body): AsyncGenerator<Buffer> {
  const coding = codingOf(body.headers)
  refuseDeclaredSize(body)
  if (coding === 'identity') {
    yield* receive(body)
    return
  }
  const decompressor = decompressors[coding]!()
  // Its errors, and those of what it reads, come out of the loop below.
  pipeline(receive(body), decompressor, () => {})
  let sizeBytes = 0
  try {
    for await (const chunk of decompressor as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > body.limits.bodyBytes) throw bodyTooLarge(body.limits)
      yield chunk
    }
  } catch (error) {
    if (error instanceof RequestRefused || error instanceof RequestAborted) throw error
    throw new RequestRefused({
      status: 400,
      slug: 'body-corrupt',
      detail: `The body is not complete and valid ${coding} data.`,
      fix: `Compress the whole body once with ${coding}, or send it without content-encoding.`,
    })
  }
}

/** The way of most bodies: small, not compressed. No generator, no copy of a body that comes in one piece. */
function readIdentity(body: Body): Promise<Buffer> {
  const { stream, headers, limits } = body
  return new Promise((resolve, reject) => {
    refuseDeclaredSize(body)
    if (stream.destroyed) throw new RequestAborted(stream.errored)
    const gathered = gatherBytes(Number(headers['content-length'] ?? 0))
    const stop = (error?: unknown) => {
      patience.end()
      stream.off('data', onData).off('end', onEnd).off('close', onAbort)
      if (error === undefined) return resolve(gathered.take())
      stream.pause()
      reject(error)
    }
    const onData = (chunk: Buffer) => {
      if (gathered.sizeBytes + chunk.length > limits.bodyBytes) return stop(bodyTooLarge(limits))
      try {
        body.reserve?.(chunk.length)
      } catch (error) {
        return stop(error)
      }
      gathered.add(chunk)
      patience.heard()
    }
    const onEnd = () => stop()
    const onAbort = (cause?: unknown) => stop(new RequestAborted(cause))
    const patience = makePatience(body, stop)
    // The error listener stays: a socket that breaks after the refusal must not end the process.
    stream.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort)
    patience.begin()
  })
}

/** The bytes as received. */
async function* receive(body: Body): AsyncGenerator<Buffer> {
  const { stream, limits } = body
  let wake = () => {}
  let giveUp = (_refusal: RequestRefused) => {}
  const patience = makePatience(body, refusal => giveUp(refusal))
  let ended: { error: Error | undefined } | undefined
  const onReadable = () => wake()
  stream.on('readable', onReadable)
  const unwatch = finished(stream, { writable: false }, error => {
    ended = { error: error ?? undefined }
    wake()
  })
  let sizeBytes = 0
  try {
    for (;;) {
      const chunk: Buffer | null = stream.destroyed ? null : stream.read()
      if (chunk !== null) {
        sizeBytes += chunk.length
        if (sizeBytes > limits.bodyBytes) throw bodyTooLarge(limits)
        yield chunk
      } else if (ended !== undefined) {
        if (ended.error !== undefined) throw new RequestAborted(ended.error)
        return
      } else {
        await new Promise<void>((resolve, reject) => {
          wake = resolve
          giveUp = reject
          patience.begin()
        }).finally(patience.end)
      }
    }
  } finally {
    unwatch()
    stream.off('readable', onReadable).on('error', () => {})
    stream.pause()
  }
}

/** The one coding of the body, lower case; throws 415 for one we do not know and for several. */
function codingOf(headers: Headers): string {
  const coding = String(headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase()
  if (coding === '' || coding === 'identity') return 'identity'
  if (Object.hasOwn(decompressors, coding)) return coding
  throw new RequestRefused({
    status: 415,
    slug: 'unsupported-encoding',
    detail: 'The content-encoding is not understood; one of identity, gzip, zstd and deflate is.',
    fix: 'Compress the body with gzip, zstd or deflate, once, or send it as it is.',
  })
}

function refuseDeclaredSize({ headers, limits }: Body): void {
  if (Number(headers['content-length']) > limits.bodyBytes) throw bodyTooLarge(limits)
}

function bodyTooLarge({ bodyBytes }: BodyLimits): RequestRefused {
  return new RequestRefused({
    status: 413,
    slug: 'body-too-large',
    detail: `The body has more than ${bodyBytes} bytes, counted after decompression too.`,
    fix: 'Send the events in several smaller requests.',
  })
}
