// versitygw 1.8, an S3 server over a folder. It serves the port `lake` in tests, over TLS, to a user who has exactly the
// rights of docs/permissions/s3-policy.json: it holds him to actions, resources and the `s3:prefix` of a listing.

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { type Certificates, makeCertificates } from './certificates.ts'
import { cached, run } from './engine-cache.ts'
import { freePort, type Server, spawnServer } from './spawn-server.ts'

const VERSION = 'v1.8.0'
const MODULE = 'github.com/versity/versitygw'
const REGION = 'us-east-1'
const BUCKET = 'ecluse-lake'
const POLICY_FILE = join(import.meta.dirname, '../../docs/permissions/s3-policy.json')
const BUILD_MS = 1_800_000
const READY_MS = 30_000
const COMMAND_MS = 30_000

interface Key {
  access: string
  secret: string
}

export interface Versitygw {
  /** Beside the bucket they name stand two that must be refused: `<bucket>-versioned` and `<bucket>-locked`. */
  settings: Record<string, string>
  /** Who may do everything. */
  admin: Key
  servers: Server[]
  /** Starts it again after a kill, over the same folder and on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

interface Place {
  dir: string
  binary: string
  certificates: Certificates
  port: number
  endpoint: string
  admin: Key
  user: Key
}

/** @param options.dir an empty folder for the data, kept at `stop`; a temporary one, removed at `stop`, if undefined */
export async function startVersitygw(options: { dir?: string } = {}): Promise<Versitygw> {
  const binary = await versitygwBinary()
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'versitygw-')))
  for (const name of ['certificates', 'buckets', 'versions', 'users'])
    await mkdir(join(dir, name), { recursive: true, mode: 0o700 })
  const certificates = await makeCertificates(join(dir, 'certificates'))
  const port = await freePort()
  const endpoint = `https://127.0.0.1:${port}`
  const place: Place = { dir, binary, certificates, port, endpoint, admin: newKey('admin'), user: newKey('ecluse') }
  const servers = [await startServer(place)]
  await createUser(place)
  await createBuckets(place)

  return {
    settings: {
      ECLUSE_LAKE: `s3://${BUCKET}/prefix?endpoint=${endpoint}&region=${REGION}`,
      ECLUSE_LAKE_CA: certificates.ca,
      ECLUSE_ERASURES: `s3://${BUCKET}/prefix/erasures?endpoint=${endpoint}&region=${REGION}`,
      AWS_ACCESS_KEY_ID: place.user.access,
      AWS_SECRET_ACCESS_KEY: place.user.secret,
    },
    admin: place.admin,
    servers,
    restart: async () => {
      await servers[0]!.exited
      servers[0] = await startServer(place)
    },
    stop: async () => {
      await servers[0]!.stop()
      if (!options.dir) await rm(dir, { recursive: true })
    },
  }
}

const newKey = (access: string): Key => ({ access, secret: randomBytes(20).toString('hex') })

async function versitygwBinary(): Promise<string> {
  const dir = await cached(`versitygw-${VERSION}`, async building => {
    const source = `${MODULE}/cmd/versitygw@${VERSION}`
    await run('go', ['install', source], { env: { GOBIN: building }, timeoutMs: BUILD_MS })
  })
  return join(dir, 'versitygw')
}

function startServer({ dir, binary, certificates, port, endpoint, admin }: Place): Promise<Server> {
  return spawnServer({
    name: 'versitygw',
    command: binary,
    args: [
      ...['--port', `127.0.0.1:${port}`, '--region', REGION, '--iam-dir', join(dir, 'users')],
      ...['--cert', certificates.server.certFile, '--key', certificates.server.keyFile, '--quiet', '--keep-alive'],
      ...['posix', '--versioning-dir', join(dir, 'versions'), join(dir, 'buckets')],
    ],
    env: { ROOT_ACCESS_KEY: admin.access, ROOT_SECRET_KEY: admin.secret },
    ready: async () => {
      await asAdministrator({ endpoint, certificates, admin }, client => client.send(new ListBucketsCommand({})))
      return true
    },
    timeoutMs: READY_MS,
  })
}

async function createUser({ binary, certificates, endpoint, admin, user }: Place): Promise<void> {
  const connection = ['--endpoint-url', endpoint, '--region', REGION]
  const create = ['create-user', '--access', user.access, '--secret', user.secret, '--role', 'user']
  await run(binary, ['admin', ...connection, ...create], {
    env: {
      ADMIN_ACCESS_KEY_ID: admin.access,
      ADMIN_SECRET_ACCESS_KEY: admin.secret,
      SSL_CERT_FILE: certificates.caFile,
    },
    timeoutMs: COMMAND_MS,
  })
}

/** The administrator owns them: the user has what the policy gives, and nothing else. */
async function createBuckets(place: Place): Promise<void> {
  const buckets = [BUCKET, `${BUCKET}-versioned`, `${BUCKET}-locked`]
  const policy = JSON.parse(await readFile(POLICY_FILE, 'utf8'))
  await asAdministrator(place, async client => {
    for (const Bucket of buckets) {
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: Bucket.endsWith('-locked') }))
      await client.send(new PutBucketPolicyCommand({ Bucket, Policy: bucketPolicy(policy, Bucket, place.user) }))
    }
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket: buckets[1], VersioningConfiguration }))
  })
}

/** What AWS attaches to a user is attached to the bucket here, and so has to name the user. */
function bucketPolicy(policy: { Statement: object[] }, bucket: string, { access }: Key): string {
  const statements = policy.Statement.map(statement => ({ ...statement, Principal: { AWS: [access] } }))
  return JSON.stringify({ ...policy, Statement: statements }).replaceAll(`:${BUCKET}`, `:${bucket}`)
}

async function asAdministrator<T>(
  { endpoint, certificates, admin }: Pick<Place, 'endpoint' | 'certificates' | 'admin'>,
  work: (client: S3Client) => Promise<T>,
): Promise<T> {
  const client = new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: admin.access, secretAccessKey: admin.secret },
    requestHandler: { httpsAgent: { ca: certificates.ca } },
  })
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
