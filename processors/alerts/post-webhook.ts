// Posts a message to a webhook. No redirect is followed, nothing of the answer is read but its status, and neither the
// URL nor the answer is ever repeated.

import type { Webhook } from '../../runtime/alert-settings.ts'
import type { SendFailure } from './send-failure.ts'
import { webhookHeaders } from './sign-webhook.ts'
import type { Message } from './write-notice.ts'

/** Characters of one of Slack's sections. */
const MAX_SECTION = 2_900
/** The longest pause that a receiver may ask for. */
const MAX_PAUSE_S = 900
/** Nobody is there any more. */
const GONE = 410

export interface PostOptions {
  /** Of the delivery. */
  id: string
  nowMs: number
  /** Ends the try. */
  signal: AbortSignal
}

/** Signed JSON, for programs. @returns what failed; undefined: it was taken */
export function postSigned(hook: Webhook, message: Message, options: PostOptions): Promise<SendFailure | undefined> {
  const body = JSON.stringify(message.body)
  const signed = { id: options.id, timestamp: Math.floor(options.nowMs / 1_000), body }
  return post(hook.url, body, webhookHeaders(signed, hook.secrets), options)
}

/** As Slack's incoming webhooks take it, and Mattermost's, and many others'. */
export function postSlack(hook: Webhook, message: Message, options: PostOptions): Promise<SendFailure | undefined> {
  const text = message.link === undefined ? message.text : `${message.text}\n${message.link}`
  const section = { type: 'section', text: { type: 'mrkdwn', text: escaped(text).slice(0, MAX_SECTION) } }
  return post(hook.url, JSON.stringify({ text: escaped(message.subject), blocks: [section] }), {}, options)
}

/** The three characters that Slack gives a meaning. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  { id, signal }: PostOptions,
): Promise<SendFailure | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': 'ecluse', 'ecluse-delivery': id, ...headers },
      body,
      signal,
    })
    await response.body?.cancel().catch(() => {})
    if (response.ok) return undefined
    const pauseMs = pauseOf(response.headers.get('retry-after'))
    const failure = { reason: `it answers ${response.status}`, permanent: response.status === GONE }
    return pauseMs === undefined ? failure : { ...failure, pauseMs }
  } catch (error) {
    const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException }
    if (name === 'TimeoutError' || name === 'AbortError')
      return { reason: 'it did not answer in time', permanent: false }
    return { reason: `it cannot be reached: ${cause?.code ?? name}`, permanent: false }
  }
}

/** RFC 9110, section 10.2.3, in seconds; a date is not worth the trouble. */
function pauseOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null || !/^\d{1,6}$/.test(retryAfter)) return undefined
  return Math.min(Number(retryAfter), MAX_PAUSE_S) * 1_000
}
