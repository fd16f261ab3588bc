// Certificates for servers on loopback, made anew for each run with the openssl command: nobody else can know the keys.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './engine-cache.ts'

const DAYS = '30'

/** A certificate and its key, PKCS #8: PEM texts, and the files that hold them. */
export interface Certificate {
  cert: string
  key: string
  certFile: string
  keyFile: string
}

export interface Certificates {
  /** The folder of all files: `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`. */
  dir: string
  /** PEM text. */
  ca: string
  caFile: string
  /** For 127.0.0.1 and localhost. */
  server: Certificate
  client: Certificate
  /** An authority that signed none of these, PEM text. */
  otherCa: string
}

/** @param dir an existing folder that the caller removes */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const [ca, other] = await Promise.all([makeAuthority(dir, 'ca'), makeAuthority(dir, 'other-ca')])
  // One after the other: they share the authority's file of serial numbers.
  const server = await sign(dir, 'server', 'localhost')
  const client = await sign(dir, 'client', 'ecluse')
  return { dir, ca: ca.cert, caFile: ca.certFile, server, client, otherCa: other.cert }
}

async function makeAuthority(dir: string, name: string): Promise<Certificate> {
  const what = ['-x509', '-subj', `/CN=Ecluse tests ${name}`, '-days', DAYS]
  const extensions = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]
  await openssl(dir, ['req', ...what, ...newKey(name), ...extensions, '-out', `${name}.pem`])
  return readPair(dir, name)
}

async function sign(dir: string, name: string, commonName: string): Promise<Certificate> {
  await openssl(dir, ['req', '-new', '-subj', `/CN=${commonName}`, ...newKey(name), '-out', `${name}.csr`])
  const extensions = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n'
  await writeFile(join(dir, `${name}.extensions`), extensions)
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.extensions`]
  await openssl(dir, ['x509', '-req', '-in', `${name}.csr`, ...signing, '-days', DAYS, '-out', `${name}.pem`])
  return readPair(dir, name)
}

async function readPair(dir: string, name: string): Promise<Certificate> {
  const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)]
  return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8'), certFile, keyFile }
}

/** RSA, which every one of the servers reads. */
const newKey = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`]

const openssl = (dir: string, args: string[]) => run('openssl', args, { cwd: dir, timeoutMs: 60_000 })
