// The audit as a file (NDJSON): the signed head, then a line for each entry in order, with its exact bytes, or its hash
// alone where they are gone. Verified offline by computing the whole tree anew.

import { canonicalText, readBytes, readCanonical, readHash, readUtf8, TextNotExact } from './exact-text.ts'
import { addLeaf, type Frontier, leafHash, rootOf } from './merkle-tree.ts'
import { type EntryNumbers, formatNumbers, type Kept, openMissingContents } from './missing-contents.ts'
import { ProofInvalid } from './proof.ts'
import { MAX_ENTRY_BYTES } from './record.ts'
import { type TreeHead, verifyTreeHead } from './tree-head.ts'

/** An entry in base64, and what stands around it. */
const MAX_LINE_BYTES = 2 * MAX_ENTRY_BYTES
const LINE_FEED = 0x0a
const DAY_MS = 86_400_000

/** A line without its end. */
export function exportLine(index: number, leaf: { bytes: Buffer } | { leafHash: Buffer }): string {
  return 'bytes' in leaf
    ? canonicalText({ index, bytes: leaf.bytes.toString('base64') })
    : canonicalText({ index, leafHash: leaf.leafHash.toString('hex') })
}

/** @throws TextNotExact */
function readExportLine(line: Buffer, index: number): { leaf: Buffer; content?: Buffer } {
  const { index: found, bytes, leafHash: hash, ...more } = readCanonical(readUtf8(line))
  if (found !== index || Object.keys(more).length > 0 || (bytes === undefined) === (hash === undefined))
    throw new TextNotExact('it is no entry, or not the next one')
  if (bytes === undefined) return { leaf: readHash(hash) }
  const content = readBytes(bytes, 'base64')
  return { leaf: leafHash(content), content }
}

export interface ExportOptions {
  /** PEM. */
  publicKeys: string[]
  /** Heads that were kept elsewhere, verified: the export must continue each. */
  since?: TreeHead[]
  /** How long entries were kept: then one whose content is missing earlier is told. */
  kept?: Kept
  /** Told of each entry. */
  onEntry?: (done: number, of: number) => void
}

export interface VerifiedExport {
  head: TreeHead
  /** Entries of which only the hash is there: nothing is known of what they say. */
  withoutContent: EntryNumbers
  /** Sizes of the older trees that this one continues. */
  continues: number[]
}

/**
 * Verifies an export: the signature, each entry, the tree, that it continues the heads kept elsewhere, and that no content
 * is missing that was to be kept.
 * @throws SignatureInvalid, TextNotExact, ProofInvalid: what is wrong, with the line
 */
export async function verifyExport(
  chunks: AsyncIterable<Buffer>,
  { publicKeys, since = [], kept, onEntry }: ExportOptions,
): Promise<VerifiedExport> {
  const older = since.toSorted((a, b) => a.treeSize - b.treeSize)
  const frontier: Frontier = { size: 0, hashes: [] }
  let head: TreeHead | undefined
  const missing = openMissingContents(kept)
  for await (const line of splitLines(chunks)) {
    if (!head) {
      head = verifyTreeHead(readUtf8(line), publicKeys)
      refuseShorter(head, older)
      continue
    }
    const { leaf, content } = atLine(frontier.size + 2, () => readExportLine(line, frontier.size))
    addLeaf(frontier, leaf)
    missing.see(content)
    for (const each of older.filter(({ treeSize }) => treeSize === frontier.size)) {
      refuseOther(each, frontier)
      missing.signed(Date.parse(each.at))
    }
    onEntry?.(frontier.size, head.treeSize)
  }
  if (!head) throw new TextNotExact('the file is empty')
  if (frontier.size !== head.treeSize)
    throw new ProofInvalid(`the file has ${frontier.size} entries, and ${head.treeSize} were signed`)
  if (!rootOf(frontier.hashes).equals(head.rootHash))
    throw new ProofInvalid('the entries are not those that were signed: some were changed, left out or moved')
  if (kept) refuseWithheld(missing.withheld, kept)
  return { head, withoutContent: missing.all, continues: older.map(({ treeSize }) => treeSize) }
}

function refuseShorter({ treeSize }: TreeHead, older: TreeHead[]): void {
  const longest = older.at(-1)
  if (longest && longest.treeSize > treeSize)
    throw new ProofInvalid(
      `the file ends at ${treeSize} entries, and a head kept elsewhere has ${longest.treeSize}: ` +
        'it is older than that head, or entries were removed since',
    )
}

function refuseOther({ treeSize, rootHash, at }: TreeHead, { hashes }: Frontier): void {
  if (!rootOf(hashes).equals(rootHash))
    throw new ProofInvalid(
      `the first ${treeSize} entries are not those that were signed at ${at} and kept elsewhere: ` +
        'the audit was rewritten, or two were kept',
    )
}

function refuseWithheld(withheld: EntryNumbers, { retentionMs }: Kept): void {
  if (withheld.entries === 0) return
  throw new ProofInvalid(
    `the content of entries is not there, too soon to have expired: ${formatNumbers(withheld)}. Of what was recorded ` +
      `before them, not all is ${retentionMs / DAY_MS} days old. It was withheld; or, if the audit was once kept for less, ` +
      'say for how many days (--days)',
  )
}

/** @throws TextNotExact as `read` does, with the line's number */
function atLine<T>(line: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new TextNotExact(`line ${line}: ${(error as Error).message}`, { cause: error })
  }
}

/** Each line ends with one line feed, the last one too. */
async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = rest.indexOf(LINE_FEED); end !== -1; end = rest.indexOf(LINE_FEED, start)) {
      yield rest.subarray(start, end)
      start = end + 1
    }
    rest = rest.subarray(start)
    if (rest.length > MAX_LINE_BYTES) throw new TextNotExact('a line is longer than any that was written')
  }
  if (rest.length > 0) throw new TextNotExact('the file ends in the middle of a line')
}
