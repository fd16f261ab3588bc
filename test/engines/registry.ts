// Apicurio Registry 3.0, which speaks Confluent's API: TLS and passwords are on. It can be killed and started again on
// the same data and port.

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:https'
import { join } from 'node:path'
import { type Certificates, makeCertificates } from './certificates.ts'
import { cached, run } from './engine-cache.ts'
import { NOBODY, OTHER_CA, variableOf } from './environment.ts'
import { fetchArtifact } from './maven.ts'
import { freePort, type Server, spawnServer } from './spawn-server.ts'
import { temporaryFolder } from './temporary-folder.ts'

const VERSION = '3.0.9'
const READY_MS = 240_000
const LOOK_MS = 3_000
const API = 'apis/ccompat/v7'
const LONG_LIVED = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

export interface RunningRegistry {
  settings: Record<string, string>
  /** After a restart it is another. */
  servers: Server[]
  /** Starts again what was killed, on the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

interface Place {
  dir: string
  home: string
  port: number
  certificates: Certificates
  passwords: Record<'ecluse' | 'nobody', string>
}

/** @param options.dir an empty folder for the data, kept at `stop`; a temporary one, removed at `stop`, if undefined */
export async function startRegistry(options: { dir?: string } = {}): Promise<RunningRegistry> {
  const home = await registryHome()
  const dir = options.dir ?? temporaryFolder('registry')
  const passwords = { ecluse: secret(), nobody: secret() }
  const place: Place = { dir, home, port: await freePort(), certificates: await makeCertificates(dir), passwords }
  await mkdir(join(dir, 'config'))
  await writeFile(join(dir, 'config/application.properties'), properties(place), { mode: 0o600 })
  let server = await startServer(place)
  return {
    settings: settingsOf(place),
    get servers() {
      return [server]
    },
    restart: async () => {
      server = await startServer(place)
    },
    stop: async () => {
      await server.stop()
      if (!options.dir) await rm(dir, { recursive: true, force: true })
    },
  }
}

const secret = () => randomBytes(16).toString('hex')

function registryHome(): Promise<string> {
  return cached(`registry-${VERSION}`, async dir => {
    await fetchArtifact(`io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`, dir)
    const archive = (await readdir(dir)).find(name => name.endsWith('.tar.gz'))!
    await run('tar', ['xzf', archive], { cwd: dir })
    await rm(join(dir, archive))
  })
}

/** Quarkus reads them from `config/` below its working directory. */
function properties({ dir, port, certificates, passwords }: Place): string {
  return `quarkus.http.host=127.0.0.1
quarkus.http.insecure-requests=disabled
quarkus.http.ssl-port=${port}
quarkus.http.ssl.certificate.files=${certificates.server.certFile}
quarkus.http.ssl.certificate.key-files=${certificates.server.keyFile}
quarkus.http.auth.basic=true
quarkus.security.users.embedded.plain-text=true
quarkus.security.users.embedded.users.ecluse=${passwords.ecluse}
quarkus.security.users.embedded.roles.ecluse=sr-developer
quarkus.security.users.embedded.users.nobody=${passwords.nobody}
quarkus.security.users.embedded.roles.nobody=sr-nothing
quarkus.http.auth.policy.registered.roles-allowed=sr-developer
quarkus.http.auth.permission.everything.paths=/*
quarkus.http.auth.permission.everything.policy=registered
apicurio.storage.kind=sql
apicurio.storage.sql.kind=h2
# Every commit is on the disk before it is answered.
apicurio.datasource.url=jdbc:h2:file:${join(dir, 'registry')};WRITE_DELAY=0
`
}

function startServer(place: Place): Promise<Server> {
  const jar = join(place.home, `apicurio-registry-app-${VERSION}-runner.jar`)
  return spawnServer({
    name: 'registry',
    command: 'java',
    args: [...LONG_LIVED, '-jar', jar],
    cwd: place.dir,
    ready: () => answers(place),
    timeoutMs: READY_MS,
  })
}

function answers({ port, certificates, passwords }: Place): Promise<boolean> {
  const options = {
    auth: `ecluse:${passwords.ecluse}`,
    agent: new Agent({ ca: certificates.ca, keepAlive: false }),
    timeout: LOOK_MS,
  }
  return new Promise((resolve, reject) => {
    const asked = get(`https://127.0.0.1:${port}/${API}/subjects`, options, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer')))
  })
}

function settingsOf({ port, certificates, passwords }: Place): Record<string, string> {
  const variable = variableOf('registry')
  return {
    [variable]: `https://127.0.0.1:${port}/${API}`,
    [`${variable}_USERNAME`]: 'ecluse',
    [`${variable}_PASSWORD`]: passwords.ecluse,
    [`${variable}_CA`]: certificates.ca,
    [`${variableOf('registry', NOBODY)}_USERNAME`]: 'nobody',
    [`${variableOf('registry', NOBODY)}_PASSWORD`]: passwords.nobody,
    [OTHER_CA]: certificates.otherCa,
  }
}
