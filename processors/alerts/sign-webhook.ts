// Signs what is posted, as Standard Webhooks 1.0.0 says (https://www.standardwebhooks.com): HMAC-SHA-256 over id, time and
// body, so that a receiver knows who sent it, that it is whole, and that it is not an old one sent again.

import { createHmac } from 'node:crypto'

export interface SignedPost {
  /** The same at each try; without a dot. */
  id: string
  /** Of this try, seconds since the epoch. */
  timestamp: number
  /** The very bytes that are sent. */
  body: string
}

/** @param secrets one signature by each: a receiver that changes over knows one of them */
export function webhookHeaders({ id, timestamp, body }: SignedPost, secrets: Buffer[]): Record<string, string> {
  const signatures = secrets.map(
    secret => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  )
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}
