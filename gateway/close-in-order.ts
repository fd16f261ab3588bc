// How the server closes: requests at work are finished, and nobody can hold the process by sending slowly.

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Gateway } from './gateway-deps.ts'
import { hasUnreadBody } from './unread-body.ts'

/** How often connections that serve no request are closed while the server closes, ms. */
const CLOSE_IDLE_MS = 50

/** How long a request's headers may still be arriving once the server closes, ms. */
const HEADERS_MS = 1_000

/**
 * Connections do not outlive their last answer once the server drains or closes.
 * @returns a signal that is aborted once the server was asked to close
 */
export function closeInOrder(app: Gateway, draining?: AbortSignal): AbortSignal {
  const stopping = new AbortController()
  const connections = watchConnections(app)
  app.addHook('onSend', (request, reply, _payload, done) => {
    // What nobody reads of a body may come for ever.
    if (draining?.aborted || stopping.signal.aborted || hasUnreadBody(request.raw)) reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', async () => {
    stopping.abort()
    const untilMs = performance.now() + HEADERS_MS
    const timer = setInterval(() => {
      app.server.closeIdleConnections()
      if (performance.now() > untilMs) connections.closeUnused()
    }, CLOSE_IDLE_MS)
    app.server.once('close', () => clearInterval(timer))
  })
  return stopping.signal
}

/** Node does not count a connection as idle whose next request has begun to arrive. */
function watchConnections(app: Gateway) {
  const open = new Set<Socket>()
  const atWork = new Set<IncomingMessage>()
  app.server.on('connection', socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  app.server.on('request', (request, response) => {
    atWork.add(request)
    response.once('close', () => atWork.delete(request))
  })
  return {
    closeUnused() {
      const used = new Set([...atWork].map(({ socket }) => socket))
      for (const socket of open) if (!used.has(socket)) socket.destroy()
    },
  }
}
