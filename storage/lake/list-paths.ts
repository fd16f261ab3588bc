// Lists a folder as an object store would: all files below it, by their whole path, in the order of its characters.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkedLimit, isSegment } from './path.ts'

/**
 * At most `limit` paths under `dir` that start with the prefix and come after `after`, sorted; names that no path of
 * the lake has are passed over.
 * @throws RangeError for a limit out of bounds
 */
export async function listPaths(
  dir: string,
  prefix: string,
  { after = '', limit }: { after?: string; limit: number },
): Promise<string[]> {
  checkedLimit(limit)
  const paths: string[] = []
  for await (const path of walk(dir, '', folder => mayHold(folder, prefix, after))) {
    if (!path.startsWith(prefix) || path <= after) continue
    paths.push(path)
    if (paths.length === limit) break
  }
  return paths
}

/** Whether paths that start with this folder, which ends in a slash, can be asked for. */
function mayHold(folder: string, prefix: string, after: string): boolean {
  return (folder.startsWith(prefix) || prefix.startsWith(folder)) && (folder > after || after.startsWith(folder))
}

async function* walk(dir: string, folder: string, wanted: (folder: string) => boolean): AsyncGenerator<string> {
  const entries = await readdir(join(dir, folder), { withFileTypes: true })
  const names = entries
    .filter(entry => isSegment(entry.name) && (entry.isFile() || entry.isDirectory()))
    // With its slash a folder sorts as the paths below it do: a.b before a/b, since . comes before /.
    .map(entry => entry.name + (entry.isDirectory() ? '/' : ''))
    .sort()
  for (const name of names) {
    if (!name.endsWith('/')) yield folder + name
    else if (wanted(folder + name)) yield* walk(dir, folder + name, wanted)
  }
}
