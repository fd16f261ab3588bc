// Jars from Maven Central, with all they depend on, in the cache.

import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, run } from './engine-cache.ts'

const FETCH_MS = 15 * 60_000

/**
 * A folder of jars.
 * @param name of what is cached, with its version
 * @param artifacts `group:artifact:version`
 * @throws Error that shows what mvn said
 */
export function jarsOf(name: string, artifacts: string[]): Promise<string> {
  return cached(name, async dir => {
    const pom = join(dir, 'pom.xml')
    await writeFile(pom, projectOf(artifacts))
    const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${dir}`]
    await run('mvn', ['-B', '-q', '-f', pom, ...copy], { cwd: dir, timeoutMs: FETCH_MS })
    if ((await readdir(dir)).length <= artifacts.length) throw new Error(`mvn gave no jars for ${artifacts.join(', ')}`)
  })
}

/** One file alone, without what it depends on. @param artifact `group:artifact:version:type:classifier` */
export async function fetchArtifact(artifact: string, dir: string): Promise<void> {
  const copy = ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${dir}`]
  await run('mvn', ['-B', '-q', ...copy], { cwd: dir, timeoutMs: FETCH_MS })
}

function projectOf(artifacts: string[]): string {
  const dependencies = artifacts.map(artifact => {
    const [group, name, version] = artifact.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>engines</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`
}
