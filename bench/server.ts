// One server under measurement, in a process of its own: `server.ts <variant> <data directory>`. Tells its address, and
// its CPU time whenever it is asked.

import { startGoverned } from './governed.ts'
import { startNaive } from './naive.ts'
import { startPassThrough } from './pass-through.ts'

const [variant, dataDir] = process.argv.slice(2) as [string, string]

if (variant === 'governed') process.send!(await startGoverned(dataDir))
else if (variant === 'pass-through') process.send!({ address: await startPassThrough(dataDir), apiKey: '' })
else process.send!({ address: await startNaive(dataDir), apiKey: '' })

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send!({ cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() })
})
process.on('disconnect', () => process.exit(0))
