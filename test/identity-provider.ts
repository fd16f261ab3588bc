// An identity provider for tests: keys, a server that publishes them, and tokens, honest and forged.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export const ISSUER = 'https://login.example.org/'
export const AUDIENCE = 'ecluse'

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>

export interface IdentityProvider {
  /** Where its keys are. */
  url: string
  /** How often they were asked for. */
  asked(): number
  /** Answers with this instead of the keys; undefined ends that. */
  answerWith(answer: { status: number; body: string } | undefined): void
  /** The keys it publishes from now on. */
  publish(keys: JWK[]): void
  keys: Record<string, KeyPair>
  jwks(): JWK[]
  /** Signs claims, by default as an honest token of a minute; `header` replaces members of the header. */
  token(claims?: Record<string, unknown>, options?: TokenOptions): Promise<string>
  stop(): Promise<void>
}

export interface TokenOptions {
  alg?: string
  header?: Record<string, unknown>
  key?: CryptoKey | Uint8Array
}

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const keys: Record<string, KeyPair> = {}
  for (const alg of ALGORITHMS) keys[alg] = await generateKeyPair(alg, { extractable: true })
  const publicKeys = await Promise.all(
    ALGORITHMS.map(async alg => ({ ...(await exportJWK(keys[alg]!.publicKey)), kid: `key-${alg}`, alg, use: 'sig' })),
  )
  let published: JWK[] = publicKeys
  let instead: { status: number; body: string } | undefined
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    const { status, body } = instead ?? { status: 200, body: JSON.stringify({ keys: published }) }
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    asked: () => asked,
    answerWith: answer => {
      instead = answer
    },
    publish: next => {
      published = next
    },
    keys,
    jwks: () => publicKeys,
    token: (claims = {}, { alg = 'RS256', header = {}, key = keys[alg]!.privateKey } = {}) =>
      new SignJWT({ ...honestClaims(), ...claims })
        .setProtectedHeader({ alg, kid: `key-${alg}`, typ: 'JWT', ...header })
        .sign(key, { crit: { 'x-unknown': true } }),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function honestClaims() {
  const now = Math.floor(Date.now() / 1_000)
  const audience = { iss: ISSUER, aud: AUDIENCE, sub: 'alice@example.org' }
  return { ...audience, iat: now, exp: now + 60, roles: ['analyst'], datasets: ['transactions'] }
}

/** A token put together by hand: what is in it is nobody's business. */
export function forge(header: object, claims: object = {}, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part({ ...honestClaims(), ...claims })}.${signature}`
}
