// PostgreSQL 18 with the DocumentDB extension, unpacked from Debian sid into a folder of its own: nothing is installed,
// and the machine's own packages and libraries stay what they are. FerretDB stores its documents in it.

import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, run } from './engine-cache.ts'

const PACKAGE = 'postgresql-18-documentdb'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const BIN = 'usr/lib/postgresql/18/bin'
const FETCH_MS = 900_000
const UNPACK_MS = 120_000

/** What Debian calls a processor's folder of libraries, and the loader in it. */
const LIBRARIES: Record<string, [folder: string, loader: string]> = {
  x64: ['x86_64-linux-gnu', 'ld-linux-x86-64.so.2'],
  arm64: ['aarch64-linux-gnu', 'ld-linux-aarch64.so.1'],
}

/**
 * The folder of `initdb`, `postgres` and `psql`: from the cache, else fetched (about 140 MB) and unpacked.
 * @throws Error that shows what apt said; it needs a Debian-like machine with Debian's keyring
 */
export async function documentdbPostgres(): Promise<string> {
  const root = await cached(PACKAGE, async dir => {
    await fetchPackages(join(dir, 'apt'))
    await unpack(join(dir, 'apt/archives'), dir)
    await rm(join(dir, 'apt'), { recursive: true })
    await wrapBinaries(dir)
  })
  return join(root, BIN)
}

/** A private apt, which knows sid alone and believes that nothing is installed: so all that is needed comes. */
async function fetchPackages(apt: string): Promise<void> {
  for (const folder of ['lists/partial', 'archives/partial', 'state'])
    await mkdir(join(apt, folder), { recursive: true })
  await writeFile(join(apt, 'status'), '')
  await writeFile(join(apt, 'sources.list'), `deb [signed-by=${KEYRING}] http://deb.debian.org/debian sid main\n`)
  const options = [
    `Dir::Etc::sourcelist=${apt}/sources.list`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    `Dir::State=${apt}/state`,
    `Dir::State::lists=${apt}/lists`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}`,
    `Dir::Cache::archives=${apt}/archives`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    'Debug::NoLocking=1',
  ].flatMap(option => ['-o', option])
  await run('apt-get', [...options, 'update'], { timeoutMs: FETCH_MS })
  const install = ['-y', '--no-install-recommends', '--download-only', 'install', PACKAGE]
  await run('apt-get', [...options, ...install], { timeoutMs: FETCH_MS })
}

async function unpack(debs: string, dir: string): Promise<void> {
  const each = 'set -e; for deb in "$1"/*.deb; do dpkg -x "$deb" "$2"; done'
  await run('sh', ['-c', each, 'sh', debs, dir], { timeoutMs: UNPACK_MS })
  // DocumentDB asks for the extension by the name that Debian's alternatives would make.
  await symlink('postgis-3.control', join(dir, 'usr/share/postgresql/18/extension/postgis.control'))
  for (const unused of ['doc', 'man', 'locale'])
    await rm(join(dir, 'usr/share', unused), { recursive: true, force: true })
}

/** Each binary runs with the libraries it came with, since the machine's own may be older. */
async function wrapBinaries(dir: string): Promise<void> {
  const found = LIBRARIES[process.arch]
  if (!found) throw new Error(`no PostgreSQL of Debian’s for ${process.arch}`)
  const [folder, loader] = found
  for (const name of ['initdb', 'postgres', 'psql']) {
    const binary = join(dir, BIN, name)
    await rename(binary, `${binary}.bin`)
    await writeFile(
      binary,
      `#!/bin/sh
d=$(cd "$(dirname "$0")" && pwd)
r=$d/../../../../..
l=$r/usr/lib/${folder}
exec "$l/${loader}" --library-path "$l:$r/usr/lib/postgresql/18/lib:$l/blas:$l/lapack" --argv0 "$d/${name}" "$d/${name}.bin" "$@"
`,
    )
    await chmod(binary, 0o755)
  }
}
