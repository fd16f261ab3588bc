// The pages as they are served: the files of dashboard/ and the few libraries they use, read once, under addresses that
// change whenever a byte does. Nothing is built: where a module names a package, it is given that package's address.

import { hash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const DASHBOARD = join(import.meta.dirname, '..', 'dashboard')

const CONTENT_TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface Asset {
  contentType: string
  bytes: Buffer
  gzipped: Buffer
}

export interface Pages {
  /** The one document; everything else is a file beside it. */
  document: Asset
  /** Where files are: `/assets/<hash>`. */
  base: string
  /** By path below the base: `kit/table.js`. */
  assets: ReadonlyMap<string, Asset>
}

/** @throws Error when a file of ours, or a library, is not there */
export async function readPages(): Promise<Pages> {
  const files = new Map([...(await readOwn()), ...(await readLibraries())])
  const document = files.get('document.html')!
  files.delete('document.html')
  const content = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).flat()
  const base = `/assets/${hash('sha256', content.join('\0')).slice(0, 12)}`
  const preloads = [...files.keys()]
    .filter(path => path.endsWith('.js') && !path.includes('uplot') && !path.includes('chart'))
    .map(path => `<link rel="modulepreload" href="${base}/${path}">`)
  const html = document.replaceAll('{{base}}', base).replace('{{preloads}}', preloads.join('\n    '))
  return {
    document: asset(html, 'text/html; charset=utf-8'),
    base,
    assets: new Map(
      [...files].map(([path, text]) => [path, asset(withAddresses(text, path, base), CONTENT_TYPES[extname(path)]!)]),
    ),
  }
}

async function readOwn(): Promise<[path: string, text: string][]> {
  const names = await readdir(DASHBOARD, { recursive: true, withFileTypes: true })
  const paths = names.filter(each => each.isFile()).map(each => join(each.parentPath, each.name))
  const texts = await Promise.all(paths.map(path => readFile(path, 'utf8')))
  return paths.map((path, i) => [relative(DASHBOARD, path).replaceAll('\\', '/'), texts[i]!])
}

/** What modules may name, and where it is served. */
const LIBRARIES: Record<string, string> = {
  preact: 'lib/preact.js',
  'preact/hooks': 'lib/preact-hooks.js',
  'htm/preact': 'lib/htm-preact.js',
  htm: 'lib/htm.js',
  '@preact/signals': 'lib/signals.js',
  '@preact/signals-core': 'lib/signals-core.js',
  uplot: 'lib/uplot.js',
}

async function readLibraries(): Promise<[path: string, text: string][]> {
  const found = await Promise.all(
    Object.entries(LIBRARIES).map(async ([name, path]) => [path, await readLibrary(name)] as [string, string]),
  )
  const styles = await readFile(join(dirname(placeOf('uplot')), 'uPlot.min.css'), 'utf8')
  return [...found, ['lib/uplot.css', styles]]
}

async function readLibrary(name: string): Promise<string> {
  // Of uPlot, only the script that sets a global is small.
  if (name === 'uplot')
    return `${await readFile(join(dirname(placeOf(name)), 'uPlot.iife.min.js'), 'utf8')}\nexport default uPlot\n`
  return (await readFile(placeOf(name), 'utf8')).replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
}

function placeOf(name: string): string {
  // A dependency of that library, and none of ours.
  if (name === '@preact/signals-core') {
    const require = createRequire(fileURLToPath(import.meta.resolve('@preact/signals')))
    return require.resolve(name).replace(/\.js$/, '.mjs')
  }
  return fileURLToPath(import.meta.resolve(name))
}

/** `from 'preact'` names no file to a browser. */
function withAddresses(text: string, path: string, base: string): string {
  if (!path.endsWith('.js')) return text
  return text.replace(/\b(from|import)(\s*\(?\s*)(["'])([@a-z][\w@/-]*)\3/g, (whole, word, space, quote, name) =>
    Object.hasOwn(LIBRARIES, name) ? `${word}${space}${quote}${base}/${LIBRARIES[name]}${quote}` : whole,
  )
}

function asset(text: string, contentType: string): Asset {
  const bytes = Buffer.from(text)
  return { contentType, bytes, gzipped: gzipSync(bytes, { level: 9 }) }
}
