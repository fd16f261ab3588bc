// The settings of alerts: the mail server, and the webhooks that policies/alerts.yaml names. Their secrets stand here, and
// in no policy.

import { integer, optional, type Parse, setting } from './parse-setting.ts'
import { isLoopback, refuseSecrets } from './store-url.ts'

/** Where a notice is posted. */
export interface Webhook {
  url: string
  /** Keys of its signature: the newest first, and the one before while a receiver changes over. None: not signed. */
  secrets: Buffer[]
}

export type Webhooks = Record<string, Webhook>

const NAME = /^[a-z][a-z0-9_-]{0,62}$/
const MAX_WEBHOOKS = 50
const MAX_SECRETS = 2
/** Bytes of a signing secret, by Standard Webhooks 1.0.0. */
const SECRET_BYTES = { least: 24, most: 64 }

const smtpUrl: Parse<string | undefined> = value => {
  if (value === '') return undefined
  refuseSecrets(value)
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isBare = url && url.hostname !== '' && ['', '/'].includes(url.pathname) && url.search === ''
  if (!isBare || !['smtp:', 'smtps:'].includes(url.protocol))
    throw new Error('must be smtp://host:port (STARTTLS) or smtps://host:port (TLS from the start)')
  return value
}

const address: Parse<string | undefined> = value => {
  if (value !== '' && !/^[^@\s<>,;:"]+@[^@\s<>,;:"]+$/.test(value)) throw new Error('must be one e-mail address')
  return optional(value)
}

const publicUrl: Parse<string | undefined> = value => {
  if (value === '') return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new Error('must begin with https:// or http://')
  return refuseSecrets(value).replace(/\/+$/, '')
}

/** Whatever is wrong is said without repeating it: a webhook's URL may be a secret by itself. */
const webhooks: Parse<Webhooks | undefined> = value => {
  if (value === '') return undefined
  let given: unknown
  try {
    given = JSON.parse(value)
  } catch {
    throw new Error('must be JSON: {"<name>":{"url":"https://…","secret":"whsec_…"}}')
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new Error('must be an object: {"<name>":{"url":"https://…","secret":"whsec_…"}}')
  const entries = Object.entries(given)
  if (entries.length > MAX_WEBHOOKS) throw new Error(`must name at most ${MAX_WEBHOOKS} webhooks`)
  return Object.fromEntries(entries.map(([name, hook], i) => [nameOf(name, i), readWebhook(name, hook)]))
}

function nameOf(name: string, index: number): string {
  if (NAME.test(name)) return name
  throw new Error(`the name of webhook ${index + 1} must be lower-case letters, digits, _ and -`)
}

function readWebhook(name: string, given: unknown): Webhook {
  const { url, secret, ...others } = Object(given) as Record<string, unknown>
  if (Object.keys(others).length > 0 || typeof url !== 'string' || !['string', 'undefined'].includes(typeof secret))
    throw new Error(`webhook ${name} must be {"url":"https://…","secret":"whsec_…"}; Slack’s needs no secret`)
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !['https:', 'http:'].includes(parsed.protocol) || parsed.username !== '' || parsed.password !== '')
    throw new Error(`the url of webhook ${name} must begin with https:// and hold no user`)
  const texts = secret === undefined ? [] : (secret as string).trim().split(/\s+/)
  if (texts.length > MAX_SECRETS) throw new Error(`webhook ${name} must have at most ${MAX_SECRETS} secrets`)
  return { url, secrets: texts.map(text => readSecret(name, text)) }
}

function readSecret(name: string, text: string): Buffer {
  const base64 = text.replace(/^whsec_/, '')
  const key = Buffer.from(base64, 'base64')
  const isWhole = key.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')
  if (text === base64 || !isWhole || key.length < SECRET_BYTES.least || key.length > SECRET_BYTES.most)
    throw new Error(
      `the secret of webhook ${name} must be whsec_ and then ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes in base64: echo "whsec_$(openssl rand -base64 32)"`,
    )
  return key
}

export const alertSettings = {
  smtpUrl: setting(
    '',
    smtpUrl,
    'mail server that alerts are sent through; none are sent by e-mail where it is not set',
  ),
  smtpUser: setting('', optional, 'user of the mail server'),
  smtpPassword: { ...setting('', optional, 'password of the mail server'), secret: true as const },
  alertFrom: setting('', address, 'address that alerts are sent from'),
  alertWebhooks: {
    ...setting('', webhooks, 'webhooks by the name that policies/alerts.yaml gives them, JSON'),
    secret: true as const,
  },
  publicUrl: setting('', publicUrl, 'where people reach the dashboard: alerts link to it'),
  alertIntervalMs: setting('5000', integer(50, 600_000), 'how often anomalies are looked at for alerts, ms'),
  alertTimeoutMs: setting(
    '15000',
    integer(100, 120_000),
    'how long a mail server or a webhook may take to accept one alert, ms',
  ),
}

/** What these settings allow one by one and not together. */
export function alertContradictions(config: {
  smtpUrl: string | undefined
  smtpUser: string | undefined
  smtpPassword: string | undefined
  alertFrom: string | undefined
}): string[] {
  const problems: string[] = []
  if (config.smtpUrl && !config.alertFrom) problems.push('ECLUSE_ALERT_FROM: must be set too where ECLUSE_SMTP_URL is')
  if ((config.smtpUser === undefined) !== (config.smtpPassword === undefined))
    problems.push('ECLUSE_SMTP_USER and ECLUSE_SMTP_PASSWORD: must be set together')
  return problems
}

/** Webhooks that production refuses: what is posted could be read on its way. */
export function plainWebhooks({ alertWebhooks = {} }: { alertWebhooks?: Webhooks | undefined }): string[] {
  return Object.entries(alertWebhooks)
    .filter(([, { url }]) => new URL(url).protocol === 'http:' && !isLoopback(hostOf(url)))
    .map(([name]) => `ECLUSE_ALERT_WEBHOOKS: ${name}: plain HTTP beyond loopback is refused in production`)
}

/** The host of a URL, IPv6 without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}
