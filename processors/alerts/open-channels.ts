// The ways out that this process has: a mail server and webhooks, as its settings say.

import type { Channel } from '../../governance/alerts/alert-policy.ts'
import type { Webhooks } from '../../runtime/alert-settings.ts'
import { postSigned, postSlack } from './post-webhook.ts'
import type { SendFailure } from './send-failure.ts'
import type { MailSettings } from './send-mail.ts'
import type { Message } from './write-notice.ts'

export interface Channels {
  /** Why nothing can be sent this way from here, naming the setting; undefined: it can. */
  obstacle(channel: Channel): string | undefined
  /**
   * @param dataset whose steward or owner is meant, where the channel says so
   * @param id the same at each try of a message
   * @returns what failed; undefined: it was taken
   */
  send(channel: Channel, dataset: string | undefined, id: string, message: Message): Promise<SendFailure | undefined>
  /** What is wrong with the mail server; undefined: it answers and lets us in, or none is set. */
  verifyMail(): Promise<SendFailure | undefined>
}

export interface ChannelsDeps {
  /** Undefined: nothing is sent by e-mail. */
  mail: MailSettings | undefined
  webhooks: Webhooks
  /** How long one try may take, ms. */
  timeoutMs: number
  /** Ends all tries: the process stops. */
  stopping?: AbortSignal
  /** The address that a dataset's policy names. */
  addressOf(dataset: string, role: 'steward' | 'owner'): string | undefined
  now: () => number
}

export function openChannels({ mail, webhooks, timeoutMs, stopping, addressOf, now }: ChannelsDeps): Channels {
  // Loaded where it is used: few processes send e-mail.
  const mailer = mail && import('./send-mail.ts').then(({ openMailer }) => openMailer(mail))
  const hookOf = (name: string) => (Object.hasOwn(webhooks, name) ? webhooks[name] : undefined)

  function obstacle({ kind, name }: Channel): string | undefined {
    if (kind === 'email') return mailer ? undefined : 'ECLUSE_SMTP_URL is not set'
    const hook = hookOf(name)
    if (!hook) return `ECLUSE_ALERT_WEBHOOKS names no \`${name}\``
    return kind === 'webhook' && hook.secrets.length === 0
      ? `\`${name}\` in ECLUSE_ALERT_WEBHOOKS has no secret to sign with`
      : undefined
  }

  return {
    obstacle,
    send: async (channel, dataset, id, message) => {
      const { kind, name } = channel
      const missing = obstacle(channel)
      if (missing !== undefined) return { reason: missing, permanent: true }
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(stopping ? [stopping] : [])])
      if (kind !== 'email') {
        const post = kind === 'slack' ? postSlack : postSigned
        return post(hookOf(name)!, message, { id, nowMs: now(), signal })
      }
      const to = name === 'steward' || name === 'owner' ? dataset && addressOf(dataset, name) : name
      if (!to) return { reason: `no policy that is live names the ${name}`, permanent: false }
      return (await mailer!).send(to, id, message, signal)
    },
    verifyMail: async () => (await mailer)?.verify(),
  }
}

/** A channel as it is named where it is stored, and shown. */
export function channelName({ kind, name }: Channel): string {
  return `${kind} ${name}`
}

/** @param name see `channelName` */
export function channelNamed(name: string): Channel {
  const [kind, ...rest] = name.split(' ')
  return { kind: kind as Channel['kind'], name: rest.join(' ') }
}
