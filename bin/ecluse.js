#!/usr/bin/env node
// The `ecluse` command: the project's own Node, running the project's own TypeScript.
import { fileURLToPath } from 'node:url'

process.argv.splice(2, 0, fileURLToPath(new URL('../cli/main.ts', import.meta.url)))
await import('./node.js')
