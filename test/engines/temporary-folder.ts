// A folder for the data of a server, gone with the process that asked for it, whatever became of the server.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from '../at-exit.ts'

/** @param name begins the folder's own */
export function temporaryFolder(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `${name}-`))
  atExit(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return dir
}
