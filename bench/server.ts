// One server under measurement, in a process of its own, told what to be by its first message. Tells its address, and
// its CPU time whenever it is asked.

import type { ServerAccess } from '../storage/server-access.ts'
import { startArchive } from './archive.ts'
import { startGoverned } from './governed.ts'
import type { Target } from './load.ts'
import { startNaive } from './naive.ts'
import { startNaiveKafka } from './naive-kafka.ts'
import { startPassThrough } from './pass-through.ts'

export interface Job {
  variant: 'governed' | 'pass-through' | 'naive' | 'archive'
  dataDir: string
  /** Kafka, and Écluse's settings that name it; embedded if undefined. */
  kafka?: { access: ServerAccess; topic: string; settings: Record<string, string> }
}

function start({ variant, dataDir, kafka }: Job): Promise<Target> {
  if (variant === 'governed') return startGoverned(dataDir, kafka?.settings)
  if (variant === 'archive') return startArchive(dataDir, kafka!.settings)
  if (variant === 'pass-through') return startPassThrough(dataDir, kafka)
  return kafka ? startNaiveKafka(kafka) : startNaive(dataDir)
}

process.once('message', async job => {
  process.send!(await start(job as Job))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send!({ cpuSeconds: (user + system) / 1e6 })
  })
})
process.on('disconnect', () => process.exit(0))
