// Makes the bucket of the lake, and gives the user of Écluse the rights in docs/permissions/s3-policy.json and no
// other. Running it again changes nothing.

import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { CreateBucketCommand, HeadBucketCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'

const Bucket = 'ecluse-lake'
const USER = 'ecluse'

const secret = (name: string) => readFileSync(`/run/secrets/${name}`, 'utf8').trim()

/** What AWS attaches to a user is attached to the bucket here, and so has to name the user. */
function bucketPolicy(): string {
  const policy = JSON.parse(readFileSync('/permissions/s3-policy.json', 'utf8')) as { Statement: object[] }
  const statements = policy.Statement.map(statement => ({ ...statement, Principal: { AWS: [USER] } }))
  return JSON.stringify({ ...policy, Statement: statements })
}

const client = new S3Client({
  endpoint: 'https://lake:7070',
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId: 'admin', secretAccessKey: secret('lake-admin-password') },
  requestHandler: { httpsAgent: new Agent({ ca: secret('ca.pem') }) },
})
const isThere = await client.send(new HeadBucketCommand({ Bucket })).then(
  () => true,
  (error: { $metadata?: { httpStatusCode?: number } }) => {
    if (error.$metadata?.httpStatusCode === 404) return false
    throw error
  },
)
if (!isThere) await client.send(new CreateBucketCommand({ Bucket }))
await client.send(new PutBucketPolicyCommand({ Bucket, Policy: bucketPolicy() }))
client.destroy()
process.stdout.write(`the bucket ${Bucket} is there, and ${USER} has the rights of docs/permissions/s3-policy.json\n`)
