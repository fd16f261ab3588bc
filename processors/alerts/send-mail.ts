// Sends messages through a mail server: plain text, one address each. Nothing of what the server says is repeated but
// its codes, since answers quote addresses.

import { createTransport, type NodemailerError } from 'nodemailer'
import { hostOf } from '../../runtime/alert-settings.ts'
import { isLoopback } from '../../runtime/store-url.ts'
import type { SendFailure } from './send-failure.ts'
import type { Message } from './write-notice.ts'

const MAX_RESPONSE_BYTES = 65_536

export interface MailSettings {
  /** `smtp://host:port` or `smtps://host:port`. */
  url: string
  user: string | undefined
  password: string | undefined
  from: string
  /** Whether STARTTLS is asked for beyond loopback; with a password it always is. */
  mustEncrypt: boolean
  timeoutMs: number
}

export interface Mailer {
  /** @param signal ends the try. @returns what failed; undefined: the server has taken it */
  send(to: string, id: string, message: Message, signal: AbortSignal): Promise<SendFailure | undefined>
  /** Connects, says hello and logs in, and no more. */
  verify(): Promise<SendFailure | undefined>
}

export function openMailer({ url, user, password, from, mustEncrypt, timeoutMs }: MailSettings): Mailer {
  const { protocol, port } = new URL(url)
  const host = hostOf(url)
  const secure = protocol === 'smtps:'
  const transport = createTransport({
    ...{ host, secure, ...(port !== '' && { port: Number(port) }) },
    // On loopback nobody listens, and a relay's certificate is seldom one that could be verified.
    ...(!secure && (isLoopback(host) ? { ignoreTLS: true } : { requireTLS: mustEncrypt || user !== undefined })),
    ...(user !== undefined && { auth: { user, pass: password! } }),
    // Each of these bounds one step; a signal, all of them.
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs },
    ...{ maxResponseSize: MAX_RESPONSE_BYTES, socketCloseTimeout: 0 },
    ...{ disableFileAccess: true, disableUrlAccess: true, logger: false },
  })

  return {
    send: (to, id, { subject, text, link }, signal) =>
      failureOf(() =>
        transport.sendMail({
          from: { name: 'Écluse', address: from },
          to: { name: '', address: to },
          subject,
          text: `${text}\n${link === undefined ? '' : `\n${link}\n`}`,
          messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
          // RFC 3834: so that no holiday notice comes back.
          headers: { 'Auto-Submitted': 'auto-generated', 'Ecluse-Delivery': id },
          signal,
        }),
      ),
    verify: () => failureOf(() => transport.verify()),
  }
}

async function failureOf(work: () => Promise<unknown>): Promise<SendFailure | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    const { code = 'unknown', originalCode, command, responseCode, permanent = false } = error as NodemailerError
    if (responseCode !== undefined) return { reason: `it answers ${responseCode} to ${command ?? code}`, permanent }
    if (code === 'EABORT') return { reason: 'it did not answer in time', permanent: false }
    return { reason: `it cannot be used: ${originalCode ?? code}`, permanent: false }
  }
}
