// The cookie that carries a session: read from a request, written to an answer (RFC 6265bis).

import type { FastifyRequest } from 'fastify'
import type { Config } from '../runtime/config.ts'

const NAME = 'ecluse-session'

export interface SessionCookie {
  /** Of this request; undefined where it has none. */
  read(request: FastifyRequest): string | undefined
  /** A `set-cookie` header. */
  write(request: FastifyRequest, value: string, seconds: number): string
  /** One that takes it away. */
  clear(request: FastifyRequest): string
}

/** Over TLS, and always in production, it never travels in the clear, and no other host can set it. */
export function makeSessionCookie({ mode }: Pick<Config, 'mode'>): SessionCookie {
  const isSecure = ({ protocol }: FastifyRequest) => mode === 'production' || protocol === 'https'
  const nameOf = (request: FastifyRequest) => (isSecure(request) ? `__Host-${NAME}` : NAME)

  const write: SessionCookie['write'] = (request, value, seconds) =>
    `${nameOf(request)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure(request) ? '; Secure' : ''}`

  return {
    read: request => {
      const start = `${nameOf(request)}=`
      const parts = request.headers.cookie?.split(/; */) ?? []
      return parts.find(part => part.startsWith(start))?.slice(start.length) || undefined
    },
    write,
    clear: request => write(request, '', 0),
  }
}
