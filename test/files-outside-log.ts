// What an installation keeps on disk, as bytes that can be searched: every file but the log's; those of the lake as the
// rows in them, since what they hold is compressed.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openParquet } from '../processors/lake/parquet.ts'

/** By name; all Parquet files are `the lake`. */
export async function filesOutsideLog(dataDir: string): Promise<{ name: string; bytes: Buffer }[]> {
  const names = readdirSync(dataDir, { recursive: true, withFileTypes: true })
  const files = names
    .filter(entry => entry.isFile() && !entry.name.startsWith('event-log.'))
    .flatMap(entry => {
      const path = join(entry.parentPath, entry.name)
      // What is written aside may have gone to its place meanwhile.
      return existsSync(path) ? { name: entry.name, bytes: readFileSync(path) } : []
    })
  return Promise.all(
    files.map(async ({ name, bytes }) =>
      name.endsWith('.parquet')
        ? { name: 'the lake', bytes: Buffer.from(await textOfParquet(bytes)) }
        : { name, bytes },
    ),
  )
}

async function textOfParquet(bytes: Buffer): Promise<string> {
  const groups = []
  for await (const group of (await openParquet(bytes)).groups()) groups.push(JSON.stringify(group))
  return groups.join('\n')
}
