// The lake port: whole files by path, as an object store understands them: a file appears whole or not at all, and is
// never changed in place. Conditional writes make a manifest swappable by several writers.

/** A file and the tag that identifies this content of it. */
export interface LakeFile {
  body: Buffer
  etag: string
}

export interface Lake {
  /** Writes a new file. Resolves with its etag, or with undefined if the path is taken: nothing is written then. */
  putIfAbsent(path: string, body: Buffer): Promise<string | undefined>
  /** Replaces a file if its etag is still this one. The new etag, or undefined if another was faster. */
  putIfMatch(path: string, body: Buffer, etag: string): Promise<string | undefined>
  get(path: string): Promise<LakeFile | undefined>
  /** Bytes of a file, from `start` up to `end` (exclusive), at least one; fewer where it ends before. */
  read(path: string, range: { start: number; end: number }): Promise<Buffer | undefined>
  /** Paths that start with the prefix, sorted, after `after` (exclusive): at most `limit` (1 to 1,000). */
  list(prefix: string, options: { after?: string; limit: number }): Promise<string[]>
  /** Deletes a file; no error if there is none. */
  delete(path: string): Promise<void>
  /** Rejects with LakeUnavailable when the lake cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The lake cannot be reached or written; the `cause` says why. */
export class LakeUnavailable extends Error {
  override name = 'LakeUnavailable'
}
