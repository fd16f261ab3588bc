// A mail server and an HTTP server that keep what alerts they are sent.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { SMTPServer } from 'smtp-server'

export interface Mail {
  to: string[]
  headers: Map<string, string>
  subject: string
  text: string
  /** As it came. */
  raw: string
}

export interface MailSink {
  url: string
  mails: Mail[]
  /** Answers with this code from now on; undefined: takes what comes. */
  refuse(code: number | undefined): void
}

export interface Post {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface HttpSink {
  url: string
  posts: Post[]
  /** To a path, from now on: `hang` never answers. */
  answer(path: string, status: number | 'hang', headers?: Record<string, string>): void
}

export async function startMailSink(t: TestContext, port = 0): Promise<MailSink> {
  const mails: Mail[] = []
  let code: number | undefined
  const server = new SMTPServer({
    ...{ authOptional: true, hideSTARTTLS: true, disableReverseLookup: true, closeTimeout: 100 },
    onData: async (stream, session, callback) => {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      if (code !== undefined) return callback(Object.assign(new Error('not today'), { responseCode: code }))
      mails.push(
        readMail(
          Buffer.concat(chunks).toString(),
          session.envelope.rcptTo.map(({ address }) => address),
        ),
      )
      callback()
    },
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  t.after(() => new Promise<void>(resolve => server.close(resolve)))
  const { port: taken } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${taken}`,
    mails,
    refuse: given => {
      code = given
    },
  }
}

function readMail(raw: string, to: string[]): Mail {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = new Map(lines.map(line => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 2)]))
  const encoding = headers.get('content-transfer-encoding')
  const body = raw.slice(end + 4)
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString()
      : encoding === 'quoted-printable'
        ? fromQuoted(body.replace(/=\r\n/g, ''))
        : body
  const subject = (headers.get('subject') ?? '')
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?utf-8\?q\?(.*?)\?=/gi, (_, word) => fromQuoted(word.replaceAll('_', ' ')))
    .replace(/=\?utf-8\?b\?(.*?)\?=/gi, (_, word) => Buffer.from(word, 'base64').toString())
  return { to, headers, subject, text: text.replaceAll('\r\n', '\n'), raw }
}

function fromQuoted(text: string): string {
  const bytes = text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

export async function startHttpSink(t: TestContext, port = 0): Promise<HttpSink> {
  const posts: Post[] = []
  const answers = new Map<string, { status: number | 'hang'; headers: Record<string, string> }>()
  const hanging = new Set<ServerResponse>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url!
    posts.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString() })
    const { status, headers } = answers.get(path) ?? { status: 204, headers: {} }
    if (status === 'hang') hanging.add(response)
    else response.writeHead(status, headers).end()
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  t.after(
    () =>
      new Promise<void>(resolve => {
        for (const response of hanging) response.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    answer: (path, status, headers = {}) => answers.set(path, { status, headers }),
  }
}
